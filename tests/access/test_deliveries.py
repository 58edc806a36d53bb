"""How does an item's own system hear that it opened for somebody?"""

from datetime import timedelta

import pytest
from wagtail_lms.models import CourseEnrollment

from example_site.models import LiveSession
from lms_memberships.access import deliveries, spreading
from lms_memberships.bundles import registry
from lms_memberships.bundles.registry import BundleItemType
from lms_memberships.models import Delivery
from tests.access import school
from tests.factories import UserFactory, put_into

DAY = timedelta(days=1)
pytestmark = pytest.mark.django_db


@pytest.fixture
def broken_sessions(monkeypatch):
    """A kind of item whose own system is down until the test says otherwise."""
    heard: list[str] = []

    class Sessions(BundleItemType):
        kind = "broken_session"
        label = label_plural = "sessions"
        model = LiveSession
        is_down = True

        def access_gained(self, user, obj):
            obj.title = "half done"
            obj.save(update_fields=["title"])
            if self.is_down:
                raise ConnectionError("no answer")
            heard.append(user.username)

    known = {kind: found for kind, found in registry.item_types().items() if found.model is not LiveSession}
    sessions = Sessions()
    monkeypatch.setattr(deliveries, "item_types", lambda: {**known, "broken_session": sessions})
    sessions.heard = heard
    return sessions


def owed_session(student, now, kind="broken_session"):
    session = school.session("Glazing", now)
    membership = school.sold(session, now=now)
    from lms_memberships.models import Item

    Item.objects.update(kind=kind)
    subscription = school.subscribe(student, membership, until=now + DAY)
    deliveries.owe(subscription.pk, now=now)
    return session


def test_a_student_is_enrolled_in_every_course_once(course, student, now):
    """W19: enrolments follow access."""
    subscription = school.subscribe(
        student, school.sold(course, school.course("Glass"), school.session("Glazing", now), now=now), until=now + DAY
    )
    for _again in range(2):
        deliveries.owe(subscription.pk, now=now)
        deliveries.deliver_due(now=now)
    assert CourseEnrollment.objects.filter(user=student).count() == 2
    assert set(Delivery.objects.values_list("state", "attempts")) == {("done", 1)}


def test_enrolment_and_progress_stay_when_access_ends(course, student, now):
    """X2"""
    subscription = school.subscribe(student, school.sold(course, now=now), until=now + DAY)
    deliveries.owe(subscription.pk, now=now)
    deliveries.deliver_due(now=now)
    subscription.access_until = now
    subscription.save()
    deliveries.deliver_due(now=now + DAY)
    assert CourseEnrollment.objects.filter(user=student, course=course).exists()


def test_what_a_bundle_gains_is_owed_to_those_who_have_access(course, student, now):
    """V3"""
    membership = school.sold(course, now=now)
    former = UserFactory()
    school.subscribe(student, membership, until=now + DAY)
    school.subscribe(former, membership, until=now - DAY)
    glass = school.course("Glass")
    put_into(membership, course, glass)
    spreading.ask(membership.pk)
    deliveries.deliver_due(now=now)
    assert set(CourseEnrollment.objects.values_list("user", "course")) == {
        (student.pk, course.pk),
        (student.pk, glass.pk),
    }


def test_a_failure_is_noted_undone_and_tried_again_later(student, now, broken_sessions):
    session = owed_session(student, now)
    assert deliveries.deliver_due(now=now) == 1
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.attempts) == ("owed", 1)
    assert "no answer" in delivery.failure
    session.refresh_from_db()
    assert session.title == "Glazing"
    assert deliveries.deliver_due(now=now) == 0
    broken_sessions.is_down = False
    assert deliveries.deliver_due(now=now + timedelta(minutes=2)) == 1
    assert Delivery.objects.get().state == "done"
    assert broken_sessions.heard == ["student"]


def test_after_the_last_attempt_it_is_given_up(student, now, broken_sessions):
    owed_session(student, now)
    for day in range(10):
        deliveries.deliver_due(now=now + 2 * DAY * day)
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.attempts) == ("dead", len(deliveries.WAITS) + 1)


def test_one_failure_does_not_keep_the_others_waiting(course, student, now, broken_sessions):
    owed_session(student, now)
    subscription = school.subscribe(student, school.sold(course, title="Silver", now=now), until=now + DAY)
    deliveries.owe(subscription.pk, now=now)
    assert deliveries.deliver_due(now=now) == 2
    assert CourseEnrollment.objects.filter(user=student, course=course).exists()


def test_what_another_worker_holds_is_left_to_it(student, now, broken_sessions):
    owed_session(student, now)
    Delivery.objects.update(leased_until=now + timedelta(minutes=3))
    assert deliveries.deliver_due(now=now) == 0
    Delivery.objects.update(leased_until=now - timedelta(minutes=3))
    assert deliveries.deliver_due(now=now) == 1


def test_a_kind_that_is_no_longer_registered_is_no_failure(student, now):
    owed_session(student, now, kind="gone")
    deliveries.deliver_due(now=now)
    assert Delivery.objects.get().state == "done"
