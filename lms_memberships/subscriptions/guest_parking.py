"""What became of a purchase without an account? What Stripe says is written on its row, and opens nothing.

Webhooks, the return page, the comparison with Stripe and the daily job all come here when nobody's Checkout is meant.
"""

import logging
import uuid
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction

from .. import clock, conf, events, killpoints
from ..memberships import promotions
from ..memberships.models import Membership, Price
from ..payments.customers import identity_of
from ..payments.gateway import CheckoutSnapshot, Gateway, NotFound, SubscriptionSnapshot
from ..retrying import retried
from . import deeds, guest_returns, places
from .guest_links import renew, tell
from .guest_models import RUNNING, GuestPurchase
from .lifecycle import SETTLED
from .people import ATTEMPT_KEY, MEMBERSHIP_KEY
from .queries import BILLED
from .told import OVER

logger = logging.getLogger(__name__)

State = GuestPurchase.State
#: On everything at Stripe that a guest bought: a table that was lost is made again from it (E7).
GUEST_KEY = "lmsm_guest"
#: More digits than a key of ours has.
LONGEST_ID = 19
#: What can still change by what Stripe says.
OPEN = (*RUNNING, State.PENDING, State.PARKED, State.EXPIRED)


@dataclass(frozen=True)
class Found:
    """What one read says about a purchase, whatever was read."""

    read_started_at: datetime
    state: State
    stripe_id: str = ""
    customer_id: str = ""
    email: str = ""
    amount: int | None = None
    currency: str = ""
    period_end: datetime | None = None
    cancel_at: datetime | None = None
    session_id: str = ""


def settle(snapshot: CheckoutSnapshot, *, gateway: Gateway, now: datetime) -> GuestPurchase | None:
    """Follow a session as it was read now. None: it is no guest's."""
    if GUEST_KEY not in snapshot.metadata:
        return None
    purchase = _of(snapshot.metadata, gateway) or _note_again(snapshot, gateway=gateway, now=now)
    if purchase is None or purchase.session_id not in {"", snapshot.id}:
        return None
    if snapshot.status == "expired":
        return _write(purchase.pk, Found(snapshot.read_started_at, State.EXPIRED, session_id=snapshot.id), gateway, now)
    if snapshot.status != "complete":
        return purchase
    subscription = gateway.read_subscription(snapshot.subscription_id) if snapshot.subscription_id else None
    return _write(purchase.pk, _bought(snapshot, subscription, gateway), gateway, now)


def give_up(snapshot: CheckoutSnapshot, *, gateway: Gateway, now: datetime) -> GuestPurchase | None:
    """The debit did not come (C7). Settled first, for it may be paid after all by now."""
    purchase = settle(snapshot, gateway=gateway, now=now)
    if purchase is not None:
        GuestPurchase.objects.filter(pk=purchase.pk, state=State.PENDING).update(state=State.EXPIRED)
    return purchase


def follow_subscription(snapshot: SubscriptionSnapshot, *, gateway: Gateway, now: datetime) -> GuestPurchase | None:
    """Follow a subscription as it was read now. None: it is no guest's."""
    purchase = _of(snapshot.metadata, gateway)
    if purchase is None or not purchase.stripe_id:
        # Whose mailbox it is, its page says.
        return _by_its_page(snapshot, purchase, gateway=gateway, now=now)
    if purchase.stripe_id != snapshot.id:
        logger.warning("Stripe's %s carries the metadata of another purchase", snapshot.id)
        return None
    return _write(purchase.pk, _as_subscription(snapshot, gateway), gateway, now)


def refresh(purchase: GuestPurchase, *, gateway: Gateway, now: datetime) -> GuestPurchase:
    """Read it once more, and whether the money went back meanwhile: before somebody claims it, and every day.

    Raises BilledElsewhere: the account that is connected does not know it, which says nothing of it.
    """
    if not purchase.stripe_id:
        return purchase
    deeds.put_off_elsewhere(purchase, gateway)
    if not purchase.stripe_id.startswith("sub_"):
        payment_id, amount = purchase.stripe_id, purchase.amount
    else:
        began = clock.wall_time()
        try:
            snapshot = gateway.read_subscription(purchase.stripe_id)
        except NotFound:
            # That is an answer too: nothing is billed, and nothing will come (D11).
            return _write(purchase.pk, Found(began, State.ENDED), gateway, now)
        purchase = _write(purchase.pk, _as_subscription(snapshot, gateway), gateway, now)
        latest = snapshot.latest_invoice
        payment_id = latest.payment_intent_id if latest is not None else ""
        amount = latest.amount_paid.minor if latest is not None else 0
    if purchase.is_claimable and amount and guest_returns.is_given_back(payment_id, amount, gateway):
        # Refunded in Stripe's dashboard: what is left of it ends as well, or it would be charged again.
        guest_returns.decide(purchase.pk, GuestPurchase.Reason.STAFF)
        return return_what_is_due(purchase, gateway=gateway, now=now)
    return purchase


def return_what_is_due(purchase: GuestPurchase, *, gateway: Gateway, now: datetime) -> GuestPurchase:
    """Carry out what was decided, if anything was."""
    purchase.refresh_from_db()
    if purchase.state == State.PARKED and purchase.return_reason:
        guest_returns.carry_out(purchase, gateway=gateway, now=now)
        purchase.refresh_from_db()
    return purchase


def _of(metadata: dict[str, str], gateway: Gateway) -> GuestPurchase | None:
    try:
        reference = uuid.UUID(metadata.get(ATTEMPT_KEY, ""))
    except ValueError:
        return None
    return GuestPurchase.objects.at(gateway).filter(uuid=reference).select_related("membership", "price").first()


def _by_its_page(
    snapshot: SubscriptionSnapshot, purchase: GuestPurchase | None, *, gateway: Gateway, now: datetime
) -> GuestPurchase | None:
    if GUEST_KEY not in snapshot.metadata:
        return None
    if purchase is not None and purchase.session_id:
        page: CheckoutSnapshot | None = gateway.read_checkout(purchase.session_id)
    else:
        reference = snapshot.metadata.get(ATTEMPT_KEY, "")
        page = gateway.find_checkout_since(reference=reference, since=snapshot.started_at)
    return settle(page, gateway=gateway, now=now) if page is not None else None


def _bought(page: CheckoutSnapshot, subscription: SubscriptionSnapshot | None, gateway: Gateway) -> Found:
    total = page.total
    if subscription is not None:
        found = _as_subscription(subscription, gateway)
    elif page.payment_status in SETTLED:
        # Bought with a coupon for nothing, it has no payment to be named after.
        found = Found(page.read_started_at, State.PARKED, stripe_id=page.payment_intent_id or page.id)
    else:
        found = Found(page.read_started_at, State.PENDING)
    return replace(
        found,
        customer_id=page.customer_id,
        email=page.email,
        amount=total.minor if total else 0,
        currency=total.currency if total else "",
        session_id=page.id,
    )


def _as_subscription(snapshot: SubscriptionSnapshot, gateway: Gateway) -> Found:
    return Found(
        snapshot.read_started_at,
        _state_of(snapshot, gateway),
        stripe_id=snapshot.id,
        customer_id=snapshot.customer_id,
        period_end=snapshot.current_period_end,
        cancel_at=snapshot.cancel_at,
    )


def _state_of(snapshot: SubscriptionSnapshot, gateway: Gateway) -> State:
    if snapshot.status in OVER:
        return State.ENDED
    latest = snapshot.latest_invoice
    if snapshot.status not in BILLED or latest is None:
        return State.PENDING
    if latest.is_settled:
        return State.PARKED
    others = gateway.list_invoices(subscription_id=snapshot.id)
    return State.PARKED if any(each.is_settled for each in others) else State.PENDING


def _write(pk: int, found: Found, gateway: Gateway, now: datetime) -> GuestPurchase:
    purchase = _write_row(pk, found, now=now)
    killpoints.reach("guest.written")
    return return_what_is_due(purchase, gateway=gateway, now=now)


@retried
def _write_row(pk: int, found: Found, *, now: datetime) -> GuestPurchase:
    with transaction.atomic():
        purchase = GuestPurchase.objects.select_for_update(of=("self",)).select_related("membership").get(pk=pk)
        is_older = purchase.read_started_at is not None and found.read_started_at < purchase.read_started_at
        if purchase.state not in OPEN or is_older:
            # Claimed, returned or ended: what comes of it is no longer decided here.
            return purchase
        was = State(purchase.state)
        had_place = GuestPurchase.objects.taking_a_place(now).filter(pk=pk).exists()
        _copy(purchase, found)
        # What is to be returned ends by that: it is noted, and told, when all of it is back.
        purchase.state = was if purchase.return_reason else _next(was, found.state)
        if purchase.state == State.PARKED and purchase.paid_at is None:
            _park(purchase, has_place=had_place, now=now)
        else:
            purchase.save()
    return purchase


def _next(was: State, said: State) -> State:
    """What was paid stays so until it is over; what is expired may have been paid in that very moment."""
    if was == State.PARKED:
        return said if said == State.ENDED else was
    if said == State.ENDED:
        # Never paid: its debit failed.
        return State.EXPIRED
    return was if said == State.EXPIRED and was == State.PENDING else said


def _copy(purchase: GuestPurchase, found: Found) -> None:
    purchase.read_started_at = found.read_started_at
    for name in ("stripe_id", "customer_id", "session_id", "period_end", "currency"):
        if value := getattr(found, name):
            setattr(purchase, name, value)
    if found.amount is not None:
        purchase.amount = found.amount
    if found.stripe_id:
        purchase.cancel_at = found.cancel_at
    if found.email and purchase.paid_at is None:
        purchase.email, purchase.mailbox = found.email, identity_of(found.email)


def _park(purchase: GuestPurchase, *, has_place: bool, now: datetime) -> None:
    """It is paid: nobody's, until somebody comes with the link that is mailed now."""
    purchase.paid_at = now
    promotions.note_use(purchase.promotion_code_id)
    if not has_place and not conf.OVERBOOK_LATE_PAYMENTS and not _finds_a_place(purchase, now):
        purchase.return_reason = GuestPurchase.Reason.NO_PLACE
        purchase.save()
        return
    renew(purchase, now=now)
    tell(purchase, events.GuestLinkOwed)


def _finds_a_place(purchase: GuestPurchase, now: datetime) -> bool:
    """Its reservation had run out (J5). Under the membership's lock, which comes last in the order."""
    try:
        places.reserve_for_guest(purchase.membership, now=now)
    except places.Full:
        logger.warning("There is no place for %r: the membership is full", purchase)
        return False
    return True


def _note_again(snapshot: CheckoutSnapshot, *, gateway: Gateway, now: datetime) -> GuestPurchase | None:
    """Stripe knows a guest's purchase that we have forgotten (E7): it waits to be claimed again, through its mailbox."""
    metadata = snapshot.metadata
    try:
        names = uuid.UUID(metadata.get(ATTEMPT_KEY, "")), uuid.UUID(metadata.get(MEMBERSHIP_KEY, ""))
    except ValueError:
        return None
    membership = Membership.objects.filter(uuid=names[1]).first() if snapshot.status == "complete" else None
    prices = Price.objects.filter(account=gateway.account_id, livemode=gateway.livemode, membership=membership)
    number = metadata[GUEST_KEY]
    price = prices.filter(pk=int(number)).first() if number.isdecimal() and len(number) < LONGEST_ID else None
    if membership is None or price is None:
        return None
    purchase, _created = GuestPurchase.objects.get_or_create(
        uuid=names[0],
        defaults={
            "membership": membership,
            "price": price,
            "account": gateway.account_id,
            "livemode": gateway.livemode,
            "state": State.OPEN,
            # Whenever it was bought, it had a place.
            "created_at": now,
        },
    )
    return purchase
