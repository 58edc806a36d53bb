"""May this be deleted in the Wagtail admin? Not while somebody's purchase hangs on it; said in words (G16)."""

from collections.abc import Iterable

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models
from django.db.models.deletion import Collector, ProtectedError
from django.utils.translation import gettext as _

from ..bundles.uses import items_within
from ..errors import Refusal
from ..memberships.models import Membership

OURS = Membership._meta.app_label


def refuse_what_is_kept(things: Iterable[models.Model]) -> None:
    """Raise for the first that the database would refuse, before a form is shown or anything is touched."""
    for thing in things:
        if isinstance(thing, AbstractBaseUser):
            _refuse_a_buyer(thing)
        elif isinstance(thing, Membership):
            _refuse_what_was_on_sale(thing)
        else:
            _refuse_what_is_bundled(thing)


def _refuse_a_buyer(user: AbstractBaseUser) -> None:
    if _is_protected(user):
        words = _(
            "'%(name)s' has bought something, and deleting the user would not stop what Stripe charges. "
            "Run the command “memberships_erase %(name)s”: it ends the subscriptions at Stripe first. "
            "To only keep them from signing in, take away “Active” instead."
        )
        raise Refusal(words % {"name": user.get_username()})


def _refuse_what_was_on_sale(membership: Membership) -> None:
    if _is_protected(membership):
        words = _(
            "'%(title)s' has been on sale, so it cannot be deleted: what people bought, and at what price, is kept. "
            "Unpublish it instead: nobody can buy it any more, and whoever has it keeps it."
        )
        raise Refusal(words % {"title": membership.title})


def _refuse_what_is_bundled(thing: models.Model) -> None:
    items = items_within(thing).filter(bundle_items__isnull=False).distinct()
    first = items.first()
    if first is None:
        return
    sellers = Membership.objects.filter(bundle_items__item__in=items).distinct().order_by("title")
    words = _(
        "'%(title)s' cannot be deleted: '%(item)s' is part of %(memberships)s. "
        "Unpublish it instead, or take it out of these memberships first; then whoever bought them loses it."
    )
    titles = ", ".join(f"'{title}'" for title in sellers.values_list("title", flat=True))
    raise Refusal(words % {"title": thing, "item": first.title, "memberships": titles})


def _is_protected(thing: models.Model) -> bool:
    """Asked of Django itself, so that no foreign key of ours is forgotten here."""
    try:
        Collector(using=thing._state.db or "default").collect([thing])
    except ProtectedError as protected:
        return any(row._meta.app_label == OURS for row in protected.protected_objects)
    return False
