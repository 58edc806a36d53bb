"""What becomes of a member's place when their membership ends: freed, or kept until they come back? (V48, V52, G23)"""

import pytest
from django.urls import reverse

from lms_memberships.models import Membership, Subscription
from lms_memberships.subscriptions import places
from tests.factories import MembershipFactory, UserFactory, publish, put_into
from tests.flows.steps import buy, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def studio(gateway, live_session) -> Membership:
    """One place."""
    return publish(put_into(MembershipFactory(title="Studio", max_members=1), live_session), gateway=gateway)


@pytest.fixture
def lapsed(studio, student, client_for, clock, postman):
    """Bought, cancelled, and over."""

    def end(on_lapse: str):
        Membership.objects.update(on_lapse=on_lapse)
        browser = client_for(student)
        buy(browser, studio)
        row = Subscription.objects.get()
        page = text(browser.get(reverse("lms_memberships:cancel", args=[row.pk])).content.decode())
        browser.post(reverse("lms_memberships:cancel", args=[row.pk]))
        clock.advance(days=32)
        postman.deliver()
        clock.daily()
        row.refresh_from_db()
        assert row.status == "canceled"
        return browser, row, page

    return end


def can_join(browser, membership) -> bool:
    answer = browser.post(reverse("lms_memberships:buy", args=[membership.slug]))
    return answer.status_code == 303 and answer["Location"].startswith("http")


def test_removed_their_place_is_somebody_else_s(lapsed, studio, client_for):
    """V48: the default."""
    _browser, _row, page = lapsed("remove")
    assert "Your place becomes free" in page
    assert can_join(client_for(UserFactory()), studio)


def test_kept_they_come_back_to_it_and_nobody_else_takes_it(lapsed, studio, client_for, clock):
    """V48, G23: a new row in their own place; the old one is history."""
    browser, old, page = lapsed("keep")
    assert "Your place is kept for you" in page
    assert places.places_of(studio, now=clock.now).left == 0
    assert not can_join(client_for(UserFactory()), studio)
    buy(browser, studio)
    new = Subscription.objects.exclude(pk=old.pk).get()
    assert new.status == "active"
    assert places.places_of(studio, now=clock.now).taken == 1, "one person, counted once"
    old.refresh_from_db()
    assert old.status == "canceled"


def test_the_creator_may_change_their_mind(lapsed, studio, client_for):
    """V48: freed as soon as places are not kept any more."""
    lapsed("keep")
    Membership.objects.update(on_lapse="remove")
    assert can_join(client_for(UserFactory()), studio)


def test_no_place_is_kept_for_who_withdrew_or_is_gone(lapsed, studio, student, clock, settings):
    """V48: what was paid back, and who has deleted their account, holds nothing."""
    _browser, row, _page = lapsed("keep")
    assert places.places_of(studio, now=clock.now).left == 0, "the control"
    student.is_active = False
    student.save()
    assert places.places_of(studio, now=clock.now).left == 1
    student.is_active = True
    student.save()
    Subscription.objects.filter(pk=row.pk).update(undone_at=clock.now)
    assert places.places_of(studio, now=clock.now).left == 1
