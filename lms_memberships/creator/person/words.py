"""What does a subscription say to a creator? Its state, the next date and amount, and what somebody has to look at."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ...payments.gateway import SubscriptionStatus
from ...subscriptions import amounts, disputed
from ...subscriptions.models import Subscription
from ...subscriptions.queries import DOUBLE, NO_PLACE, UNKNOWN_PRICE
from ...subscriptions.told import OVER
from .dates import day

Words = tuple[str | Promise, str | Promise]

#: Label and sentence. No colour says what the label does not.
WORDS: dict[str, Words] = {
    "returned": (_("Returned"), _("It was paid when no place was left, and is given back.")),
    "double": (_("Bought twice"), _("The same membership was bought before: this one is cancelled and refunded.")),
    "revoking": (_("Revoked"), _("Access is closed since %(revoked)s. Stripe has not confirmed yet that it is over.")),
    "revoked": (_("Revoked"), _("Access is closed since %(revoked)s.")),
    "disputed": (
        pgettext_lazy("membership", "Disputed"),
        _("Whoever paid has gone to their bank. Access is closed since %(suspended)s, until the bank has decided."),
    ),
    "dispute_lost": (
        _("Dispute lost"),
        _(
            "The bank decided for whoever paid, and the money went back. Access is closed since %(suspended)s, and stays so."
        ),
    ),
    "given": (_("Given"), _("Open for good, until somebody ends it.")),
    "given_for_a_while": (_("Given"), _("Open until %(until)s.")),
    "paid_off": (_("Paid off"), _("All instalments are paid: open for good.")),
    "for_good": (_("Paid once"), _("Open for good.")),
    "gift": (pgettext_lazy("membership", "Gift"), _("Open until %(until)s.")),
    "gift_later": (pgettext_lazy("membership", "Gift"), _("Begins on %(began)s and is open until %(until)s.")),
    "ended": (_("Ended"), _("Ended on %(ended)s.")),
    "ending": (_("Ends"), _("Cancelled: open until %(until)s, and nothing more is charged.")),
    "trial_with_card": (_("Free trial"), _("Until %(trial_end)s; then %(price)s is charged.")),
    "trial_without_card": (_("Free trial"), _("Until %(trial_end)s; without a card it ends then.")),
    "renewing": (_("Active"), _("Next payment: %(price)s on %(period_end)s.")),
    "payments_paused": (_("Payments paused"), _("It stays open, and nothing is charged at the moment.")),
    "running_out": (_("Payments paused"), _("Open until %(until)s; nothing is charged.")),
    "price_unknown": (_("Being checked"), _("Open until %(until)s. What is paid next is not known here.")),
    "price_unknown_closed": (_("Being checked"), _("Closed since %(until)s. What is paid next is not known here.")),
    "waiting": (_("Waiting"), _("The first payment has not arrived: nothing is open yet.")),
    "failing": (_("Payment failed"), _("Not paid: %(price)s. Open until %(until)s.")),
    "locked": (_("Payment failed"), _("Not paid: %(price)s. Access is closed since %(until)s.")),
    "paused": (_("Paused"), _("Nothing is charged, and nothing is open.")),
    "never_paid": (_("Never paid"), _("The first payment never came.")),
}
LESS = _("%(price)s, less a discount or credit")
FLAGS: dict[str, str | Promise] = {
    UNKNOWN_PRICE: _("It pays a price that its membership does not have. Look at it in Stripe."),
    NO_PLACE: _("It was paid when no place was left."),
}


@dataclass(frozen=True)
class State:
    """As it is shown. ``situation`` is the key of the words."""

    situation: str
    label: str
    sentence: str
    flag: str


def state_of(subscription: Subscription, *, now: datetime, language: str, twice: str = "") -> State:
    """Asks nothing of the database, with the membership and price loaded. ``twice``: what its mark as a double says now."""
    situation = situation_of(subscription, now)
    label, sentence = WORDS[situation]
    names = {
        "price": next_price(subscription, language),
        "revoked": day(subscription.revoked_at),
        "suspended": day(subscription.suspended_at),
        "until": day(subscription.access_until or subscription.cancel_at),
        "began": day(subscription.started_at),
        "ended": day(subscription.ended_at or subscription.access_until or subscription.period_end),
        "trial_end": day(subscription.trial_end),
        "period_end": day(subscription.period_end),
    }
    flag = twice if subscription.flag == DOUBLE else FLAGS.get(subscription.flag, subscription.flag)
    return State(situation, str(label), str(sentence) % names, str(flag))


def next_price(subscription: Subscription, language: str) -> str:
    """What is paid next, as the student's own page has it. Only Stripe knows how much is taken off."""
    is_trial = subscription.status == SubscriptionStatus.TRIALING
    at = subscription.trial_end if is_trial else subscription.period_end
    amount = amounts.next_of(subscription, at, language)
    return str(LESS) % {"price": amount.price} if amount.is_reduced else amount.price


def situation_of(subscription: Subscription, now: datetime) -> str:
    """The first rule that holds."""
    return next(situation for situation, holds in RULES if holds(subscription, now))


def _is_given(row: Subscription) -> bool:
    return row.origin == Subscription.Origin.GIVEN


def _is_gift(row: Subscription) -> bool:
    return row.origin == Subscription.Origin.GIFT and row.status not in OVER


def _failed(row: Subscription) -> bool:
    return row.status in {SubscriptionStatus.PAST_DUE, SubscriptionStatus.UNPAID}


def _ends(row: Subscription, now: datetime) -> bool:
    return row.cancel_at is not None and row.is_live(now) and not _failed(row)


Rule = Callable[[Subscription, datetime], bool]
#: In this order.
RULES: tuple[tuple[str, Rule], ...] = (
    ("returned", lambda row, now: row.has_no_place),
    ("double", lambda row, now: row.duplicate_of_id is not None),
    # Of what does not renew nothing at Stripe is left to end.
    ("revoking", lambda row, now: row.revoked_at is not None and row.is_recurring and row.status not in OVER),
    ("revoked", lambda row, now: row.revoked_at is not None),
    ("dispute_lost", lambda row, now: disputed.is_lost(row)),
    ("disputed", lambda row, now: row.suspended_at is not None),
    ("given", lambda row, now: _is_given(row) and row.is_for_good),
    ("given_for_a_while", lambda row, now: _is_given(row) and row.is_live(now)),
    ("ended", lambda row, now: _is_given(row)),
    ("paid_off", lambda row, now: row.is_for_good and row.paid_up_at is not None),
    ("for_good", lambda row, now: row.is_for_good),
    ("never_paid", lambda row, now: row.status == SubscriptionStatus.INCOMPLETE_EXPIRED),
    ("ended", lambda row, now: row.status == SubscriptionStatus.CANCELED),
    ("gift_later", lambda row, now: _is_gift(row) and row.started_at > now),
    ("gift", lambda row, now: _is_gift(row) and row.is_live(now)),
    ("ended", lambda row, now: _is_gift(row)),
    ("ending", _ends),
    # With a payment missing, an end that is planned is not there yet: paid before it, it opens again.
    ("ended", lambda row, now: row.cancel_at is not None and not (_failed(row) and row.cancel_at > now)),
    ("waiting", lambda row, now: row.status == SubscriptionStatus.INCOMPLETE),
    ("failing", lambda row, now: _failed(row) and row.is_live(now)),
    ("locked", lambda row, now: _failed(row)),
    ("paused", lambda row, now: row.status == SubscriptionStatus.PAUSED),
    ("trial_with_card", lambda row, now: row.status == SubscriptionStatus.TRIALING and row.has_card),
    ("trial_without_card", lambda row, now: row.status == SubscriptionStatus.TRIALING),
    ("waiting", lambda row, now: row.opened_at is None),
    ("price_unknown", lambda row, now: row.flag == UNKNOWN_PRICE and row.is_live(now)),
    ("price_unknown_closed", lambda row, now: row.flag == UNKNOWN_PRICE),
    ("running_out", lambda row, now: row.void_from is not None and row.is_live(now)),
    ("paused", lambda row, now: row.void_from is not None),
    ("payments_paused", lambda row, now: bool(row.collection_paused)),
    ("renewing", lambda row, now: True),
)
