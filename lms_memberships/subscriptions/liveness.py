"""Until when does a subscription give access? One table of every status, and nothing else decides it (design §5)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from .. import conf
from ..payments.gateway import SubscriptionStatus
from .models import FOR_GOOD, Subscription
from .queries import UNKNOWN_PRICE


@dataclass(frozen=True)
class Standing:
    """All that access depends on, as it is known now.

    ``opened_at`` is when the first invoice was settled; ``unpaid_since`` where the grace of a missing payment began;
    ``was_until`` what was answered before; ``unpaid_keeps_access`` is the site's wish (G3);
    ``is_paid_up`` that all its instalments were really paid (V10); ``is_price_known`` that what is billed is one of
    the membership's prices (G12); ``taken_back_at`` since when it is disputed (G7), or closed by its refund (G9) or by
    staff (P24); ``void_from`` the end of what was paid before Stripe began to void invoices (G4).
    """

    status: SubscriptionStatus
    is_recurring: bool
    has_card: bool
    opened_at: datetime | None
    period_end: datetime | None
    trial_end: datetime | None
    unpaid_since: datetime | None
    cancel_at: datetime | None
    canceled_at: datetime | None
    ended_at: datetime | None
    grace: timedelta
    was_until: datetime | None
    unpaid_keeps_access: bool = False
    is_paid_up: bool = False
    is_price_known: bool = True
    taken_back_at: datetime | None = None
    void_from: datetime | None = None


def standing_of(subscription: Subscription, canceled_at: datetime | None) -> Standing:
    """As its row says. ``canceled_at`` is Stripe's word, where it was read just now."""
    return Standing(
        status=SubscriptionStatus(subscription.status),
        is_recurring=subscription.is_recurring,
        has_card=subscription.has_card,
        opened_at=subscription.opened_at,
        period_end=subscription.period_end,
        trial_end=subscription.trial_end,
        unpaid_since=subscription.unpaid_since,
        cancel_at=subscription.cancel_at,
        canceled_at=canceled_at,
        ended_at=subscription.ended_at,
        grace=timedelta(days=subscription.membership.days_of_grace),
        was_until=subscription.access_until,
        unpaid_keeps_access=conf.UNPAID_KEEPS_ACCESS,
        is_paid_up=subscription.paid_up_at is not None,
        is_price_known=subscription.flag != UNKNOWN_PRICE,
        taken_back_at=subscription.taken_back_at,
        void_from=subscription.void_from,
    )


def access_until(standing: Standing, *, now: datetime) -> datetime | None:
    """The moment at which access ends. None: it never opened. A moment in the past: closed, and since then."""
    if standing.opened_at is None:
        # A debit that is still processing shows "active": a status alone opens nothing (G1).
        return None
    if standing.taken_back_at is not None:
        # Whatever Stripe still says of it, and says until it has heard: what was closed stays closed.
        return _earliest(standing.taken_back_at, standing.was_until)
    if standing.is_paid_up:
        # It has been bought: whatever Stripe does with the subscription, and it ends it, closes nothing (guide §9).
        return FOR_GOOD
    until = RULES[standing.status](standing, now)
    # What is paid at a price that nobody knows buys nothing new: what was promised before is kept, and no more.
    return until if standing.is_price_known else _earliest(until, standing.was_until)


def _renewing(standing: Standing, now: datetime) -> datetime | None:
    if not standing.is_recurring:
        # A gift has its months; what was paid once has no end.
        return standing.period_end or FOR_GOOD
    # The grace covers the hours in which a renewal is billed, and an outage of Stripe's or ours.
    return _earliest(_plus(standing.period_end, standing.grace), standing.cancel_at, standing.void_from)


def _on_trial(standing: Standing, now: datetime) -> datetime | None:
    end = standing.trial_end or standing.period_end
    if not standing.has_card:
        return _earliest(end, standing.cancel_at)
    return _earliest(_plus(end, standing.grace), standing.cancel_at, standing.void_from)


def _past_due(standing: Standing, now: datetime) -> datetime | None:
    closes_at = _plus(standing.period_end if standing.unpaid_keeps_access else standing.unpaid_since, standing.grace)
    if standing.cancel_at is None:
        return closes_at
    until = _earliest(closes_at, standing.cancel_at)
    if standing.canceled_at is None:
        # Not read just now, so that nothing says when the end was set: what was answered before stands.
        return _earliest(until, standing.was_until or now)
    if standing.unpaid_since is not None and standing.canceled_at <= standing.unpaid_since:
        # It was set before anything was missing: the days of grace as for everybody, and no longer than that end.
        return until
    # Nobody paid for this period: an end that is set while a payment is missing is an end now.
    return _earliest(until, standing.canceled_at, now)


def _unpaid(standing: Standing, now: datetime) -> datetime | None:
    if standing.unpaid_keeps_access:
        return _earliest(_plus(standing.period_end, standing.grace), standing.cancel_at)
    return _closed(standing, now)


def _closed(standing: Standing, now: datetime) -> datetime | None:
    # Since when: what had closed before stays closed since then.
    return _earliest(standing.ended_at, standing.was_until, now)


RULES: dict[SubscriptionStatus, Callable[[Standing, datetime], datetime | None]] = {
    # Renews: the end of the period plus grace. Paid once: for good, or as long as was given. Ending: that moment, no grace.
    SubscriptionStatus.ACTIVE: _renewing,
    # With a card it will renew. Without one it ends with the trial, no grace (G5).
    SubscriptionStatus.TRIALING: _on_trial,
    # The START of the unpaid period, or a later first failure, plus grace: Stripe has moved the period on already (G2).
    SubscriptionStatus.PAST_DUE: _past_due,
    # The first payment is not there, or never came (G1).
    SubscriptionStatus.INCOMPLETE: _closed,
    SubscriptionStatus.INCOMPLETE_EXPIRED: _closed,
    # Stripe has given up collecting but keeps the subscription: closed, unless the site wants otherwise (G3).
    SubscriptionStatus.UNPAID: _unpaid,
    # No invoices are made while it is paused, also after a trial without a card.
    SubscriptionStatus.PAUSED: _closed,
    SubscriptionStatus.CANCELED: _closed,
}


def _plus(moment: datetime | None, span: timedelta) -> datetime | None:
    return None if moment is None else moment + span


def _earliest(*moments: datetime | None) -> datetime | None:
    return min((moment for moment in moments if moment is not None), default=None)
