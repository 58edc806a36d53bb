"""How much does a comparison of a whole school cost, and does anybody who buys meanwhile wait for it?"""

import math
import re
import threading
import time
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import stripe

from lms_memberships.models import Subscription, SyncRun
from lms_memberships.payments import connect
from lms_memberships.subscriptions import syncing
from lms_memberships.subscriptions.sync_course import Plan
from tests.faults import crowd, traffic
from tests.faults.sizes import pick

pytestmark = pytest.mark.django_db

RATE = 20
#: What a comparison reads.
COMPARED = ("/v1/subscriptions", "/v1/invoices", "/v1/checkout", "/v1/events")


@pytest.fixture
def bought(sandbox, clock, gateway, live_session, postman) -> Subscription:
    school = traffic.open_school(sandbox, clock, gateway, live_session)
    stripe_id = school.pay("first", school.monthly)
    postman.deliver()
    return Subscription.objects.get(stripe_id=stripe_id)


class Shopper:
    """Hears of each page, and asks Stripe something in the middle of it, as a buyer's page does."""

    def __init__(self, bought: Subscription) -> None:
        self.bought = bought
        self.waited: list[float] = []

    def repaired(self, line: str) -> None:
        return None

    def moved(self, run: SyncRun) -> None:
        self.waited.append(seconds_of(connect.get_gateway(), self.bought))


def recorded(monkeypatch) -> list[str]:
    """The paths that this thread asks Stripe for from now on."""
    asked: list[str] = []
    request, me = stripe.RequestsClient.request, threading.get_ident()

    def noting(self, method, url, *args, **kwargs):
        if threading.get_ident() == me:
            asked.append(urlsplit(url).path)
        return request(self, method, url, *args, **kwargs)

    monkeypatch.setattr(stripe.RequestsClient, "request", noting)
    return asked


def seconds_of(gateway, bought: Subscription) -> float:
    began = time.monotonic()
    gateway.read_subscription(bought.stripe_id)
    return time.monotonic() - began


def test_a_school_is_compared_a_hundred_at_a_time(sandbox, bought, clock, settings, report, monkeypatch):
    """T14, D5: far fewer calls than subscriptions, at most 20 a second, taken up where it stopped; no buyer waits."""
    settings.LMS_MEMBERSHIPS_STRIPE_CALLS_PER_SECOND = RATE
    count = pick(test=300, ci=300, soak=10_000)
    them = crowd.gather(sandbox, bought, count)
    changed = them.ids[::10]
    for stripe_id in changed:
        them.change(stripe_id, status="canceled", ended_at=int(clock.now.timestamp()))
    # Counted where they leave: the stand-in may still be answering a process that another test has left behind.
    mine = recorded(monkeypatch)
    gateway, shopper = connect.get_background_gateway(), Shopper(bought)
    plan, began, parts = Plan(None, "subscriptions"), time.monotonic(), 0
    # Its time is up after each page of the first few; what is left is done in one go.
    for lasts in [timedelta(0)] * 3 + [None]:
        run = syncing.synchronise(replace(plan, lasts=lasts), gateway=gateway, now=clock.now, watcher=shopper)
        parts += 1
    took = time.monotonic() - began
    asked = [path for path in mine if path.startswith(COMPARED)]
    pages = math.ceil((count + 1) / 100)
    report("T14", subscriptions=count, seconds=took, requests=len(asked), buyers_wait=max(shopper.waited))
    assert (SyncRun.objects.count(), parts, run.repaired, run.failed) == (1, 4, len(changed), 0)
    assert Subscription.objects.filter(status="canceled").count() == len(changed)
    assert asked.count("/v1/subscriptions") == pages
    shapes = Counter(re.sub(r"_[A-Za-z0-9]{6,}", "_…", path) for path in asked)
    assert len(asked) - len(shopper.waited) <= 2 * pages + 5, shapes
    assert syncing.synchronise(plan, gateway=gateway, now=clock.now, watcher=shopper).repaired == 0


def test_buyers_do_not_wait_for_the_pace_of_a_comparison(bought, settings):
    """D5: in one run, the same calls at the pace of background work take far longer than those of a buyer."""
    settings.LMS_MEMBERSHIPS_STRIPE_CALLS_PER_SECOND = 4
    slow = sum(seconds_of(connect.get_background_gateway(), bought) for _time in range(8))
    quick = sum(seconds_of(connect.get_gateway(), bought) for _time in range(8))
    assert slow > 1
    assert quick < slow / 2


def test_control_without_the_pace_nothing_is_held_back(bought, settings):
    """D5, negative control"""
    settings.LMS_MEMBERSHIPS_STRIPE_CALLS_PER_SECOND = 0
    paced = sum(seconds_of(connect.get_background_gateway(), bought) for _time in range(8))
    quick = sum(seconds_of(connect.get_gateway(), bought) for _time in range(8))
    assert paced < 4 * quick + 1
