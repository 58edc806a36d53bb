"""Where does a subscription stand, in words? A label, a sentence with the next date and amount, and what can be done."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext_lazy

from ..bundles.languages import in_language
from ..bundles.models import Item
from ..memberships.pricing import price_text
from ..payments.gateway import SubscriptionStatus
from ..subscriptions import instalments, switching
from ..subscriptions.change_models import TierChange
from ..subscriptions.models import Invoice, Subscription
from . import tier_words
from .dates import day
from .repricing import change_of


class Situation(StrEnum):
    """What a person would say about it; finer than Stripe's status, coarser than our columns."""

    FOR_GOOD = "for_good"
    GIVEN = "given"
    GIVEN_FOR_A_WHILE = "given_for_a_while"
    PAID_OFF = "paid_off"
    TRIAL_WITH_CARD = "trial_with_card"
    TRIAL_WITHOUT_CARD = "trial_without_card"
    RENEWING = "renewing"
    ENDING = "ending"
    FAILING = "failing"
    LOCKED = "locked"
    WAITING = "waiting"
    PAUSED = "paused"
    ENDED = "ended"
    RETURNED = "returned"
    GIFT = "gift"
    GIFT_LATER = "gift_later"


@dataclass(frozen=True)
class Words:
    """How a situation is shown. ``tone`` is a colour's name, and never the only sign of a state."""

    label: str | Promise
    sentence: str | Promise
    tone: str


WORDS: dict[Situation, Words] = {
    Situation.FOR_GOOD: Words(_("Yours"), _("Paid once. It stays open."), "good"),
    Situation.GIVEN: Words(_("Yours"), _("It was given to you. It stays open, and nothing is charged."), "good"),
    Situation.GIVEN_FOR_A_WHILE: Words(
        _("Given to you"), _("It is open for you until %(until)s. Nothing is charged."), "good"
    ),
    Situation.PAID_OFF: Words(
        _("Yours"), _("All %(all)s instalments are paid. It stays open, and nothing more is charged."), "good"
    ),
    Situation.TRIAL_WITH_CARD: Words(
        _("Free trial"),
        _("Your trial ends on %(trial_end)s. Then you pay %(price)s, unless you cancel before."),
        "good",
    ),
    Situation.TRIAL_WITHOUT_CARD: Words(
        _("Free trial"), _("Your trial ends on %(trial_end)s. Access then closes; nothing is charged."), "good"
    ),
    Situation.RENEWING: Words(
        pgettext_lazy("membership", "Active"), _("Next payment on %(period_end)s: %(price)s."), "good"
    ),
    Situation.ENDING: Words(
        pgettext_lazy("membership", "Cancelled"),
        _("You keep access until %(until)s. Nothing more is charged."),
        "warning",
    ),
    Situation.FAILING: Words(
        _("Payment failed"), _("Your last payment failed. You keep access until %(until)s; please pay before."), "bad"
    ),
    Situation.LOCKED: Words(
        _("Payment failed"), _("Access is closed because your last payment failed. It opens again once you pay."), "bad"
    ),
    Situation.WAITING: Words(
        _("Waiting"), _("Your first payment has not been confirmed yet. Access opens as soon as it is."), "warning"
    ),
    Situation.PAUSED: Words(_("Paused"), _("Nothing is charged, and access is closed."), "warning"),
    Situation.RETURNED: Words(
        _("No place left"),
        _("You paid after the last place had gone. It was cancelled, and whatever you paid is returned to you."),
        "bad",
    ),
    Situation.GIFT: Words(
        pgettext_lazy("membership", "Gift"),
        _("It was given to you, and is open until %(until)s. Nothing renews, and nothing is charged."),
        "good",
    ),
    Situation.GIFT_LATER: Words(
        pgettext_lazy("membership", "Gift"),
        _("Your gift begins on %(began)s and is open until %(until)s. Nothing renews, and nothing is charged."),
        "good",
    ),
    Situation.ENDED: Words(_("Ended"), _("It ended on %(ended)s. Your progress is kept."), "quiet"),
}

#: Those in which instalments are still asked for.
PAYING = frozenset({Situation.TRIAL_WITH_CARD, Situation.RENEWING, Situation.FAILING, Situation.LOCKED})
#: Those in which there is something left to cancel.
CANCELLABLE = frozenset(
    {Situation.TRIAL_WITH_CARD, Situation.TRIAL_WITHOUT_CARD, Situation.RENEWING, Situation.FAILING, Situation.LOCKED}
)
#: Those in which it can become another tier.
SWITCHABLE = frozenset({Situation.TRIAL_WITH_CARD, Situation.TRIAL_WITHOUT_CARD, Situation.RENEWING})
PAYABLE = frozenset({Situation.FAILING, Situation.LOCKED})


def _trialing(subscription: Subscription, now: datetime) -> Situation:
    return Situation.TRIAL_WITH_CARD if subscription.has_card else Situation.TRIAL_WITHOUT_CARD


def _failing(subscription: Subscription, now: datetime) -> Situation:
    return Situation.FAILING if subscription.is_live(now) else Situation.LOCKED


def _given(subscription: Subscription, now: datetime) -> Situation:
    if subscription.is_for_good:
        return Situation.GIVEN
    return Situation.GIVEN_FOR_A_WHILE if subscription.is_live(now) else Situation.ENDED


def _always(situation: Situation) -> Callable[[Subscription, datetime], Situation]:
    return lambda subscription, now: situation


BY_STATUS: dict[SubscriptionStatus, Callable[[Subscription, datetime], Situation]] = {
    SubscriptionStatus.TRIALING: _trialing,
    SubscriptionStatus.ACTIVE: lambda subscription, now: (
        Situation.RENEWING if subscription.opened_at else Situation.WAITING
    ),
    SubscriptionStatus.PAST_DUE: _failing,
    SubscriptionStatus.UNPAID: _failing,
    SubscriptionStatus.INCOMPLETE: _always(Situation.WAITING),
    SubscriptionStatus.INCOMPLETE_EXPIRED: _always(Situation.ENDED),
    SubscriptionStatus.PAUSED: _always(Situation.PAUSED),
    SubscriptionStatus.CANCELED: _always(Situation.ENDED),
}


@dataclass(frozen=True)
class Standing:
    """One subscription as the account page shows it."""

    subscription: Subscription
    situation: Situation
    label: str
    sentence: str
    tone: str
    price: str
    #: How many instalments are paid, and when the last one is due; empty if it is not paid in instalments.
    instalments: str
    items: tuple[Item, ...]
    #: From when another price is paid; empty: none is planned.
    new_price: str
    #: What to pay to mend a failed payment; None when there is nothing.
    invoice_to_pay: Invoice | None
    #: Asked for, and not come true yet; and what it says of that.
    change: TierChange | None
    change_text: str

    @property
    def is_current(self) -> bool:
        return self.situation not in {Situation.ENDED, Situation.RETURNED}

    @property
    def can_cancel(self) -> bool:
        return self.subscription.is_recurring and self.situation in CANCELLABLE

    @property
    def ends_at_once(self) -> bool:
        """Cancelling while a payment is missing ends it now: nobody paid for this period."""
        return self.situation in PAYABLE

    @property
    def can_resume(self) -> bool:
        return self.situation is Situation.ENDING

    @property
    def can_switch(self) -> bool:
        """Whether there is another tier or rhythm to look at; that page says what has to be done first."""
        if self.change is not None or self.situation not in SWITCHABLE:
            return False
        return switching.tier_of(self.subscription) is not None or switching.has_other_rhythms(self.subscription)


def situation_of(subscription: Subscription, now: datetime) -> Situation:
    """Which of the situations it is in at that moment."""
    status = SubscriptionStatus(subscription.status)
    if subscription.has_no_place:
        return Situation.RETURNED
    if subscription.origin == Subscription.Origin.GIVEN:
        return _given(subscription, now)
    if subscription.is_for_good:
        return Situation.PAID_OFF if subscription.paid_up_at else Situation.FOR_GOOD
    if status is SubscriptionStatus.CANCELED:
        return Situation.ENDED
    if subscription.origin == Subscription.Origin.GIFT:
        if not subscription.is_live(now):
            return Situation.ENDED
        return Situation.GIFT_LATER if subscription.started_at > now else Situation.GIFT
    if subscription.cancel_at is not None:
        return Situation.ENDING if subscription.is_live(now) else Situation.ENDED
    return BY_STATUS[status](subscription, now)


def standing(subscription: Subscription, *, now: datetime, language: str) -> Standing:
    """Prefetch ``contents``, ``kept``, ``invoices``, ``running_changes()`` and ``with_change()``: then this asks nothing."""
    situation = situation_of(subscription, now)
    words = WORDS[situation]
    price = price_text(subscription.money, subscription.interval, language) if subscription.interval else ""
    dates = {
        "trial_end": subscription.trial_end,
        "period_end": subscription.period_end,
        "until": subscription.access_until or subscription.cancel_at,
        "began": subscription.started_at + timedelta(microseconds=1),
        "ended": subscription.ended_at or subscription.cancel_at or subscription.period_end,
    }
    change = tier_words.running_of(subscription)
    is_planned = change is not None and change.state == TierChange.State.PLANNED and situation in SWITCHABLE
    named = {name: day(moment, language) for name, moment in dates.items()}
    return Standing(
        subscription=subscription,
        situation=situation,
        label=str(words.label),
        sentence=""
        if is_planned
        else str(words.sentence) % {**named, "price": price, "all": instalments.wanted(subscription)},
        tone=words.tone,
        price=price,
        instalments=_instalments(subscription, language) if situation in PAYING else "",
        new_price=change_of(subscription, language) if situation in PAYING else "",
        items=tuple(in_language(subscription_items(subscription), language)),
        invoice_to_pay=_to_pay(subscription) if situation in PAYABLE else None,
        change=change,
        change_text=tier_words.text_of(change, language),
    )


def subscription_items(subscription: Subscription) -> Iterable[Item]:
    """What this subscription holds: not what was added for newcomers, and what it kept when it was taken out (G17)."""
    membership, began = subscription.membership, subscription.began_at
    rows = [*membership.bundle_items.all(), *membership.kept_items.all()]
    # By key: what was taken out may be in the bundle again.
    return {row.item_id: row.item for row in rows if row.is_for(began)}.values()


def _instalments(subscription: Subscription, language: str) -> str:
    if not instalments.is_running(subscription):
        return ""
    wanted, paid = instalments.wanted(subscription), subscription.instalments_paid
    text = ngettext(
        "%(paid)s of %(all)s instalments is paid; the last one is due on %(last)s.",
        "%(paid)s of %(all)s instalments are paid; the last one is due on %(last)s.",
        paid,
    )
    return text % {"paid": paid, "all": wanted, "last": day(instalments.due_at(subscription, wanted - 1), language)}


def _to_pay(subscription: Subscription) -> Invoice | None:
    return next((invoice for invoice in subscription.invoices.all() if invoice.status == "open"), None)
