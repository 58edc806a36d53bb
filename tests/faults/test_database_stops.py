"""PostgreSQL is cut off in the middle of a burst, again and again: is all there afterwards, once?"""

import os
import threading
import time

import pytest
from django.db import connection

from lms_memberships.webhooks.handlers import HANDLERS
from tests.faults.rig import oracle, people, postgres
from tests.faults.rig.database import Server
from tests.faults.rig.killing import Driver
from tests.faults.rig.site import site
from tests.faults.sizes import SEED, pick

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no server that could stop"),
    pytest.mark.skipif(postgres.programs() is None and not os.environ.get("REQUIRE_POSTGRES"), reason=postgres.MISSING),
]

STUDENTS = 6


def test_stopped_in_the_middle_of_a_burst(rig_folder, report):
    """T4, E5: requests fail and are made again, workers go on by themselves, and nothing is lost or doubled."""
    stops, copies = pick(test=2, ci=5, soak=5), pick(test=8, ci=40, soak=200)
    with postgres.cluster(Server.of_the_tests()) as cluster, site(rig_folder, server=cluster.server) as place:
        place.start()
        driver = Driver(place, people.sell())
        browsers = [driver.newcomer() for _ in range(STUDENTS)]
        paid = []
        for browser in browsers[: STUDENTS // 2]:
            paid.append((browser, people.pay(people.press(browser, driver.membership).location)))
        place.advance(95 * 86400)
        events = [each for each in place.stripe.events() if each["type"] in HANDLERS]
        results = []
        knobs = {"copies": copies, "seed": SEED, "again": True}
        burst = threading.Thread(target=lambda: results.append(place.deliver(events, **knobs)))
        burst.start()
        began = time.monotonic()
        for _stop in range(stops):
            time.sleep(1)
            cluster.stop()
            time.sleep(0.5)
            cluster.start()
            connection.close()
        down = time.monotonic() - began
        # Others buy meanwhile.
        for browser in browsers[STUDENTS // 2 :]:
            page = driver.until(lambda browser=browser: people.press(browser, driver.membership), 303)
            paid.append((browser, people.pay(page.location)))
        burst.join()
        for browser, back in paid:
            driver.until(lambda browser=browser, back=back: people.come_back(browser, back), 200)
        driver.deliver()
        seconds = place.wait_until_quiet()
        (result,) = results
        failed = result.deliveries - result.statuses[200]
        report("T4", stops=stops, deliveries=result.deliveries, failed=failed, stopping=down, quiet=seconds)
        assert result.lost == 0
        assert result.statuses[200] == len(events) * copies
        assert failed > 0, "no call met a database that was down: nothing was tried"
        assert oracle.complaints(place, events) == []


def test_control_answered_before_it_is_committed_it_is_lost(rig_folder):
    """T4, E5, A5, negative control: every call is answered 200, the power fails, and Stripe has no reason to call again."""
    with (
        postgres.cluster(Server.of_the_tests()) as cluster,
        site(rig_folder, server=cluster.server, RIG_WITHOUT="commit_before_answering") as place,
    ):
        place.start()
        driver = Driver(place, people.sell())
        people.pay(people.press(driver.newcomer(), driver.membership).location)
        events = [each for each in place.stripe.events() if each["type"] in HANDLERS]
        assert place.deliver(events, processes=2).statuses == {200: len(events)}
        cluster.stop()
        cluster.start()
        connection.close()
        place.wait_until_quiet()
        complaints = oracle.complaints(place, events)
        assert {f"nothing_is_lost: {each['id']} is no row" for each in events} <= set(complaints)
        assert any("is at Stripe only" in each for each in complaints)
