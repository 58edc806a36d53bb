"""What does it cost from a stored webhook event to open access? Queries, reads of Stripe, events a second."""

import copy
import json
import statistics
import time
import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import stripe
from django.contrib.auth import get_user_model
from django.db import models
from django.test import Client, override_settings

from lms_memberships import clock
from lms_memberships.access import decide
from lms_memberships.bundles import catalogue
from lms_memberships.emails import switches
from lms_memberships.memberships import publishing
from lms_memberships.models import BundleItem, Checkout, Membership, Subscription, WebhookEvent
from lms_memberships.payments import connect
from lms_memberships.payments.stripe_gateway.client import wrap_http_client
from lms_memberships.payments.stripe_gateway.snapshots import SUBSCRIPTION_EXPAND
from lms_memberships.sandbox.server import Sandbox
from lms_memberships.subscriptions import checkout, terms
from lms_memberships.webhooks import inbox

from . import intake, school
from .asking import Arguments
from .measuring import Row, at_least, queries
from .peer import Peer, peer
from .stripe_events import sign

CARD = {"card_number": "4242424242424242", "exp_month": 12, "exp_year": 34, "cvc": "123"}
MOST_QUERIES = 15
WAITING = 20
TRANSACTION = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")
#: From this statement's commit on, the student is in.
OPENS = f'INSERT INTO "{Subscription._meta.db_table}"'
COPIES = "subscriptions/copy_"
PLACE = "sub_place"
#: New ones in each run.
RUN = uuid.uuid4().hex[:8]
BUYER, HASTY = f"buyer {RUN}", f"hasty {RUN}"


class Replayed(stripe.HTTPClient):
    """Counts the reads. Copied subscriptions are answered from memory: then nothing but our own work is measured."""

    name = "replayed"

    def __init__(self) -> None:
        super().__init__()
        self.inner: stripe.HTTPClient | None = None
        self.reads: Counter[str] = Counter()
        #: What every copied subscription is read as.
        self.pattern: dict = {}
        self._texts: dict[int, str] = {}
        self.turn = 0

    def wrap(self, inner: stripe.HTTPClient) -> "Replayed":
        """Stand in front of the real one."""
        self.inner = inner
        return self

    def request_with_retries(
        self, method: str, url: str, headers: Mapping[str, str], *more: object, **options: object
    ) -> tuple[object, int, Mapping[str, str]]:
        """One call of ours."""
        path = url.partition("/v1/")[2].partition("?")[0]
        if method.lower() == "get":
            self.reads[path] += 1
        if path.startswith(COPIES):
            return self._copy(path.partition("/")[2]), 200, {"request-id": "req_bench"}
        return self.inner.request_with_retries(method, url, headers, *more, **options)

    def close(self) -> None:
        """What it stands in front of closes its own lines."""

    def _copy(self, stripe_id: str) -> str:
        # Each turn its period ends a second later: every event brings a change, as it does for the peer.
        if self.turn not in self._texts:
            copied = copy.deepcopy(self.pattern)
            # The peer's objects name no invoice either.
            copied.update(id=PLACE, latest_invoice=None)
            for item in copied["items"]["data"]:
                item["current_period_end"] += self.turn
            self._texts[self.turn] = json.dumps(copied, default=str)
        return self._texts[self.turn].replace(PLACE, stripe_id)


@dataclass(frozen=True)
class Stage:
    """The school with one membership on sale, and Stripe's stand-in."""

    sandbox: Sandbox
    replayed: Replayed
    membership: Membership
    page: models.Model
    client: Client

    def events_of(self, subscription_id: str) -> list[dict]:
        """All that Stripe tells of one purchase, oldest first."""
        told = reversed(self.sandbox.store.all("event", account=self.sandbox.account_id))
        return [event for event in told if subscription_id in json.dumps(event["data"])]

    def deliver(self, events: list[dict]) -> None:
        """Posted and noted, not yet worked off."""
        for event in events:
            body, headers = sign(event)
            answer = self.client.post(intake.OURS, data=body, content_type="application/json", headers=headers)
            if answer.status_code != 200:
                raise RuntimeError(f"{event['type']} was answered {answer.status_code}")


def rows(arguments: Arguments) -> list[Row]:
    """One purchase, then one with many events waiting, then many subscriptions with one event each."""
    intake.clear()
    switches.switch_all_on()
    replayed = Replayed()
    wrap_http_client(replayed.wrap)
    with Sandbox() as sandbox, override_settings(LMS_MEMBERSHIPS_STRIPE_API_BASE=sandbox.url):
        membership, page = offer()
        stage = Stage(sandbox, replayed, membership, page, Client())
        found = [_one_event(stage), _many_events(stage)]
        with peer(arguments) as djstripe:
            found += _rate(stage, arguments, djstripe)
    return found


def offer() -> tuple[Membership, models.Model]:
    page = school.build().page
    membership = Membership(title="Measured pass", description="Everything.", price_amount=1900, live=False)
    membership.save()
    membership.bundle_items.set([BundleItem(item=catalogue.sync(page))])
    membership.save()
    publishing.prepare(membership, gateway=connect.get_gateway(), now=clock.now())
    membership.save_revision().publish()
    membership.refresh_from_db()
    return membership, page


def buy(name: str, stage: Stage) -> str:
    """Pay on Stripe's page and never come back. The subscription's id."""
    person = get_user_model().objects.create(username=name, email=f"{name.replace(' ', '-')}@school.example")
    urls = ("http://testserver/done/", "http://testserver/not/")
    gateway = connect.get_gateway()
    wish = checkout.Wish(stage.membership, terms=terms.version())
    checkout.start(person, wish, gateway=gateway, language="en", urls=urls, now=clock.now())
    session_id = Checkout.objects.get(user=person).session_id
    stage.sandbox.actions.pay_checkout(session_id, email=person.email, name=name, **CARD)
    session = stage.sandbox.store.one("checkout.session", session_id, account=stage.sandbox.account_id)
    if not session or not session["subscription"]:
        raise RuntimeError("The purchase did not succeed")
    return str(session["subscription"])


def _worked_off(stage: Stage, name: str) -> tuple[str, int]:
    """What it took to let that student in, and how many queries until the door was open."""
    stage.replayed.reads.clear()
    waited = WebhookEvent.objects.filter(state="received").count()
    asked = queries(lambda: inbox.work_off(now=clock.now()))
    person = get_user_model().objects.get(username=name)
    if not decide(person, stage.page, now=clock.now()).allowed:
        raise RuntimeError(f"{name} was not let in")
    written = next(number for number, query in enumerate(asked) if query.startswith(OPENS))
    opened = written + next(number for number, query in enumerate(asked[written:]) if query.startswith("COMMIT"))
    until, in_all = _without_frames(asked[:opened]), _without_frames(asked)
    reads = ", ".join(f"{count} of {path.split('/')[0]}" for path, count in stage.replayed.reads.items())
    waiting = "1 event waits" if waited == 1 else f"{waited} events wait"
    return f"{waiting}: open after {until} queries ({in_all} in all); reads of Stripe: {reads}", until


def _without_frames(asked: list[str]) -> int:
    return sum(not query.startswith(TRANSACTION) for query in asked)


def _one_event(stage: Stage) -> Row:
    subscription_id = buy(BUYER, stage)
    created = [event for event in stage.events_of(subscription_id) if event["type"] == "customer.subscription.created"]
    stage.deliver(created)
    ours, count = _worked_off(stage, BUYER)
    most = max(stage.replayed.reads.values())
    budget = f"≤ {MOST_QUERIES} queries, 1 read"
    return Row(
        "first webhook event → open access, all e-mails on",
        ours,
        budget=budget,
        is_met=count <= MOST_QUERIES and most == 1,
    )


def _many_events(stage: Stage) -> Row:
    subscription_id = buy(HASTY, stage)
    events = stage.events_of(subscription_id)
    last = events[-1]
    again = [{**last, "id": f"evt_again_{number}"} for number in range(max(0, WAITING - len(events)))]
    stage.deliver([*events, *again])
    ours, _count = _worked_off(stage, HASTY)
    most = max(stage.replayed.reads.values())
    return Row("many events of one purchase → open access", ours, budget="1 read of each object", is_met=most == 1)


def _rate(stage: Stage, arguments: Arguments, djstripe: Peer | None) -> list[Row]:
    """Updates of known subscriptions, one each. In turns with the peer."""
    _copy_subscriptions(stage, arguments.events)
    rates: list[float] = []
    statements = 0
    for turn in range(arguments.rounds):
        stage.replayed.turn = turn + 1
        events = [update(f"copy_{RUN}_{number}") for number in range(arguments.events)]
        stage.deliver(events[:1])
        statements = len(queries(lambda: inbox.work_off(now=clock.now())))
        stage.deliver(events[1:])
        started = time.perf_counter()
        worked = inbox.work_off(now=clock.now())
        rates.append(worked / (time.perf_counter() - started))
        if djstripe is not None:
            djstripe.round(arguments.events)
    if WebhookEvent.objects.exclude(state="done").exists():
        raise RuntimeError("Some events were not worked off")
    mine = statistics.median(rates)
    ours = f"{mine:.0f} events/s, {statements} statements, 1 read of Stripe (answered at once)"
    if djstripe is None:
        return [Row("webhook processing, one worker", ours)]
    return [Row("webhook processing, one worker", ours, str(djstripe), **at_least(4, mine / djstripe.rate))]


def _copy_subscriptions(stage: Stage, count: int) -> None:
    """Known to us and to Stripe's stand-in, each of a person of its own."""
    known = Subscription.objects.get(user__username=BUYER)
    stage.replayed.pattern = (
        connect.get_gateway()
        .client.v1.subscriptions.retrieve(known.stripe_id, {"expand": SUBSCRIPTION_EXPAND})
        .to_dict()
    )
    User = get_user_model()
    people = User.objects.bulk_create(User(username=f"copied {RUN} {number}") for number in range(count))
    copies = []
    for number, person in enumerate(people):
        known.pk, known.user_id, known.stripe_id = None, person.pk, f"copy_{RUN}_{number}"
        copies.append(copy.copy(known))
    Subscription.objects.bulk_create(copies)


def update(stripe_id: str) -> dict:
    """An event that says no more than which subscription to read."""
    subject = {"id": stripe_id, "object": "subscription"}
    return {
        "id": f"evt_{uuid.uuid4().hex}",
        "object": "event",
        "api_version": "2026-10-28.endive",
        "created": int(time.time()),
        "data": {"object": subject},
        "livemode": False,
        "type": "customer.subscription.updated",
    }
