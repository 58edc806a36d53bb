"""Whichever queue a site has, is the work done once? One suite for: in the request, in the database, in Redis."""

import os
from contextlib import ExitStack

import pytest
from django.db import connection

from lms_memberships.models import WebhookEvent
from lms_memberships.webhooks.handlers import HANDLERS
from tests.faults.rig import oracle, people, scenarios
from tests.faults.rig.killing import Driver
from tests.faults.rig.redis import MISSING, PROGRAM, redis
from tests.faults.rig.site import WORKERS, site
from tests.faults.sizes import SEED, pick

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="several processes need row locks"),
]

no_redis = pytest.mark.skipif(PROGRAM is None and not os.environ.get("REQUIRE_REDIS"), reason=MISSING)
QUEUES = ["immediate", "db", pytest.param("rq", marks=no_redis)]
AT_ONCE = 8
#: Where a worker dies that holds what it has leased, that is about to write it off, that has sent a mail.
DEATHS = pick(
    test=[("inbox.claimed", 1)],
    ci=[("inbox.claimed", 1), ("inbox.before_settle", 1), ("deliveries.leased", 1)],
    soak=[
        (name, time)
        for name in ("inbox.claimed", "inbox.before_settle", "deliveries.leased", "emails.claimed")
        for time in (1, 2)
    ],
)


@pytest.fixture(params=QUEUES)
def place(request, rig_folder):
    with ExitStack() as stack:
        env = {"RIG_REDIS_URL": stack.enter_context(redis(rig_folder))} if request.param == "rq" else {}
        yield stack.enter_context(site(rig_folder, tasks=request.param, seed=SEED, **env))


def test_the_same_suite_for_every_queue(place, report):
    """T1, T3, E3, B11: deliveries doubled and disordered, a worker killed with its leases, each job eight at once."""
    queue = place.env["RIG_TASKS"]
    place.start()
    driver = Driver(place, people.sell())
    for _student in range(pick(test=2, ci=10, soak=40)):
        page = people.press(driver.newcomer(), driver.membership)
        people.pay(page.location)
    events = [event for event in place.stripe.events() if event["type"] in HANDLERS]
    result = place.deliver(events, seed=SEED, copies=5, processes=16)
    place.wait_until_quiet()
    assert result.statuses == {200: 5 * len(events)}
    driver.delivered = {event["id"] for event in place.stripe.events()}
    for name, time in DEATHS:
        assert driver.die(scenarios.webhooks_only, at=name, time=time) is not None, name
    eight_at_once(driver)
    done = place.tasks_done()
    report(f"queue: {queue}", deliveries=result.deliveries, deaths=len(DEATHS), tasks=done)
    assert oracle.complaints(place, events) == []
    # The queue's own workers did the work, and not only the loop that catches what is left over.
    assert (done > 0) == (queue != "immediate")


def eight_at_once(driver: Driver) -> None:
    """Every job by eight workers of the queue, and by the loop, at the same time."""
    place = driver.site
    place.kill_all()
    place.start_web()
    for _student in range(4):
        page = people.press(driver.newcomer(), driver.membership)
        people.pay(page.location)
    driver.deliver()
    waiting = WebhookEvent.objects.filter(state="received").count()
    assert waiting or place.env["RIG_TASKS"] == "immediate"
    for command in WORKERS[place.env["RIG_TASKS"]]:
        for _worker in range(AT_ONCE // 2):
            place.start_command(*command)
    place.wait_until_quiet()
