"""How do staff give somebody a membership, and end what was given? Each gift of theirs is by itself (N8, X2, G22)."""

from datetime import datetime

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from .. import events
from ..errors import Refusal
from ..memberships.models import Membership
from ..payments.gateway import SubscriptionStatus
from ..retrying import retried
from . import deeds, duplicates, giving, people, places, tombstones
from .deed_models import Deed
from .models import Subscription
from .told import save_and_tell


class EndIsOver(Refusal):
    message = _("This day is over. Choose a later one, or none at all.")


class NoPlaceToGive(Refusal):
    message = _("No place is left in this membership. Raise its limit first, or end somebody's access.")


class AccountIsGone(Refusal):
    message = _("This account was deleted: nothing can be done for it any more.")


class NotGiven(Refusal):
    """What was bought is cancelled; only what was given is simply ended."""

    message = _("This was not given: it can be cancelled, or its access revoked.")


@retried
def give(user_id: int, membership: Membership, *, until: datetime | None, wish: deeds.Wish, now: datetime) -> Deed:
    """Open it for them until then, or for good. Raises EndIsOver, NoPlaceToGive, AccountIsGone, ReasonMissing."""
    if until is not None and until <= now:
        raise EndIsOver
    with transaction.atomic():
        people.lock_person(user_id)
        user = get_user_model()._base_manager.get(pk=user_id)
        if tombstones.is_forgotten(user):
            raise AccountIsGone
        deed, is_new = deeds.note(Deed.Kind.GAVE, user_id, wish, now=now, until=until)
        if not is_new:
            if deed.subscription is None or deed.subscription.membership_id != membership.pk:
                raise deeds.SentAlready
            return deed
        try:
            deed.subscription = giving.give(user, membership, until=until, language="", now=now)
        except places.Full:
            raise NoPlaceToGive from None
        deed.save(update_fields=["subscription"])
        deeds.settle(deed, now=now)
    return deed


@retried
def take_back(subscription: Subscription, *, wish: deeds.Wish, now: datetime) -> Deed:
    """End what was given, now. Whatever else they hold stays as it is. Raises NotGiven, ReasonMissing."""
    with transaction.atomic():
        row, holdings = people.hold(subscription.pk, subscription.user_id)
        if row.origin != Subscription.Origin.GIVEN:
            raise NotGiven
        deed, is_new = deeds.note(Deed.Kind.TOOK_BACK, row.user_id, wish, now=now, subscription=row)
        if is_new and row.is_live(now):
            row.status, row.ended_at = SubscriptionStatus.CANCELED, now
            row.access_until, row.is_open_told = now, False
            is_open_still = duplicates.Others(row, holdings).give_access(now)
            save_and_tell(row, [] if is_open_still else [events.AccessLost])
        deeds.settle(deed, now=now)
    return deed
