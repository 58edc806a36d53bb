"""Does it matter what an event carries, and in which version of the API? Only the name of its object is believed."""

import json

import pytest
import stripe
from django.core.management import call_command
from django.urls import reverse

from lms_memberships.access import decide
from lms_memberships.models import Customer, Email, Invoice, Subscription, WebhookEvent
from lms_memberships.payments.stripe_gateway.notices import read_event
from lms_memberships.sandbox import delivery_post
from lms_memberships.sandbox.versions import VERSIONS
from tests import hosted
from tests.factories import UserFactory
from tests.flows.steps import press_join
from tests.webhooks_rig import post_event

pytestmark = pytest.mark.django_db

OVER_A_MONTH = 32


class Endpoints:
    """One endpoint of each version; what each of them would be sent, oldest first."""

    def __init__(self, sandbox) -> None:
        self.sandbox = sandbox
        self.seen: set[str] = set()
        sandbox.deliveries.mode = "withhold"
        client = stripe.StripeClient("sk_test_memberships", base_addresses={"api": sandbox.url})
        self.version_of = {}
        for version in VERSIONS:
            wanted = {"url": "http://127.0.0.1:9/hook", "enabled_events": ["*"], "api_version": version}
            self.version_of[client.v1.webhook_endpoints.create(wanted).id] = version

    def told(self) -> dict[str, list[dict]]:
        """By version, all that was not taken yet."""
        found: dict[str, list[dict]] = {version: [] for version in VERSIONS}
        with self.sandbox.lock:
            for delivery in reversed(self.sandbox.deliveries.all()):
                if delivery["id"] not in self.seen and delivery["endpoint"] in self.version_of:
                    self.seen.add(delivery["id"])
                    event = json.loads(delivery_post.write(self.sandbox, delivery).payload)
                    found[self.version_of[delivery["endpoint"]]].append(event)
        return found


@pytest.fixture
def endpoints(gateway, sandbox) -> Endpoints:
    return Endpoints(sandbox)


def about(events: list[dict], customer: str) -> list[dict]:
    return [event for event in events if event["data"]["object"].get("customer") == customer]


def state_of(user, item, now) -> dict:
    """All that we know of one student, without names and moments that are theirs alone."""
    row = Subscription.objects.get(user=user)
    invoices = Invoice.objects.filter(user=user).order_by("created_at", "pk")
    return {
        "status": row.status,
        "access": decide(user, item, now=now).allowed,
        "until": row.access_until - row.period_end,
        "days": (row.period_end - row.period_start).days,
        "ends": row.cancel_at and row.cancel_at - row.period_end,
        "over": row.ended_at is not None,
        "invoices": [
            (
                each.status,
                each.billing_reason,
                each.total,
                each.amount_paid,
                each.currency,
                each.subscription_id == row.pk,
            )
            for each in invoices
        ],
        "payments": [bool(each.payment_intent_id) for each in invoices],
        "mails": sorted(Email.objects.filter(user=user).values_list("kind", flat=True)),
        "events": sorted(
            WebhookEvent.objects.filter(subscription_id=row.stripe_id).values_list("type", "state").distinct()
        ),
    }


def test_one_life_told_in_three_versions_leaves_the_same_behind(endpoints, membership, live_session, client_for, clock):
    """A10: bought, renewed and cancelled by three students, each of whom is told of in another version."""
    students = {version: UserFactory() for version in VERSIONS}
    browsers = {version: client_for(user) for version, user in students.items()}
    told: dict[str, list[dict]] = {version: [] for version in VERSIONS}

    def hear() -> list[dict]:
        """Post to each student's endpoint only, in its version, then compare what is known."""
        for version, events in endpoints.told().items():
            customer = Customer.objects.get(user=students[version]).stripe_id
            for event in about(events, customer):
                assert event["api_version"] == version
                assert post_event(event).status_code == 200
                told[version].append(event)
        call_command("memberships_drain", verbosity=0)
        return [state_of(students[version], live_session, clock.now) for version in VERSIONS]

    for browser in browsers.values():
        hosted.pay(press_join(browser, membership))
    bought = hear()
    clock.advance(days=OVER_A_MONTH)
    renewed = hear()
    for version, browser in browsers.items():
        browser.post(reverse("lms_memberships:cancel", args=[Subscription.objects.get(user=students[version]).pk]))
    cancelled = hear()
    clock.advance(days=OVER_A_MONTH)
    ended = hear()

    for states in (bought, renewed, cancelled, ended):
        assert states == [states[0]] * len(VERSIONS)
    assert [states[0]["status"] for states in (bought, renewed, cancelled, ended)] == ["active"] * 3 + ["canceled"]
    assert [len(states[0]["invoices"]) for states in (bought, renewed, ended)] == [1, 2, 2]
    assert [states[0]["access"] for states in (bought, renewed, ended)] == [True, True, False]
    assert all(bought[0]["payments"])

    # The negative control: whoever believes the payload knows something else by version; we read only names.
    assert len({believed(events) for events in told.values()}) > 1
    assert len({named(events) for events in told.values()}) == 1


def last(events: list[dict], kind: str) -> dict:
    return [event for event in events if event["type"] == kind][-1]


def believed(events: list[dict]) -> tuple[bool, bool, bool]:
    """Whether the places of today hold anything: the end of the period, the invoice's subscription, its payment."""
    subscription = last(events, "customer.subscription.updated")["data"]["object"]
    invoice = last(events, "invoice.paid")["data"]["object"]
    return ("current_period_end" in subscription, "subscription" in invoice, "payment_intent" in invoice)


def named(events: list[dict]) -> tuple[bool, ...]:
    """Whether each event about a subscription or an invoice names the subscription, as we read it."""
    kinds = ("customer.subscription.created", "customer.subscription.updated", "invoice.paid", "invoice.created")
    return tuple(read_event(last(events, kind)).subscription_id.startswith("sub_") for kind in kinds)


# ------------------------------------------------------------------ what comes later
LATER = ("payment_intent", "charge", "latest_charge", "balance_transaction", "number", "hosted_invoice_url")


def bare(event: dict) -> dict:
    """As it is told before Stripe knows the payment: the fields are there, and empty."""
    subject = event["data"]["object"]
    return {**event, "data": {"object": subject | dict.fromkeys(LATER) | {"payments": None}}}


@pytest.fixture
def bought_without_payment(endpoints, sandbox, membership, student, client_for):
    """Paid, and what links the payment to the invoice is not there yet. Returns how Stripe adds it."""
    hosted.pay(press_join(client_for(student), membership))
    links = sandbox.store.all("invoice_payment", account=sandbox.account_id)
    assert links
    sandbox.store.commit({(sandbox.account_id, "invoice_payment", each["id"]): None for each in links})
    for event in about(endpoints.told()[VERSIONS[-1]], Customer.objects.get().stripe_id):
        assert post_event(bare(event)).status_code == 200
    call_command("memberships_drain", verbosity=0)

    def add() -> None:
        sandbox.store.commit({(sandbox.account_id, "invoice_payment", each["id"]): each for each in links})

    return add


def test_events_whose_objects_lack_a_payment_are_taken_and_open_the_door(
    bought_without_payment, student, live_session, clock
):
    """D10: nothing waits for a field that comes later."""
    assert not WebhookEvent.objects.filter(state__in=["received", "dead"]).exists()
    assert (Invoice.objects.get().status, Invoice.objects.get().payment_intent_id) == ("paid", "")
    assert decide(student, live_session, now=clock.now).allowed


@pytest.mark.parametrize("way", ["event", "sweep"])
def test_what_was_missing_is_filled_in_later(way, bought_without_payment, postman, sandbox):
    """D10: by the next event about the invoice, or by the comparison with Stripe. Control: not before either."""
    call_command("memberships_drain", verbosity=0)
    assert Invoice.objects.get().payment_intent_id == ""
    bought_without_payment()
    assert Invoice.objects.get().payment_intent_id == ""
    if way == "event":
        paid = [event for event in postman.waiting() if event["type"] == "invoice.paid"][-1]
        assert post_event(paid | {"id": "evt_later", "type": "invoice.updated"}).status_code == 200
        call_command("memberships_drain", verbosity=0)
    else:
        call_command("memberships_sync", verbosity=0)
    assert Invoice.objects.get().payment_intent_id.startswith("pi_")
