"""Does a site work whose own user model has no column ``is_active``? ``AbstractBaseUser`` has an attribute only (W17, K7)."""

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist, FieldError
from django.urls import reverse
from django.utils import timezone

from lms_memberships.emails import readers
from lms_memberships.memberships.lapsing import OnLapse
from lms_memberships.models import Membership, Subscription
from lms_memberships.personal_data import forgetting
from lms_memberships.subscriptions import places
from tests.factories import MembershipFactory, UserFactory, allow, publish, put_into
from tests.flows.desk import helper, read
from tests.flows.steps import buy, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def no_column(monkeypatch) -> None:
    """No query finds the column; the attribute stays, as ``AbstractBaseUser`` has it."""
    options = get_user_model()._meta
    known = options.get_field

    def get_field(name: str):
        if name == "is_active":
            raise FieldDoesNotExist(name)
        return known(name)

    monkeypatch.setattr(options, "get_field", get_field)


@pytest.fixture
def studio(gateway, live_session) -> Membership:
    membership = MembershipFactory(title="Studio pass", max_members=2, on_lapse=OnLapse.KEEP)
    return publish(put_into(membership, live_session), gateway=gateway)


def test_control_the_column_is_not_found(no_column):
    """Negative control: what asks for the column breaks."""
    with pytest.raises(FieldError):
        get_user_model().objects.filter(is_active=True)


def test_places_are_counted_and_sold(no_column, studio, student, client_for):
    """W17, V48: the page, the purchase, and the place that is kept for whoever left."""
    browser = client_for(student)
    assert browser.get(studio.get_absolute_url()).status_code == 200
    buy(browser, studio)
    now = timezone.now()
    assert places.places_of(studio, now=now).taken == 1
    Subscription.objects.update(status="canceled", access_until=now, ended_at=now)
    assert places.places_of(studio, now=now).taken == 1


def test_nobodys_place_is_kept_for_whoever_is_forgotten(no_column, studio, student, client_for):
    """V48, K7: a row without a name comes back no more."""
    buy(client_for(student), studio)
    now = timezone.now()
    Subscription.objects.update(status="canceled", access_until=now, ended_at=now)
    forgetting.forget(student.pk)
    assert places.places_of(studio, now=now).taken == 0


def test_accounts_are_found_and_creators_hear_of_sales(no_column, client_for, student):
    """X20, F1: the search for another account of the same person, and who reads of a sale."""
    other = UserFactory(username="ada-again")
    desk = client_for(helper())
    assert "ada-again" in read(desk, "merge", student, q=other.username)
    creator = allow(UserFactory(email="creator@school.test"), "publish_membership")
    assert creator.email in {each.email for each in readers.of_admins()}
    page = client_for(allow(UserFactory(), "view_subscription")).get(reverse("lms_memberships_people_list"))
    assert page.status_code == 200
    assert "People" in text(page.content.decode())
