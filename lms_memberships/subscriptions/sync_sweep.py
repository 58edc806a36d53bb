"""Is everything here as it is at Stripe? Whole lists of the account, and then what they did not name."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import TypeVar

from django.db.models import Q

from .. import clock
from ..payments.gateway import NotFound
from ..payments.lists import Page, Part
from . import billing, daily, strangers
from .copies import OWING
from .gift_models import Gift
from .models import Checkout, Invoice, Subscription
from .queries import RUNNING
from .sync_writing import Hands, is_reference
from .told import OVER

Item = TypeVar("Item")

#: An invoice may still be paid, or given up, this long after it was made.
LONGEST_DUNNING = timedelta(days=90)
#: A page at Stripe is open for a day, and a debit takes up to fourteen.
LONGEST_PURCHASE = timedelta(days=16)
#: So many may be gone at Stripe before we ask whether it is the right account; or one in so many.
FEW_ARE_GONE = 5
ONE_IN = 10


class TooManyGone(Exception):
    """Nobody loses access because of an account that has lost its memory, or is another one."""


def subscriptions(hands: Hands) -> None:
    """All of them, those that are over as well."""
    for page in pages(hands, hands.course.gateway.list_subscriptions, since=None):
        known = hands.known_subscriptions(each.id for each in page.items)
        # Oldest first: of two purchases of the same, the first one stays.
        ours = [each for each in reversed(page.items) if each.id in known or hands.bears_our_name(each.metadata)]
        hands.write_subscriptions(ours)
        named = {each.id for each in ours}
        for stranger in (each for each in page.items if each.id not in named):
            strangers.note(stranger, gateway=hands.course.gateway)


def unlisted(hands: Hands) -> None:
    """Ours that no list named: read one by one. Stripe may not know them any more, or say what we do not understand."""
    course = hands.course
    at = Subscription.objects.at(course.gateway).filter(is_recurring=True).exclude(stripe_id="")
    missing = at.exclude(status__in=OVER).filter(_unread_since(course.began_at)).order_by("pk")
    gone: dict[str, datetime] = {}
    for stripe_id in list(missing.values_list("stripe_id", flat=True)):
        course.look_at_the_clock()
        with course.trying(stripe_id):
            began = clock.wall_time()
            try:
                hands.write_subscriptions([course.gateway.read_subscription(stripe_id)])
            except NotFound:
                gone[stripe_id] = began
    running = at.exclude(status__in=OVER).count()
    if course.gateway.livemode and len(gone) > max(FEW_ARE_GONE, running // ONE_IN):
        msg = f"Stripe does not know {len(gone)} of {running} subscriptions: is it the right account? None was ended."
        raise TooManyGone(msg)
    for stripe_id, began in gone.items():
        with course.trying(stripe_id):
            hands.end_absent(stripe_id, began)


def checkouts(hands: Hands) -> None:
    """Purchases that are complete or over at Stripe, and not here; what was paid once is among them."""
    since = hands.course.run.since
    for page in pages(hands, hands.course.gateway.list_checkouts, since=since and since - LONGEST_PURCHASE):
        said = [each for each in page.items if each.status != "open" and is_reference(each.reference)]
        rows = Checkout.objects.at(hands.course.gateway).filter(uuid__in=[each.reference for each in said])
        known = {str(row.uuid): row for row in rows}
        for snapshot in reversed(said):
            row = known.get(snapshot.reference)
            is_new = row is None and not snapshot.recurring and hands.bears_our_name(snapshot.metadata)
            if is_new or (row is not None and not _is_settled(row, snapshot.status)):
                hands.write_checkout(snapshot)


def waiting(hands: Hands) -> None:
    """Purchases that were not listed and may still become something: asked one by one."""
    at = Checkout.objects.at(hands.course.gateway).exclude(session_id="")
    running = Q(state__in=RUNNING) | Q(state=Checkout.State.COMPLETE, subscription=None)
    recent = Q(created_at__gte=hands.course.now - LONGEST_PURCHASE) | Q(state__in=RUNNING)
    for checkout in list(at.filter(running & recent).order_by("pk")):
        with hands.course.trying(str(checkout.uuid)):
            hands.read_checkout(checkout)


def invoices(hands: Hands) -> None:
    """What was billed. Those that are older and could still change follow by themselves."""
    since = hands.course.run.since
    for page in pages(hands, hands.course.gateway.list_account_invoices, since=since and since - LONGEST_DUNNING):
        known = hands.known_subscriptions(each.subscription_id for each in page.items if each.subscription_id)
        ours = [
            each
            for each in reversed(page.items)
            if (each.subscription_id in known if each.subscription_id else hands.bears_our_name(each.metadata))
        ]
        hands.write_invoices(ours)


def unclosed(hands: Hands) -> None:
    """Invoices that no list named, and on which money may still come."""
    gateway = hands.course.gateway
    at = Invoice.objects.filter(account=gateway.account_id, livemode=gateway.livemode)
    mine = at.filter(_unread_since(hands.course.began_at), status__in=[billing.DRAFT, billing.OPEN]).order_by("pk")
    for stripe_id in list(mine.values_list("stripe_id", flat=True)):
        hands.course.look_at_the_clock()
        with hands.course.trying(stripe_id):
            hands.read_invoice(stripe_id)


def owing(hands: Hands) -> None:
    """Since when they owe depends on what was paid in between, which is known only now."""
    at = Subscription.objects.at(hands.course.gateway).filter(is_recurring=True, status__in=OWING).order_by("pk")
    for stripe_id in list(at.values_list("stripe_id", flat=True)):
        with hands.course.trying(stripe_id):
            hands.read_subscription(stripe_id)


def gifts(hands: Hands) -> None:
    """Given back while nobody heard of it: whoever has the link of such a gift must not get in (X15)."""
    at = Gift.objects.at(hands.course.gateway).filter(state__in=Gift.REFUNDABLE).exclude(payment_intent_id="")
    for gift in list(at.order_by("pk")):
        hands.course.look_at_the_clock()
        with hands.course.trying(str(gift.uuid)):
            hands.read_gift(gift)


def tidy(hands: Hands) -> None:
    """Second purchases that could not be given back yet."""
    course = hands.course
    gateway = course.gateway
    doubled = daily.second_purchases().filter(account=gateway.account_id, livemode=gateway.livemode)
    for subscription in list(doubled):
        with course.trying(subscription.stripe_id):
            daily.undo_second_purchases([subscription], gateway=course.gateway, now=course.now)


def pages(hands: Hands, fetch: Callable[[Part], Page[Item]], *, since: datetime | None) -> Iterator[Page[Item]]:
    """From where the run broke off to the end. A page counts as done when the next one is asked for."""
    course = hands.course
    while True:
        page = fetch(Part(since, course.run.cursor, course.plan.page_size))
        yield page
        if not page.last_id:
            return
        course.move(page.last_id)


def _unread_since(moment: datetime) -> Q:
    return Q(read_started_at=None) | Q(read_started_at__lt=moment)


def _is_settled(row: Checkout, status: str) -> bool:
    if row.state == Checkout.State.EXPIRED:
        return status == "expired"
    return row.state == Checkout.State.COMPLETE and row.subscription_id is not None
