"""Access is over: is every door shut at the very next request, in every process, also while Stripe is away?"""

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from wagtail.documents.models import Document
from wagtail.models import ReferenceIndex
from wagtail_lms.models import CoursePage, H5PLessonPage

from lms_memberships.models import Subscription
from tests.faults.rig import clock, oracle, people
from tests.faults.rig.killing import Driver
from tests.faults.rig.people import Browser
from tests.faults.rig.scenarios import buy
from tests.faults.rig.site import site

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="several processes need row locks"),
]

#: So often that every process of gunicorn has its turn.
TIMES = 12
DAY = 86_400
CLOSED = {403, 404}


def doors() -> dict[str, str]:
    """A page, a document that only it shows, and the API."""
    course, lesson = CoursePage.objects.get(), H5PLessonPage.objects.get()
    document = Document.objects.create(title="Recipes", file=ContentFile(b"secret glaze", name="recipes.txt"))
    H5PLessonPage.objects.filter(pk=lesson.pk).update(intro=f'<a linktype="document" id="{document.pk}">Recipes</a>')
    ReferenceIndex.create_or_update_for_object(H5PLessonPage.objects.get(pk=lesson.pk))
    return {"page": course.url, "document": document.url, "API": f"/api/pages/{course.pk}/"}


def answers(browser: Browser, paths: dict[str, str]) -> dict[str, set[int]]:
    return {name: {browser.get(path).status for _time in range(TIMES)} for name, path in paths.items()}


def test_every_door_shuts_at_once(rig_folder, report):
    """T13, D7: cancelled at Stripe, and run out by the clock while Stripe cannot be asked."""
    with site(rig_folder) as place:
        place.start()
        driver = Driver(place, people.sell())
        paths = doors()
        paths_for_members = {name: path for name, path in paths.items() if name != "API"}
        one, two = buy(driver), buy(driver)
        for browser in (one, two):
            assert answers(browser, paths_for_members) == dict.fromkeys(paths_for_members, {200})
        stranger = people.student(place, 99)
        shut = answers(stranger, paths)
        assert all(found <= CLOSED for found in shut.values()), shut

        row = Subscription.objects.get(user=one.user)
        place.stripe.call("DELETE", f"subscriptions/{row.stripe_id}")
        driver.deliver()
        place.wait_until_quiet()
        shut = answers(one, paths)
        assert all(found <= CLOSED for found in shut.values()), shut
        assert answers(two, paths_for_members) == dict.fromkeys(paths_for_members, {200})
        assert oracle.complaints(place) == []

        place.stripe.stop()
        clock.set_offset(place_end(two) - 60)
        assert answers(two, paths_for_members) == dict.fromkeys(paths_for_members, {200})
        clock.set_offset(place_end(two) + 1)
        shut = answers(two, paths)
        assert all(found <= CLOSED for found in shut.values()), shut
        report("T13", doors=len(paths), requests=TIMES * len(paths))


def test_control_where_an_answer_is_kept_the_page_stays_open(rig_folder):
    """T13, S47, negative control: each process asks once whether this student may open that."""
    with site(rig_folder, RIG_WITHOUT="ask_each_time") as place:
        place.start()
        driver = Driver(place, people.sell())
        paths = {"page": doors()["page"]}
        browser = buy(driver)
        assert answers(browser, paths) == {"page": {200}}
        row = Subscription.objects.get(user=browser.user)
        place.stripe.call("DELETE", f"subscriptions/{row.stripe_id}")
        driver.deliver()
        place.wait_until_quiet()
        assert not Subscription.objects.get(user=browser.user).is_live(clock.now())
        assert 200 in answers(browser, paths)["page"]


def place_end(browser: Browser) -> int:
    """By how many seconds the clock must be ahead at the end of this student's access."""
    until = Subscription.objects.get(user=browser.user).access_until
    return int((until - clock.now()).total_seconds()) + clock.offset()
