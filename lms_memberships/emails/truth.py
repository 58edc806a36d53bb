"""Is it still true when it leaves? A mail that waited is asked again before it goes out (F2, F3)."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta

from .. import clock, conf
from ..payments.gateway import SubscriptionStatus
from ..subscriptions import billing, renewing
from ..subscriptions.gift_models import Gift
from ..subscriptions.guest_models import GuestPurchase
from ..subscriptions.models import Invoice, Subscription
from ..subscriptions.money_back_models import Dispute, Refund
from ..subscriptions.price_move_models import PriceMoveEntry
from ..subscriptions.queries import UNKNOWN_PRICE
from ..subscriptions.waiting_models import WaitingEntry
from . import withdrawals
from .catalogue import CATALOGUE, EmailKind
from .drop_reasons import (
    CLAIMED,
    CLOSED_AGAIN,
    DECIDED,
    GIFT_CLOSED,
    GONE,
    NO_RENEWAL,
    NO_TRIAL,
    NOT_BACK,
    NOT_OWED,
    NOT_PAID,
    OPEN_AGAIN,
    OTHER_CARD,
    OTHER_LINK,
    OVER,
    PLACE_GONE,
    PRICE_KNOWN,
    PRICE_STAYS,
    RESUMED,
    REVOKED,
    WAITED_TOO_LONG,
    WITHDRAWN,
)
from .models import Email

ENDED = frozenset({SubscriptionStatus.CANCELED, SubscriptionStatus.INCOMPLETE_EXPIRED})
CHARGED = frozenset({SubscriptionStatus.ACTIVE, SubscriptionStatus.TRIALING})

_is_all_news: ContextVar[bool] = ContextVar("is_all_news", default=False)


@contextmanager
def all_is_news() -> Iterator[None]:
    """Within it nothing is too old to be told: somebody has asked for that."""
    token = _is_all_news.set(True)
    try:
        yield
    finally:
        _is_all_news.reset(token)


def is_too_old(happened_at: datetime, now: datetime) -> bool:
    """Late news is no news: after an outage, or a restored backup, nobody gets mails about last week (E7)."""
    return not _is_all_news.get() and now - happened_at > timedelta(hours=conf.OLDEST_NEWS_HOURS)


def why_not(email: Email, *, now: datetime) -> str:
    """The code of the reason why it must not go out any more. Empty: it is still true."""
    kind = EmailKind(email.kind)
    subscription = email.subscription
    if email.membership is None or (subscription is None and kind not in WITHOUT_SUBSCRIPTION):
        return GONE
    if clock.wall_time() - email.owed_at > CATALOGUE[kind].keeps:
        return WAITED_TOO_LONG
    if kind in GIFTS:
        return GIFTS[kind](email, now)
    if kind in MONEY:
        return MONEY[kind](email, now)
    if subscription is None or kind in OFFERS:
        return OFFERS[kind](email, now)
    return STILL_TRUE[kind](email, subscription, now)


def _begun(email: Email, subscription: Subscription, now: datetime) -> str:
    return OVER if subscription.status in ENDED or subscription.duplicate_of_id is not None else ""


def _ending(email: Email, subscription: Subscription, now: datetime) -> str:
    if subscription.revoked_at is not None:
        return REVOKED
    return "" if subscription.status in ENDED or subscription.cancel_at is not None else RESUMED


def _ending_for_student(email: Email, subscription: Subscription, now: datetime) -> str:
    return WITHDRAWN if withdrawals.is_about(subscription.pk) else _ending(email, subscription, now)


def _at_that_price(email: Email, subscription: Subscription, now: datetime) -> str:
    return "" if subscription.flag == UNKNOWN_PRICE and subscription.status not in ENDED else PRICE_KNOWN


def _open(email: Email, subscription: Subscription, now: datetime) -> str:
    return "" if subscription.is_live(now) else CLOSED_AGAIN


def _closed(email: Email, subscription: Subscription, now: datetime) -> str:
    if withdrawals.is_about(subscription.pk):
        return WITHDRAWN
    # By this subscription, or by another way to the same membership (X2).
    ways = Subscription.objects.filter(user_id=subscription.user_id, membership_id=subscription.membership_id)
    return OPEN_AGAIN if any(way.is_live(now) for way in ways) else ""


def _paid(email: Email, subscription: Subscription, now: datetime) -> str:
    return _invoice_is(email.invoice, (billing.PAID,), NOT_PAID)


def _unpaid(email: Email, subscription: Subscription, now: datetime) -> str:
    if subscription.status in ENDED:
        return OVER
    return _invoice_is(email.invoice, billing.payable(subscription), NOT_OWED)


def _unpaid_in_grace(email: Email, subscription: Subscription, now: datetime) -> str:
    if reason := _unpaid(email, subscription, now):
        return reason
    return "" if subscription.is_live(now) else CLOSED_AGAIN


def _renewing(email: Email, subscription: Subscription, now: datetime) -> str:
    period_end = subscription.period_end
    is_ahead = period_end is not None and period_end > now and period_end == _said(email, "period_end", period_end)
    return "" if renewing.renews(subscription) and is_ahead else NO_RENEWAL


def _on_that_card(email: Email, subscription: Subscription, now: datetime) -> str:
    is_charged = subscription.status in CHARGED and subscription.cancel_at is None
    expires_at = subscription.card_expires_at
    is_same = expires_at is not None and expires_at == _said(email, "card_expires_at", expires_at)
    return "" if is_charged and is_same else OTHER_CARD


def _said(email: Email, name: str, otherwise: datetime) -> datetime:
    """What the mail names, from its row; a row that says nothing is not contradicted."""
    said = (email.context or {}).get(name)
    return datetime.fromisoformat(said) if said else otherwise


def _on_trial(email: Email, subscription: Subscription, now: datetime) -> str:
    trial_end = subscription.trial_end
    is_running = subscription.status == SubscriptionStatus.TRIALING and trial_end is not None and trial_end > now
    said = (email.context or {}).get("trial_end")
    is_moved = bool(said and trial_end and datetime.fromisoformat(said) != trial_end)
    return "" if is_running and subscription.cancel_at is None and not is_moved else NO_TRIAL


def _undone(email: Email, subscription: Subscription, now: datetime) -> str:
    return "" if subscription.has_no_place else PLACE_GONE


def _repriced(email: Email, subscription: Subscription, now: datetime) -> str:
    told = PriceMoveEntry.objects.filter(subscription=subscription, state=PriceMoveEntry.State.TOLD)
    entry = (email.context or {}).get("entry") or 0
    return "" if told.filter(pk=entry).exists() else PRICE_STAYS


def _kept(email: Email, now: datetime) -> str:
    kept = WaitingEntry.objects.filter(user=email.user, membership=email.membership, held_until__gt=now)
    return "" if kept.exists() else PLACE_GONE


def guest_of(email: Email) -> GuestPurchase | None:
    """The purchase without an account that the mail is about."""
    pk = (email.context or {}).get("guest")
    return GuestPurchase.objects.filter(pk=pk).select_related("membership").first() if pk else None


def _claimable(email: Email, now: datetime) -> str:
    purchase = guest_of(email)
    if purchase is None:
        return GONE
    if not purchase.is_claimable:
        return CLAIMED
    return "" if purchase.link == email.context["link"] else OTHER_LINK


def _returned(email: Email, now: datetime) -> str:
    purchase = guest_of(email)
    return "" if purchase is not None and purchase.returned_at is not None else GONE


def _received(email: Email, now: datetime) -> str:
    return GONE if withdrawals.of(email) is None else ""


def gift_of(email: Email) -> Gift | None:
    """The gift that the mail is about."""
    number = (email.context or {}).get("gift")
    return None if number is None else Gift.objects.select_related("membership").filter(pk=number).first()


def _gift_bought(email: Email, now: datetime) -> str:
    gift = gift_of(email)
    return GIFT_CLOSED if gift is None or gift.state in {Gift.State.REFUNDING, Gift.State.REFUNDED} else ""


def _gift_to_redeem(email: Email, now: datetime) -> str:
    gift = gift_of(email)
    # Changed to another address, the old one must not get it.
    if gift is None or gift.recipient_email != email.recipient:
        return GIFT_CLOSED
    return "" if gift.is_redeemable and not gift.is_over(now) else GIFT_CLOSED


def _gift_returned(email: Email, now: datetime) -> str:
    gift = gift_of(email)
    return "" if gift is not None and gift.refunded_at is not None else GIFT_CLOSED


def refund_of(email: Email) -> Refund | None:
    """The refund that the mail is about."""
    pk = (email.context or {}).get("refund")
    return None if pk is None else Refund.objects.filter(pk=pk).first()


def dispute_of(email: Email) -> Dispute | None:
    """The dispute that the mail is about."""
    pk = (email.context or {}).get("dispute")
    return None if pk is None else Dispute.objects.filter(pk=pk).first()


def _back(email: Email, now: datetime) -> str:
    refund = refund_of(email)
    if refund is None:
        return GONE
    return "" if refund.has_effect else NOT_BACK


def _failed(email: Email, now: datetime) -> str:
    return GONE if refund_of(email) is None else ""


def _running(email: Email, now: datetime) -> str:
    dispute = dispute_of(email)
    if dispute is None:
        return GONE
    return "" if dispute.is_running else DECIDED


def _decided(email: Email, now: datetime) -> str:
    return GONE if dispute_of(email) is None else ""


def _invoice_is(invoice: Invoice | None, states: tuple[str, ...], otherwise: str) -> str:
    if invoice is None:
        return GONE
    return "" if invoice.status in states else otherwise


STILL_TRUE: Mapping[EmailKind, Callable[[Email, Subscription, datetime], str]] = {
    EmailKind.ADMIN_BOUGHT: _begun,
    EmailKind.ADMIN_CANCELLED: _ending,
    EmailKind.BOUGHT: _begun,
    EmailKind.CANCELLED: _ending_for_student,
    EmailKind.MEMBERSHIP_CHANGED: _begun,
    EmailKind.ACCESS_GAINED: _open,
    EmailKind.ACCESS_LOST: _closed,
    EmailKind.PAYMENT_SUCCEEDED: _paid,
    EmailKind.PAYMENT_FAILED: _unpaid,
    EmailKind.PAYMENT_MISSING: _unpaid_in_grace,
    EmailKind.TRIAL_ENDS_SOON: _on_trial,
    EmailKind.RENEWAL_SOON: _renewing,
    EmailKind.CARD_EXPIRES: _on_that_card,
    EmailKind.NO_PLACE_LEFT: _undone,
    EmailKind.ADMIN_PRICE_UNKNOWN: _at_that_price,
    EmailKind.PRICE_CHANGE: _repriced,
}
#: Those that are about a membership that the person does not hold.
OFFERS: Mapping[EmailKind, Callable[[Email, datetime], str]] = {
    EmailKind.PLACE_FREE: _kept,
    EmailKind.GUEST_CLAIM: _claimable,
    EmailKind.GUEST_REMINDER: _claimable,
    EmailKind.GUEST_NOT_RENEWED: _claimable,
    EmailKind.GUEST_RETURNED: _returned,
    EmailKind.WITHDRAWN: _received,
}
#: Those about a gift, which need not be about anybody's subscription.
GIFTS: Mapping[EmailKind, Callable[[Email, datetime], str]] = {
    EmailKind.GIFT_BOUGHT: _gift_bought,
    EmailKind.GIFT_RECEIVED: _gift_to_redeem,
    EmailKind.GIFT_RETURNED: _gift_returned,
}
#: Those about money that went back: a gift's too.
MONEY: Mapping[EmailKind, Callable[[Email, datetime], str]] = {
    EmailKind.PAYMENT_REFUNDED: _back,
    EmailKind.ADMIN_REFUND_FAILED: _failed,
    EmailKind.ADMIN_DISPUTED: _running,
    EmailKind.ADMIN_DISPUTE_DECIDED: _decided,
}
WITHOUT_SUBSCRIPTION = frozenset({*OFFERS, *GIFTS, *MONEY})
