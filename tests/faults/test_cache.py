"""The cache is emptied all the time: is everything still done once? And if something relied upon it? (E12)"""

import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection
from redis import Redis

from lms_memberships.models import Subscription, WebhookEvent
from lms_memberships.webhooks.handlers import HANDLERS
from tests.faults.processes import without_unique
from tests.faults.rig import killing, oracle, people
from tests.faults.rig.killing import Driver
from tests.faults.rig.redis import MISSING, PROGRAM, redis
from tests.faults.rig.site import Site, site
from tests.faults.sizes import SEED, pick

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="several processes need row locks"),
    pytest.mark.skipif(PROGRAM is None and not os.environ.get("REQUIRE_REDIS"), reason=MISSING),
]

EVERY_SECONDS = 0.1
KEY = ("account", "livemode", "event_id")


@pytest.fixture
def shared_cache(rig_folder) -> Iterator[str]:
    """One for all processes of the site."""
    with redis(rig_folder) as url:
        yield url


@contextmanager
def emptied(url: str) -> Iterator[list[int]]:
    """Again and again; how many keys there were each time."""
    server, over, found = Redis.from_url(url), threading.Event(), []

    def empty() -> None:
        while not over.wait(EVERY_SECONDS):
            found.append(server.dbsize())
            server.flushdb()

    thread = threading.Thread(target=empty)
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join()
        server.close()


def buyers(place: Site, number: int) -> list[dict]:
    """So many press and pay, half of them come back; what Stripe has to tell about it, and has not."""
    membership = people.sell()
    for each in range(number):
        browser = people.student(place, each)
        back = people.pay(people.press(browser, membership).location)
        if each % 2:
            assert people.come_back(browser, back).status == 200
    return [event for event in place.stripe.events() if event["type"] in HANDLERS]


def test_nothing_is_lost_or_doubled_while_the_cache_is_emptied(rig_folder, shared_cache, report):
    """E12: under load, in several processes that share it."""
    students, copies = pick(test=6, ci=20, soak=200), pick(test=10, ci=20, soak=50)
    with site(rig_folder, seed=SEED, RIG_CACHE_URL=shared_cache) as place, emptied(shared_cache) as times:
        place.start()
        events = buyers(place, students)
        result = place.deliver(events, seed=SEED, copies=copies, processes=pick(test=4, ci=16, soak=16))
        place.wait_until_quiet(600)
        report("E12", deliveries=result.deliveries, emptied=len(times), keys=sum(times))
        assert result.statuses == {200: len(events) * copies}
        assert len(times) > 10
        assert oracle.complaints(place, events) == []
        assert Subscription.objects.count() == students


def test_nothing_of_ours_asks_the_cache():
    """E12: what is never asked for cannot be missed."""
    asking = re.compile(r"django\.core\.cache|django\.core import .*\bcaches?\b")
    assert [file.name for file in killing.PACKAGE.rglob("*.py") if asking.search(file.read_text())] == []


def deliver_twice(rig_folder, url: str, *, between) -> list[str]:
    """Which events are two rows, where only the cache knows what was there before?"""
    with (
        site(rig_folder, RIG_CACHE_URL=url, RIG_WITHOUT="unique_in_the_database") as place,
        without_unique(WebhookEvent._meta.db_table, *KEY),
    ):
        place.start()
        driver = Driver(place, people.sell())
        people.pay(people.press(driver.newcomer(), driver.membership).location)
        events = [event for event in place.stripe.events() if event["type"] in HANDLERS]
        for turn in range(2):
            assert place.deliver(events, copies=3, processes=4).statuses == {200: 3 * len(events)}
            if turn == 0:
                between()
        place.wait_until_quiet()
        found = [each for each in oracle.complaints(place, events) if each.endswith("rows")]
        place.kill_all()
        return found


def test_control_what_the_cache_alone_knows_is_done_again_once_it_is_lost(rig_folder, shared_cache):
    """E12, negative control: an intake that asks the cache whether it knows an event."""
    assert deliver_twice(rig_folder, shared_cache, between=Redis.from_url(shared_cache).flushdb) != []


def test_control_as_long_as_the_cache_is_there_nobody_would_notice(rig_folder, shared_cache):
    """E12: the same without the loss; it is the cache that was relied upon, and nothing else that doubles."""
    assert deliver_twice(rig_folder, shared_cache, between=lambda: None) == []
