"""What happened at Stripe while we did not hear? Each object that its events name is read again, once."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from ..payments.lists import EventSnapshot, Part
from ..payments.webhook_events import OF_PURCHASES
from .copies import OWING
from .models import Checkout, Invoice, Subscription
from .queries import RUNNING
from .sync_writing import Hands

#: How many objects are read between two notes of how far it got.
STRIDE = 20
#: Up to here, reading each object is always fine.
FEW = 100


@dataclass
class Group:
    """All that is said of one subscription, or of one purchase that is none."""

    subscription_id: str = ""
    invoices: list[str] = field(default_factory=list)
    checkouts: list[str] = field(default_factory=list)


def follow(hands: Hands) -> str:
    """Oldest first. Returns the phase that follows: where whole lists say the same with far fewer calls, those."""
    course = hands.course
    groups = _groups(hands)
    keys = list(groups)
    # What comes to a group after it was read is younger than this run: the next one begins there.
    todo = keys[keys.index(course.run.cursor) + 1 :] if course.run.cursor in groups else keys
    if len(todo) > max(FEW, _pages_of_everything(hands)):
        return "subscriptions"
    for number, key in enumerate(todo, start=1):
        with course.trying(key):
            _follow(groups[key], hands)
        if number % STRIDE == 0:
            course.move(key)
    return "gifts"


def _groups(hands: Hands) -> dict[str, Group]:
    groups: dict[str, Group] = {}
    for event in reversed(list(_ours(hands))):
        group = groups.setdefault(event.subscription_id or event.object_id, Group(event.subscription_id))
        names = {"invoice": group.invoices, "checkout.session": group.checkouts}.get(event.object_type, [])
        if event.object_id not in names:
            names.append(event.object_id)
    return groups


def _ours(hands: Hands) -> Iterator[EventSnapshot]:
    """Newest first, as Stripe lists them."""
    course, after = hands.course, ""
    while True:
        page = course.gateway.list_events(OF_PURCHASES, Part(course.run.since, after, course.plan.page_size))
        known = hands.known_subscriptions(each.subscription_id for each in page.items if each.subscription_id)
        for event in page.items:
            if event.type in OF_PURCHASES and (event.subscription_id in known or hands.bears_our_name(event.metadata)):
                yield event
        course.saw(0)
        after = page.last_id
        if not after:
            return


def _pages_of_everything(hands: Hands) -> int:
    """About how many calls the lists of all objects take; twice, for what there is that we do not know of."""
    gateway = hands.course.gateway
    billed = Invoice.objects.filter(account=gateway.account_id, livemode=gateway.livemode)
    return 2 * (Subscription.objects.at(gateway).count() + billed.count()) // hands.course.plan.page_size


def _follow(group: Group, hands: Hands) -> None:
    if not group.subscription_id:
        _follow_purchase(group, hands)
        return
    subscription = hands.read_subscription(group.subscription_id)
    if subscription is None:
        return
    _follow_invoices(group, subscription, hands)
    for checkout in _open_checkouts(group, hands):
        hands.read_checkout(checkout)


def _follow_invoices(group: Group, subscription: Subscription, hands: Hands) -> None:
    """Those that the reading of the subscription did not tell."""
    began = subscription.read_started_at
    told = set(subscription.invoices.filter(read_started_at__gte=began).values_list("stripe_id", flat=True))
    others = [stripe_id for stripe_id in group.invoices if stripe_id not in told]
    if len(others) > 1:
        listed = hands.course.gateway.list_invoices(subscription_id=group.subscription_id)
        hands.write_invoices([each for each in listed if each.id in others])
    elif others:
        hands.read_invoice(others[0])
    if others and subscription.status in OWING:
        # Since when it is unpaid depends on what was paid in between, which is known only now.
        hands.read_subscription(group.subscription_id)


def _follow_purchase(group: Group, hands: Hands) -> None:
    """Paid once: the page first, which says what the invoice is for."""
    for session_id in group.checkouts:
        hands.write_checkout(hands.course.gateway.read_checkout(session_id))
    for invoice_id in group.invoices:
        hands.read_invoice(invoice_id)


def _open_checkouts(group: Group, hands: Hands) -> list[Checkout]:
    """Those that are complete at Stripe, and not here."""
    mine = Checkout.objects.at(hands.course.gateway).filter(session_id__in=group.checkouts, state__in=RUNNING)
    return list(mine.order_by("pk"))
