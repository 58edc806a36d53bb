"""Where does a subscription stand, in words? A label, a sentence with the next date and amount, and what can be done."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from babel.dates import format_date
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy, to_locale

from ..bundles.languages import in_language
from ..bundles.models import Item
from ..memberships.pricing import price_text
from ..payments.gateway import SubscriptionStatus
from ..subscriptions.models import Invoice, Subscription


class Situation(StrEnum):
    """What a person would say about it; finer than Stripe's status, coarser than our columns."""

    FOR_GOOD = "for_good"
    TRIAL_WITH_CARD = "trial_with_card"
    TRIAL_WITHOUT_CARD = "trial_without_card"
    RENEWING = "renewing"
    ENDING = "ending"
    FAILING = "failing"
    LOCKED = "locked"
    WAITING = "waiting"
    PAUSED = "paused"
    ENDED = "ended"


@dataclass(frozen=True)
class Words:
    """How a situation is shown. ``tone`` is a colour's name, and never the only sign of a state."""

    label: str | Promise
    sentence: str | Promise
    tone: str


WORDS: dict[Situation, Words] = {
    Situation.FOR_GOOD: Words(_("Yours"), _("Paid once. It stays open."), "good"),
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
    Situation.ENDED: Words(_("Ended"), _("It ended on %(ended)s. Your progress is kept."), "quiet"),
}

#: Those in which there is something left to cancel.
CANCELLABLE = frozenset(
    {Situation.TRIAL_WITH_CARD, Situation.TRIAL_WITHOUT_CARD, Situation.RENEWING, Situation.FAILING, Situation.LOCKED}
)
PAYABLE = frozenset({Situation.FAILING, Situation.LOCKED})


def _trialing(subscription: Subscription, now: datetime) -> Situation:
    return Situation.TRIAL_WITH_CARD if subscription.has_card else Situation.TRIAL_WITHOUT_CARD


def _failing(subscription: Subscription, now: datetime) -> Situation:
    return Situation.FAILING if subscription.is_live(now) else Situation.LOCKED


def _always(situation: Situation) -> Callable[[Subscription, datetime], Situation]:
    return lambda subscription, now: situation


BY_STATUS: dict[SubscriptionStatus, Callable[[Subscription, datetime], Situation]] = {
    SubscriptionStatus.TRIALING: _trialing,
    SubscriptionStatus.ACTIVE: lambda subscription, now: (
        Situation.RENEWING if subscription.opened_at else Situation.WAITING
    ),
    SubscriptionStatus.PAST_DUE: _failing,
    SubscriptionStatus.UNPAID: _always(Situation.LOCKED),
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
    items: tuple[Item, ...]
    #: What to pay to mend a failed payment; None when there is nothing.
    invoice_to_pay: Invoice | None

    @property
    def is_current(self) -> bool:
        return self.situation is not Situation.ENDED

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


def situation_of(subscription: Subscription, now: datetime) -> Situation:
    """Which of the situations it is in at that moment."""
    status = SubscriptionStatus(subscription.status)
    if subscription.is_for_good:
        return Situation.FOR_GOOD
    if status is SubscriptionStatus.CANCELED:
        return Situation.ENDED
    if subscription.cancel_at is not None:
        return Situation.ENDING if subscription.is_live(now) else Situation.ENDED
    return BY_STATUS[status](subscription, now)


def standing(subscription: Subscription, *, now: datetime, language: str) -> Standing:
    """Prefetch ``contents("membership__bundle_items")`` and ``invoices``: this asks the database nothing then."""
    situation = situation_of(subscription, now)
    words = WORDS[situation]
    price = price_text(subscription.money, subscription.interval, language) if subscription.interval else ""
    dates = {
        "trial_end": subscription.trial_end,
        "period_end": subscription.period_end,
        "until": subscription.access_until or subscription.cancel_at,
        "ended": subscription.ended_at or subscription.cancel_at or subscription.period_end,
    }
    named = {name: _day(moment, language) for name, moment in dates.items()}
    return Standing(
        subscription=subscription,
        situation=situation,
        label=str(words.label),
        sentence=str(words.sentence) % {**named, "price": price},
        tone=words.tone,
        price=price,
        items=tuple(in_language((row.item for row in subscription.membership.bundle_items.all()), language)),
        invoice_to_pay=_to_pay(subscription) if situation in PAYABLE else None,
    )


def _to_pay(subscription: Subscription) -> Invoice | None:
    return next((invoice for invoice in subscription.invoices.all() if invoice.status == "open"), None)


def _day(moment: datetime | None, language: str) -> str:
    if moment is None:
        return ""
    # An end at midnight is the end of the day before, for a person.
    local = timezone.localtime(moment - timedelta(microseconds=1))
    return format_date(local.date(), format="long", locale=to_locale(language))
