"""Where does a subscription stand, in words? A label, a sentence with the next date and amount, and what can be done."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..bundles.languages import in_language
from ..bundles.models import Item
from ..payments.gateway import SubscriptionStatus
from ..subscriptions import amounts, billing, changes, instalments, instead, switching
from ..subscriptions.change_models import TierChange
from ..subscriptions.copies import CHARGED
from ..subscriptions.models import Invoice, Subscription
from ..subscriptions.portal_visits import PAID_THEMSELVES
from . import tier_words
from .amounts import next_price_of
from .card_words import Group, end_of, grouped, instalments_of, items_of, origin_of
from .dates import day, day_of
from .failing import Failure, failure_of
from .leaving_words import Leaving, leaving_of
from .repricing import change_of
from .situating import situation_of
from .situations import ON_TRIAL, OVER, WORDS, Situation

#: Those in which instalments are still asked for.
PAYING = frozenset({Situation.TRIAL_WITH_CARD, Situation.RENEWING, Situation.FAILING, Situation.LOCKED})
#: Those in which there is something left to cancel.
CANCELLABLE = frozenset(
    {
        Situation.TRIAL_WITH_CARD,
        Situation.TRIAL_WITHOUT_CARD,
        Situation.RENEWING,
        Situation.FAILING,
        Situation.LOCKED,
        Situation.PAUSED,
        Situation.PAYMENTS_PAUSED,
        Situation.RUNNING_OUT,
        Situation.PRICE_UNKNOWN,
        Situation.PRICE_UNKNOWN_CLOSED,
    }
)
#: Those in which it can become another tier.
SWITCHABLE = frozenset({Situation.TRIAL_WITH_CARD, Situation.TRIAL_WITHOUT_CARD, Situation.RENEWING})
PAYABLE = frozenset({Situation.FAILING, Situation.LOCKED})
#: Those that go on until somebody cancels.
RENEWS = frozenset({Situation.TRIAL_WITH_CARD, Situation.RENEWING, Situation.PAYMENTS_PAUSED})
#: Those whose own payments are as they should be: what is open of them is of an earlier period.
GOES_ON = CANCELLABLE - PAYABLE | {Situation.ENDING, Situation.CLOSED_ENDING, Situation.LEAVING}
#: Those whose cancellation can be taken back.
RESUMABLE = frozenset({Situation.ENDING, Situation.CLOSED_ENDING, Situation.LEAVING, Situation.WAITING_TO_END})
#: Those of which no end is said: it is over, it rests, or until when it is open hangs on a payment.
WITHOUT_END = OVER | PAYABLE | {Situation.DISPUTED, Situation.GIFT_DISPUTED, Situation.PRICE_UNKNOWN_CLOSED}
WITHOUT_END |= {Situation.DISPUTE_LOST_ENDING, Situation.PAUSED, Situation.WITHDRAWING}
#: The order on the page: what is closed for want of a payment, what soon will be, what waits.
URGENCY = {
    situation: number
    for number, situation in enumerate(
        (Situation.LOCKED, Situation.FAILING, Situation.WAITING, Situation.TRIAL_WITHOUT_CARD, Situation.PAUSED)
    )
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
    #: How they came to it, and when it ends; the latter empty where it is over.
    origin: str
    end: str
    #: Whom they pay for it (P9).
    seller: str
    #: A payment that is missing, and what mends it; None when there is nothing.
    failure: Failure | None
    #: What else is open: of earlier periods, or of something that has ended and that no payment opens again (G20).
    open_invoices: tuple[Invoice, ...]
    #: Asked for, and not come true yet; and what it says of that.
    change: TierChange | None
    change_text: str
    leaving: Leaving

    @property
    def groups(self) -> tuple[Group, ...]:
        """What it opens, by kind."""
        return grouped(self.items)

    @property
    def needs_card(self) -> bool:
        """A trial that ends by itself unless there is a card to pay with (V51)."""
        return self.situation is Situation.TRIAL_WITHOUT_CARD

    @property
    def is_on_trial(self) -> bool:
        """Nothing is paid for the time that runs."""
        return self.situation in ON_TRIAL

    @property
    def urgency(self) -> int:
        """What needs somebody's hand comes first."""
        return URGENCY.get(self.situation, len(URGENCY))

    @property
    def is_current(self) -> bool:
        return self.situation not in OVER

    @property
    def can_cancel(self) -> bool:
        return self.subscription.is_recurring and (self.situation in CANCELLABLE or self.waits_for_debit)

    @property
    def waits_for_debit(self) -> bool:
        """The bank has not answered about the first payment. Cancelling does not call it back: it buys its period."""
        return self.situation is Situation.WAITING and self.subscription.status in CHARGED

    @property
    def can_change_card(self) -> bool:
        """Charged again, and to themselves: what was given is paid by somebody else."""
        return self.can_cancel and self.has_billing and not self.waits_for_debit

    @property
    def has_billing(self) -> bool:
        """Whether Stripe has billing details of theirs for it."""
        return bool(self.subscription.customer_id) and self.subscription.origin in PAID_THEMSELVES

    @property
    def ends_at_once(self) -> bool:
        """Cancelling while a payment is missing, or while it rests, ends it now: nobody paid for this period."""
        return self.situation in PAYABLE or self.subscription.status in changes.WITHOUT_PAID_TIME

    @property
    def can_resume(self) -> bool:
        # Of what rests, Stripe takes no end back.
        rests = self.situation is Situation.CLOSED_ENDING and self.subscription.status == SubscriptionStatus.PAUSED
        return self.situation in RESUMABLE and not rests

    @property
    def stays_closed(self) -> bool:
        """It is closed already, and cancelling it opens nothing until its end."""
        return self.situation in {Situation.PAUSED, Situation.PRICE_UNKNOWN_CLOSED}

    @property
    def can_switch(self) -> bool:
        """Whether there is another tier or rhythm to look at; that page says what has to be done first."""
        if self.change is not None or self.situation not in SWITCHABLE:
            return False
        return switching.tier_of(self.subscription) is not None or switching.has_other_rhythms(self.subscription)


def standing(
    subscription: Subscription, *, now: datetime, language: str, seller: str = "", beside: Iterable[Subscription] = ()
) -> Standing:
    """Asks nothing, once all that the account page prefetches is there. ``beside``: all that the person holds."""
    leaving = leaving_of(subscription, beside=beside, now=now)
    situation = _of_who_leaves(situation_of(subscription, now), leaving)
    words = WORDS[situation]
    found = subscription.invoices.all()
    to_mend = [invoice for invoice in found if invoice.status in billing.payable(subscription)]
    change = tier_words.running_of(subscription)
    is_planned = change is not None and change.state == TierChange.State.PLANNED and situation in SWITCHABLE
    beside_another = instead.why_not_to_pay(subscription, beside, now=now) if situation in PAYABLE else ""
    is_trial = situation in ON_TRIAL or _was_only_tried(subscription)
    return Standing(
        subscription=subscription,
        situation=situation,
        label=str(words.label),
        sentence="" if is_planned else beside_another or _sentence(subscription, situation, leaving, language),
        tone=words.tone,
        price=amounts.price_of(subscription, language),
        instalments=instalments_of(subscription, language) if situation in PAYING else "",
        new_price=change_of(subscription, language) if situation in PAYING else "",
        items=tuple(in_language(items_of(subscription), language)),
        # Of what was only tried, and goes on no more, nothing is ever paid.
        seller="" if is_trial and situation not in ON_TRIAL | PAYING else seller,
        origin=origin_of(subscription, is_trial=is_trial),
        end=_end(subscription, situation, language, now=now),
        failure=None
        if beside_another or situation not in PAYABLE
        else failure_of(subscription, to_mend, now=now, language=language),
        open_invoices=tuple(_open_besides(found, to_mend, situation)),
        change=change,
        change_text=tier_words.text_of(change, language, ends=situation in RESUMABLE),
        leaving=leaving,
    )


def _end(subscription: Subscription, situation: Situation, language: str, *, now: datetime) -> str:
    # Until when it is open hangs on a payment, and no payment makes it last beyond that.
    is_bounded = situation in PAYABLE and subscription.cancel_at is not None
    if situation in WITHOUT_END and not is_bounded:
        return ""
    at = subscription.cancel_at or subscription.access_until
    if situation is Situation.LEAVING:
        # Not confirmed: with what is paid for, as the page that asked said, and without the days of grace.
        is_ahead = changes.lasts_until_the_end(subscription, now=now)
        at = subscription.cancel_at or (subscription.period_end if is_ahead else None)
    return end_of(subscription, at, renews=situation in RENEWS, language=language)


def _sentence(subscription: Subscription, situation: Situation, leaving: Leaving, language: str) -> str:
    next_at = subscription.trial_end if situation in ON_TRIAL else subscription.period_end
    dates = {
        "trial_end": subscription.trial_end,
        "until": subscription.access_until or subscription.cancel_at,
        "began": subscription.started_at + timedelta(microseconds=1),
        "ends": subscription.cancel_at or subscription.period_end,
        "ended": subscription.ended_at or subscription.cancel_at or subscription.period_end,
        "asked": leaving.asked_at,
        "withdrawn": leaving.declared_at,
    }
    named: dict[str, object] = {name: day(moment, language) for name, moment in dates.items()}
    named["period_end"] = day_of(subscription.period_end, language)
    named |= {"price": next_price_of(subscription, next_at, language), "all": instalments.wanted(subscription)}
    return str(WORDS[situation].sentence) % named


def _was_only_tried(subscription: Subscription) -> bool:
    """It began with a trial, and nothing was paid for it so far. Read ``billing.with_what_was_paid()``."""
    return subscription.trial_end is not None and not getattr(subscription, "is_paid_for", True)


def _open_besides(found: Iterable[Invoice], to_mend: Sequence[Invoice], situation: Situation) -> Iterator[Invoice]:
    """What is written off mends what is not paid; beside that nobody is asked for it."""
    mending = to_mend[0] if to_mend and situation in PAYABLE else None
    for invoice in found:
        is_owed = situation in PAYABLE | OVER or (situation in GOES_ON and billing.is_left_behind(invoice))
        if invoice.status == billing.OPEN and invoice != mending and is_owed:
            yield invoice


def _of_who_leaves(situation: Situation, leaving: Leaving) -> Situation:
    """What Stripe has not confirmed is what the person has said all the same."""
    if leaving.withdrawal is not None:
        return Situation.WITHDRAWING if leaving.withdrawal.done_at is None else situation
    is_asked = leaving.departure is not None and situation in CANCELLABLE | {Situation.WAITING}
    return Situation.LEAVING if is_asked else situation
