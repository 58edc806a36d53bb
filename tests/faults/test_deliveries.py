"""Doubled, disordered and many at once: is nothing lost, nothing doubled, and everybody answered?"""

import time

import pytest
from django.db import connection

from lms_memberships.models import Subscription, WebhookEvent
from lms_memberships.webhooks.handlers import HANDLERS
from tests.faults.processes import without_unique
from tests.faults.rig import oracle, people
from tests.faults.rig.killing import Driver
from tests.faults.rig.site import Site, site
from tests.faults.sizes import SEED, SIZE, pick

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="several processes need row locks"),
]

COPIES = 10
PROCESSES = 16


def three_months_of(place: Site, students: int) -> list[dict]:
    """Students buy; half of them come back, a few cancel; Stripe bills the others three times. Nothing is delivered.

    Returns the events that we follow, oldest first.
    """
    membership = people.sell()
    for number in range(students):
        browser = people.student(place, number)
        back = people.pay(people.press(browser, membership).location)
        if number % 2:
            assert people.come_back(browser, back).status == 200
    there = place.stripe.all("subscriptions")
    for number, subscription in enumerate(there):
        if number % 5 == 0:
            place.stripe.call("POST", f"subscriptions/{subscription['id']}", cancel_at_period_end="true")
        elif number % 7 == 0:
            place.stripe.call("DELETE", f"subscriptions/{subscription['id']}")
    place.advance(95 * 86400)
    return [event for event in place.stripe.events() if event["type"] in HANDLERS]


def test_ten_times_in_any_order_from_sixteen_processes(rig_folder, report):
    """T1, A1, A2, B3, B6, E12: 0 lost, 0 doubled, no answer of 500 or more."""
    students = pick(test=13, ci=63, soak=620)
    wanted = pick(test=2_000, ci=10_000, soak=100_000)
    with site(rig_folder, seed=SEED) as place:
        place.start()
        events = three_months_of(place, students)
        assert len(events) * COPIES >= wanted, len(events)
        began = time.monotonic()
        events = events[: wanted // COPIES] if SIZE == "test" else events
        result = place.deliver(events, seed=SEED, copies=COPIES, processes=PROCESSES)
        posted = time.monotonic() - began
        place.wait_until_quiet(600)
        report("T1", deliveries=result.deliveries, events=len(events), posted=posted, quiet=time.monotonic() - began)
        assert result.statuses == {200: len(events) * COPIES}
        assert WebhookEvent.objects.count() == len({event["id"] for event in events})
        assert oracle.complaints(place, events) == []
        assert Subscription.objects.count() == students


def test_control_without_the_unique_key_the_oracle_complains(rig_folder):
    """T1, A1, negative control: the same deliveries to a site whose inbox takes an event twice."""
    key = ("account", "livemode", "event_id")
    with site(rig_folder) as place, without_unique(WebhookEvent._meta.db_table, *key):
        place.start()
        driver = Driver(place, people.sell())
        page = people.press(driver.newcomer(), driver.membership)
        people.pay(page.location)
        events = [event for event in place.stripe.events() if event["type"] in HANDLERS]
        assert place.deliver(events, copies=5, processes=4).statuses == {200: 5 * len(events)}
        place.wait_until_quiet()
        doubled = [complaint for complaint in oracle.complaints(place, events) if complaint.endswith("is 5 rows")]
        assert len(doubled) == len(events)
        place.kill_all()
