"""Is everything here as it is at Stripe, once and only once? Complaints, each a sentence; none: all is well (R5)."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta

from lms_memberships import clock, conf
from lms_memberships.emails.catalogue import CATALOGUE
from lms_memberships.emails.rendering import message_id
from lms_memberships.events import PaymentFact, SubscriptionStarted
from lms_memberships.models import (
    Checkout,
    Customer,
    Email,
    Gift,
    GiftOffer,
    GuestPurchase,
    Intent,
    Invoice,
    Membership,
    Price,
    Subscription,
    WebhookEvent,
)
from lms_memberships.webhooks.handlers import HANDLERS
from tests.faults.rig import fates
from tests.faults.rig.site import Site
from tests.faults.rig.world import World, invoices_of, subscription_of

#: How far two clocks may be apart where one of them is ours.
SLACK = timedelta(seconds=5)


def complaints(site: Site, delivered: Iterable[dict] = ()) -> list[str]:
    """All of them."""
    world = World.of(site, delivered)
    return [f"{check.__name__}: {complaint}" for check in CHECKS for complaint in check(world)]


def nothing_is_lost(world: World) -> Iterator[str]:
    """Each event that was delivered and that we follow is a row, once, and worked off."""
    wanted = {event["id"] for event in world.delivered if event["type"] in HANDLERS}
    rows = Counter(WebhookEvent.objects.values_list("event_id", flat=True))
    yield from (f"{event} is no row" for event in wanted - set(rows))
    yield from (f"{event} is {number} rows" for event, number in rows.items() if number > 1)
    open_ones = WebhookEvent.objects.exclude(state__in=["done", "ignored"])
    yield from (f"{row.event_id} is {row.state}: {row.error[-300:]}" for row in open_ones)


def subscriptions_are_stripes(world: World) -> Iterator[str]:
    """Status, period, planned end and trial, and no subscription more or less."""
    rows = {row.stripe_id: row for row in Subscription.objects.filter(is_recurring=True).exclude(stripe_id="")}
    yield from (f"{missing} is at Stripe only" for missing in world.subscriptions.keys() - rows.keys() - _nobodys())
    yield from (f"{invented} is here only" for invented in rows.keys() - world.subscriptions.keys())
    for stripe_id in rows.keys() & world.subscriptions.keys():
        row, there = rows[stripe_id], world.subscriptions[stripe_id]
        here = (row.status, row.period_end, row.cancel_at, row.trial_end)
        said = (there["status"], _period_end(there), _planned_end(there), _moment(there["trial_end"]))
        if here != said:
            yield f"{stripe_id} is {here}, and at Stripe {said}"


def access_lasts_as_long_as_it_should(world: World) -> Iterator[str]:
    """The window, computed here once more from what Stripe says."""
    for row in Subscription.objects.filter(stripe_id__in=world.subscriptions, duplicate_of=None):
        until = _access_until(row, world)
        has = row.access_until
        if (until is None) != (has is None) or (until and has and abs(until - has) > SLACK):
            yield f"{row.stripe_id} ({row.status}) is open until {has}, and should be until {until}"


def one_reason_each(world: World) -> Iterator[str]:
    """A person has a membership once."""
    live = Subscription.objects.filter(access_until__gt=clock.now(), duplicate_of=None)
    for (user, membership), number in Counter(live.values_list("user_id", "membership_id")).items():
        if number > 1:
            yield f"user {user} has membership {membership} {number} times"
    for row in live:
        if row.stripe_id in world.subscriptions and world.subscriptions[row.stripe_id]["status"] == "incomplete":
            yield f"{row.stripe_id} is open, and was never paid"


def mails_are_sent_once(world: World) -> Iterator[str]:
    """Each owed mail was taken at most once, each sent one exactly once, and no other."""
    # Those of people who were erased have lost their names, and with them their ids.
    known = {message_id(email): email for email in Email.objects.exclude(key__startswith="erased:")}
    for identity, number in world.accepted.items():
        if identity not in known:
            yield f"mail {identity} was sent and never owed"
        elif number > 1:
            yield f"{known[identity].key} was sent {number} times"
    for identity, email in known.items():
        if email.state == Email.State.SENT and not world.accepted[identity]:
            yield f"{email.key} is marked as sent and was not"


def facts_are_told_once(world: World) -> Iterator[str]:
    """One welcome for a subscription, one receipt for an invoice, whatever their keys are."""
    started = [kind.value for kind, entry in CATALOGUE.items() if entry.fact is SubscriptionStarted]
    paid = [kind.value for kind, entry in CATALOGUE.items() if issubclass(entry.fact, PaymentFact)]
    # Those of people who were erased have lost their names: several admins look like one.
    named = Email.objects.exclude(key__startswith="erased:")
    mails = named.filter(kind__in=started).values_list("kind", "recipient", "subscription_id")
    yield from (f"{what} is owed {number} times" for what, number in Counter(mails).items() if number > 1)
    receipts = named.filter(kind__in=paid, kind__contains="succeeded")
    receipts = receipts.values_list("kind", "recipient", "invoice_id")
    yield from (f"{what} is owed {number} times" for what, number in Counter(receipts).items() if number > 1)


def each_thing_was_made_once(world: World) -> Iterator[str]:
    """No product, price, customer or page at Stripe that is not exactly one of ours."""
    # Of a guest Stripe makes a customer by itself.
    guests = _all_of(GuestPurchase, "customer_id")
    students = [each for each in world.customers if each["id"] not in guests]
    yield from _once("customer", [each["id"] for each in students], _all_of(Customer, "stripe_id"))
    prices = _all_of(Price, "stripe_id") | _all_of(GiftOffer, "stripe_id")
    yield from _once("price", [each["id"] for each in world.prices], prices)
    attempts = _all_of(Checkout, "uuid") | _all_of(GuestPurchase, "uuid") | _all_of(Gift, "uuid")
    yield from _once("page", [each["client_reference_id"] for each in world.sessions], attempts)
    of_whom = Counter(each["metadata"].get("lmsm_user") for each in students)
    yield from (f"user {user} is {number} customers" for user, number in of_whom.items() if number > 1)
    sold = Membership.objects.filter(prices__isnull=False).distinct().count()
    if len(world.products) != sold:
        yield f"{len(world.products)} products for {sold} memberships"


def the_ledger_is_stripes(world: World) -> Iterator[str]:
    """Each invoice, and the sum of all."""
    rows = {row.stripe_id: row for row in Invoice.objects.filter(subscription__is_recurring=True)}
    # A draft may still change: Stripe has asked nobody for that money.
    invoices = {key: each for key, each in world.invoices.items() if subscription_of(each) not in _nobodys()}
    billed = {key: each for key, each in invoices.items() if each["status"] != "draft"}
    yield from (f"{missing} is at Stripe only" for missing in billed.keys() - rows.keys())
    yield from (f"{invented} is here only" for invented in rows.keys() - invoices.keys())
    for key in billed.keys() & rows.keys():
        here = (rows[key].status, rows[key].total, rows[key].amount_paid)
        said = (billed[key]["status"], billed[key]["total"], billed[key]["amount_paid"])
        if here != said:
            yield f"{key} is {here}, and at Stripe {said}"
    if sum(row.amount_paid for row in rows.values()) != sum(each["amount_paid"] for each in invoices.values()):
        yield "the sums differ"


def no_intent_is_open(world: World) -> Iterator[str]:
    """Of every write at Stripe it is known what came of it."""
    open_ones = Intent.objects.filter(state__in=[Intent.State.SENT, Intent.State.UNKNOWN])
    yield from (f"{intent} ({intent.failure})" for intent in open_ones)


CHECKS: tuple[Callable[[World], Iterator[str]], ...] = (
    nothing_is_lost,
    subscriptions_are_stripes,
    access_lasts_as_long_as_it_should,
    one_reason_each,
    mails_are_sent_once,
    facts_are_told_once,
    each_thing_was_made_once,
    the_ledger_is_stripes,
    *fates.CHECKS,
    no_intent_is_open,
)


def _all_of(model: type, column: str) -> set[str]:
    return {str(value) for value in model._default_manager.values_list(column, flat=True)}


def _nobodys() -> set[str]:
    """What was bought without an account, and nobody has come for: it is no membership of anybody's."""
    return set(GuestPurchase.objects.exclude(state=GuestPurchase.State.CLAIMED).values_list("stripe_id", flat=True))


def _once(what: str, there: list[str], here: set[str]) -> Iterator[str]:
    for identity, number in Counter(there).items():
        if number > 1:
            yield f"{what} {identity} is there {number} times"
        if identity not in here:
            yield f"{what} {identity} is at Stripe only"


def _access_until(row: Subscription, world: World) -> datetime | None:
    there = world.subscriptions[row.stripe_id]
    status, end = there["status"], _planned_end(there)
    grace = timedelta(days=row.membership.grace_days or conf.PAST_DUE_GRACE_DAYS)
    if status in {"incomplete", "incomplete_expired", "unpaid", "paused"} or not _was_paid(row, world):
        return None
    if status == "canceled":
        # It stays written that it was open until then.
        return row.access_until if row.access_until and row.access_until <= clock.now() + SLACK else None
    if end is not None:
        return end
    if status == "trialing" and not row.has_card:
        return _period_end(there)
    if status == "past_due":
        return _failed_at(row, there, world) + grace
    return _period_end(there) + grace


def _failed_at(row: Subscription, there: dict, world: World) -> datetime:
    """By card: with the period, or when something was billed within it."""
    between = (each for each in invoices_of(row.stripe_id, world) if each["billing_reason"] != "subscription_cycle")
    billed = [each["created"] for each in between if each["status"] == "open"]
    return max([_period_start(there), *(datetime.fromtimestamp(created, UTC) for created in billed)])


def _was_paid(row: Subscription, world: World) -> bool:
    return any(each["status"] == "paid" for each in invoices_of(row.stripe_id, world))


def _moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _period_end(there: dict) -> datetime:
    return datetime.fromtimestamp(max(item["current_period_end"] for item in there["items"]["data"]), UTC)


def _period_start(there: dict) -> datetime:
    return datetime.fromtimestamp(max(item["current_period_start"] for item in there["items"]["data"]), UTC)


def _planned_end(there: dict) -> datetime | None:
    if there["cancel_at"] is not None:
        return _moment(there["cancel_at"])
    return _period_end(there) if there["cancel_at_period_end"] else None
