"""Which rows of a queryset may this person see? For searches, listings and APIs of a site's own, before they cut pages."""

from collections.abc import Iterable
from datetime import datetime
from functools import reduce
from operator import or_
from typing import TypeVar

from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Q
from wagtail.models import PageViewRestriction
from wagtail.permission_policies.pages import PagePermissionPolicy

from .. import conf
from ..bundles.models import Item
from ..bundles.registry import type_of
from . import editing, fence, policy
from .targets import page_model
from .words import PageOrAlias, Person

Rows = TypeVar("Rows", bound=models.QuerySet)


def visible_to(queryset: Rows, user: Person, *, now: datetime) -> Rows:
    """The rows of pages, or of things of a registered kind, that ``decide`` would open. A handful of queries.

    What other privacy settings of Wagtail's close is left out too, as ``.public()`` does.
    Raises TypeError for a model of no registered kind: nobody knows what of it is closed.
    """
    if user.is_superuser and user.is_active:
        return queryset
    is_locked_out = conf.REQUIRE_MEMBERSHIP and not policy.holds_anything(user, now=now)
    if issubclass(queryset.model, page_model()):
        return _pages(queryset, user, now=now, is_locked_out=is_locked_out)
    return _things(queryset, user, now=now, is_locked_out=is_locked_out)


def _pages(queryset: Rows, user: Person, *, now: datetime, is_locked_out: bool) -> Rows:
    roots = list(_roots())
    open_roots = policy.items_open_to(user, roots, now=now)
    closed = _any(Q(path__startswith=root.path) for root in roots) | _closed_by_others(roots)
    # Whoever holds a section has all of it, also what another membership fences inside it. An alias opens itself.
    opened = _any(Q(path=root.path) if root.alias_of_id else Q(path__startswith=root.path) for root in open_roots)
    seen = opened & ~_closed_by_others(roots)
    if not is_locked_out:
        seen |= ~closed
    return queryset.filter(seen | Q(pk__in=_edited_pages(user)))


def _roots() -> models.QuerySet:
    ours = PageViewRestriction.objects.filter(groups__name__in=fence.GROUP_NAMES).order_by()
    return page_model().objects.filter(pk__in=ours.values("page")).select_related("alias_of").order_by("path")


def _closed_by_others(roots: list[PageOrAlias]) -> Q:
    theirs = PageViewRestriction.objects.exclude(page__in=[root.pk for root in roots])
    own = PageViewRestriction.objects.filter(page__in=[root.pk for root in roots])
    others = [*theirs, *own.exclude(groups__name__in=fence.GROUP_NAMES)]
    paths = page_model().objects.filter(pk__in=[one.page_id for one in others]).values_list("path", flat=True)
    return _any(Q(path__startswith=path) for path in paths)


def _things(queryset: Rows, user: Person, *, now: datetime, is_locked_out: bool) -> Rows:
    item_type = type_of(queryset.model)
    if item_type is None:
        msg = f"{queryset.model.__name__} is of no registered kind: register it, or ask for its pages instead"
        raise TypeError(msg)
    content_type = ContentType.objects.get_for_model(item_type.model, for_concrete_model=False)
    if _may_edit_all(user, item_type.model):
        return queryset
    items = list(Item.objects.filter(content_type=content_type).order_by())
    open_items = policy.items_open_to(user, items, now=now)
    if is_locked_out:
        return queryset.filter(pk__in=[item.object_id for item in open_items])
    return queryset.exclude(pk__in=[item.object_id for item in items if item not in open_items])


def _edited_pages(user: Person) -> models.QuerySet:
    if not user.is_authenticated:
        return page_model().objects.none()
    return PagePermissionPolicy().instances_user_has_permission_for(user, "change").order_by().values("pk")


def _may_edit_all(user: Person, model: type[models.Model]) -> bool:
    return user.is_authenticated and editing.may_edit(user, model())


def _any(conditions: Iterable[Q]) -> Q:
    return reduce(or_, conditions, Q(pk__in=[]))
