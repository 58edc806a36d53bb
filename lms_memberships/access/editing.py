"""May this person edit that very thing (S48)? Asked only after a no, and only of people who may be staff."""

from collections.abc import Iterable
from typing import TypeVar

from django.contrib.auth import get_permission_codename
from django.contrib.contenttypes.models import ContentType
from django.db import models
from wagtail.permission_policies.pages import PagePermissionPolicy

from ..bundles.models import Item
from .targets import page_model
from .words import PageOrAlias, Person

Thing = TypeVar("Thing", bound=models.Model)


def may_edit(user: Person, thing: models.Model) -> bool:
    """Wagtail's right to change that page; for other things the right to change their model."""
    page = _page_of(thing)
    if page is not None:
        return PagePermissionPolicy().user_has_permission_for_instance(user, "change", page)
    return user.has_perm(_change_permission(thing))


def editable(user: Person, things: Iterable[Thing]) -> set[Thing]:
    """Those of many that they may edit. Wagtail and Django keep a person's rights, so this is not a query each."""
    return {thing for thing in things if may_edit(user, thing)}


def _page_of(thing: models.Model) -> PageOrAlias | None:
    if isinstance(thing, page_model()):
        return thing
    return thing.page if isinstance(thing, Item) and thing.page_id else None


def _change_permission(thing: models.Model) -> str:
    if isinstance(thing, Item):
        content_type = ContentType.objects.get_for_id(thing.content_type_id)
        return f"{content_type.app_label}.change_{content_type.model}"
    meta = thing._meta
    return f"{meta.app_label}.{get_permission_codename('change', meta)}"
