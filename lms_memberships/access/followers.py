"""What happens to a fence when pages are copied, aliased, translated or moved, or when somebody edits its rows?"""

from functools import partial
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import models, transaction
from django.db.models.signals import m2m_changed, post_delete, post_save
from wagtail.models import PageLogEntry, PageViewRestriction
from wagtail.signals import post_page_move

from ..memberships.models import Membership
from . import fence
from .targets import page_model
from .words import PageOrAlias

#: Wagtail has no signal for these, but notes each of them down for every new page.
ACTIONS_THAT_MULTIPLY = frozenset(
    {"wagtail.copy", "wagtail.create_alias", "wagtail.copy_for_translation", "wagtail.convert_alias"}
)


def connect() -> None:
    """Listen to Wagtail's page tree and to the rows that the fence consists of."""
    uid = "lms_memberships.fence.{}".format
    post_save.connect(_noted, sender=PageLogEntry, dispatch_uid=uid("noted"))
    post_page_move.connect(_moved, dispatch_uid=uid("moved"))
    for number, signal in enumerate((post_save, post_delete)):
        signal.connect(_restriction_written, sender=PageViewRestriction, dispatch_uid=uid(f"restriction.{number}"))
    m2m_changed.connect(_groups_set, sender=PageViewRestriction.groups.through, dispatch_uid=uid("groups"))
    m2m_changed.connect(_keep_empty, sender=get_user_model().groups.through, dispatch_uid=uid("empty"))
    post_delete.connect(_membership_deleted, sender=Membership, dispatch_uid=uid("membership"))


def follow_copy(page: PageOrAlias, source: PageOrAlias) -> None:
    """A copy holds members' content, but no membership holds the copy: closed until somebody opens it."""
    if fence.is_covered(source) and not fence.is_covered(page):
        fence.close_stray(page)


def _noted(sender: type[models.Model], instance: PageLogEntry, **kwargs: object) -> None:
    if instance.action not in ACTIONS_THAT_MULTIPLY:
        return
    page = page_model().objects.filter(pk=instance.page_id).first()
    if page is None:
        return
    if fence.should_stand_around(page.pk):
        fence.raise_around(page)
    elif fence.has_own_fence(page):
        # An alias that became a page of its own.
        fence.turn_into_stray(page)
    else:
        _follow_from_section(page, (instance.data or {}).get("source"))


def _follow_from_section(page: PageOrAlias, source: dict | None) -> None:
    # Wagtail notes the section that it was copied from, not the page.
    section = page_model().objects.filter(pk=source["id"]).first() if source else None
    if section is not None:
        follow_copy(page, section)


def _moved(
    sender: type[models.Model], instance: models.Model, parent_page_before: PageOrAlias, **kwargs: object
) -> None:
    page = page_model().objects.get(pk=instance.pk)
    if fence.is_covered(page):
        fence.let_in_stray(page)
    elif fence.should_stand_around(page.pk):
        fence.raise_around(page)
    else:
        follow_copy(page, parent_page_before)


def _restriction_written(sender: type[models.Model], instance: PageViewRestriction, **kwargs: object) -> None:
    # After commit: during the deletion of a page its restrictions go first, and must not come back.
    transaction.on_commit(partial(_mend, instance.page_id), robust=True)


def _mend(page_id: int) -> None:
    page = page_model().objects.filter(pk=page_id).first()
    if page is not None and fence.should_stand_around(page_id):
        fence.raise_around(page)


def _groups_set(
    sender: type[models.Model],
    instance: PageViewRestriction,
    *,
    action: str,
    reverse: bool,
    pk_set: set,
    **kwargs: object,
) -> None:
    # Wagtail copies a page's own restrictions to its copy, which no membership holds.
    if action != "post_add" or reverse or not Group.objects.filter(pk__in=pk_set, name=fence.FENCE).exists():
        return
    if not fence.should_stand_around(instance.page_id):
        fence.turn_into_stray(instance.page)


def _keep_empty(
    sender: type[models.Model], instance: Any, *, action: str, reverse: bool, pk_set: set, **kwargs: object
) -> None:
    # Whoever got into these groups would see every membership's pages in the API for good.
    if action != "pre_add":
        return
    if reverse:
        if instance.name in fence.GROUP_NAMES:
            pk_set.clear()
        return
    pk_set.difference_update(
        Group.objects.filter(pk__in=pk_set, name__in=fence.GROUP_NAMES).values_list("pk", flat=True)
    )


def _membership_deleted(sender: type[models.Model], instance: Membership, **kwargs: object) -> None:
    transaction.on_commit(fence.refresh, robust=True)
