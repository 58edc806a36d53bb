"""Stripe loses answers, or is away for a day: is everything made once, and does nobody lose what they have?"""

import pytest
from django.db import connection
from wagtail_lms.models import CoursePage

from lms_memberships.models import Intent, Subscription
from tests.faults.rig import clock, oracle, people, scenarios
from tests.faults.rig.killing import Driver
from tests.faults.rig.site import site
from tests.faults.sizes import SEED, pick
from tests.flows.steps import text

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="several processes need row locks"),
]

HOUR = 3600


def test_every_fifth_answer_of_stripes_is_lost(rig_folder, report):
    """T8, D1: what was made and never answered is found, not made again: one object for each intent."""
    students = pick(test=5, ci=25, soak=100)
    with site(rig_folder, seed=SEED) as place:
        place.start()
        driver = Driver(place, people.sell())
        # What nobody knows is looked up after a while, not at once: nobody waits for that before the next one comes.
        driver.patience = 2
        place.stripe.control("faults", kind="commit_then_drop", path="POST /v1/*", share=0.2, count=0, seed=SEED)
        for _student in range(students):
            scenarios.a_life(driver)
        lost = [each for each in place.stripe.control("requests")["data"] if each["replayed"]]
        driver.calm()
        driver.deliver()
        place.wait_until_quiet()
        report("T8", students=students, intents=Intent.objects.count(), asked_again=len(lost))
        assert oracle.complaints(place) == []
        assert Subscription.objects.count() == students


def test_stripe_is_away_for_a_day(rig_folder, report):
    """D7, T6: nobody loses access, pages say what is the matter, and afterwards all is as at Stripe."""
    students = pick(test=3, ci=10, soak=50)
    with site(rig_folder) as place:
        place.start()
        driver = Driver(place, people.sell())
        members = [scenarios.buy(driver) for _student in range(students)]
        course = CoursePage.objects.get()
        outsider = people.student(place, 99)
        place.stripe.stop()
        for hour in range(1, 25):
            clock.set_offset(hour * HOUR)
            if hour % 6 == 0:
                driver.command("memberships_daily")
            assert {browser.get(course.url).status for browser in members} == {200}
        page = people.press(outsider, driver.membership)
        assert page.status == 302
        told = text(outsider.get(page.location).body)
        assert "Stripe" in told
        assert {browser.get("/memberships/account/").status for browser in members} == {200}
        place.stripe.start()
        place.stripe.control("webhooks", mode="withhold")
        place.stripe.advance(24 * HOUR)
        assert driver.until(lambda: people.press(outsider, driver.membership), 303)
        driver.deliver()
        place.wait_until_quiet()
        report("D7", members=students, hours=24)
        assert oracle.complaints(place) == []
