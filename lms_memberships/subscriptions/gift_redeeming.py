"""May this person redeem this gift? Once, by whoever holds the link, as long as nobody gave its money back (X15)."""

from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from .. import events, killpoints
from ..errors import Refusal
from ..retrying import retried
from . import disputed, gift_turns, holding, people, waiting
from .gift_models import Gift
from .gift_refunding import locked
from .models import Subscription

State = Gift.State


class NotToBeHad(Refusal):
    """Redeemed before, given back, too late. The message says which."""


class IsTheirsAlready(Refusal):
    """For good, or being paid off: time cannot be added to that."""

    message = _(
        "You have “%(title)s” for good, or are paying it off, so this gift would add nothing. "
        "It stays as it is: you can give its link to somebody else."
    )


WHY_NOT: dict[str, str | Promise] = {
    State.REDEEMED: _("This gift was redeemed already. Each gift can be redeemed once."),
    State.REFUNDING: _("This gift was taken back, and its money was returned to whoever bought it."),
    State.REFUNDED: _("This gift was taken back, and its money was returned to whoever bought it."),
    State.EXPIRED: pgettext_lazy("gift", "The time in which this gift could be redeemed is over."),
    State.PENDING: _("This gift is not paid yet: the bank is still confirming the payment."),
    State.PLANNED: _("This gift was not paid."),
    State.ABANDONED: _("This gift was not paid."),
}

DISPUTED = _("The payment for this gift is disputed at the bank. It can be redeemed if the seller is proved right.")


def why_not(gift: Gift, *, now: datetime) -> str:
    """Why nobody can redeem it at that moment. Empty: somebody can."""
    if gift.is_over(now):
        return str(WHY_NOT[State.EXPIRED])
    if not gift.is_redeemable:
        return str(WHY_NOT[gift.state])
    return str(DISPUTED) if disputed.closing(gift).exists() else ""


@retried
def redeem(user: AbstractBaseUser, gift: Gift, *, now: datetime) -> Gift:
    """It is theirs from now on, or from the end of what they hold. Raises NotToBeHad, IsTheirsAlready, RequiresAnother.

    Lock order: person, Subscription, Gift. Of two who press at the same moment, the second finds it redeemed.
    """
    with transaction.atomic():
        people.lock_person(user.pk)
        rows = people.holdings(user.pk)
        killpoints.reach("gift.redeeming")
        row = locked(gift.pk)
        if reason := why_not(row, now=now):
            raise NotToBeHad(reason)
        holding.refuse_without_required(user, row.membership, now=now)
        _refuse_what_is_theirs(rows, row, now)
        row.state, row.user_id, row.redeemed_at = State.REDEEMED, user.pk, now
        row.save(update_fields=["state", "user", "redeemed_at"])
        # Whoever is in waits no longer.
        waiting.strike_off(user.pk, row.membership_id)
        gift_turns.arrange(user.pk, row.membership_id, now=now)
        events.publish(events.GiftRedeemed(gift_id=row.pk))
        row.refresh_from_db()
    return row


def _refuse_what_is_theirs(rows: list[Subscription], gift: Gift, now: datetime) -> None:
    for held in rows:
        is_paid_off_soon = held.price is not None and held.price.instalments > 0 and held.is_held(now)
        if held.membership_id == gift.membership_id and held.is_live(now) and (held.is_for_good or is_paid_off_soon):
            raise IsTheirsAlready(str(IsTheirsAlready.message) % {"title": gift.membership.title})
