"""Do sessions and products keep for members what is theirs?"""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from icalendar import Calendar

from example_site.models import DigitalProduct, LiveSession
from lms_memberships.models import Membership
from tests.factories import MembershipFactory, UserFactory, publish, put_into
from tests.hosted import path_of, pay

pytestmark = pytest.mark.usefixtures("school")


@pytest.fixture
def session(school) -> LiveSession:
    return LiveSession.objects.get(slug="opening-the-kiln")


@pytest.fixture
def product(school) -> DigitalProduct:
    return DigitalProduct.objects.get(slug="glaze-book")


@pytest.fixture
def workshop(school, gateway, session, product) -> Membership:
    return publish(put_into(MembershipFactory(title="The workshop"), session, product), gateway=gateway)


def test_a_visitor_sees_the_session_but_neither_link_nor_file(workshop, session):
    page = Client().get(session.get_absolute_url())
    assert session.title in page.content.decode()
    assert session.join_url not in page.content.decode()
    assert "The workshop" in page.content.decode()
    assert Client().get(f"/live/{session.slug}.ics").status_code == 403


def test_a_visitor_sees_the_product_but_gets_no_file(workshop, product):
    assert Client().get(product.get_absolute_url()).status_code == 200
    answer = Client().get(f"/shop/{product.slug}/download/")
    assert answer.status_code == 403
    assert b"feldspar" not in b"".join(answer)


def test_files_of_products_have_no_address_of_their_own(product):
    assert Client().get(f"/media/{product.file.name}").status_code == 404


def test_no_cache_keeps_what_depends_on_who_asks(workshop, session, product):
    for address in (session.get_absolute_url(), product.get_absolute_url()):
        headers = Client().get(address).headers
        assert "no-store" in headers["Cache-Control"]
        assert "Cookie" in headers["Vary"]


@pytest.fixture
def member(workshop) -> Client:
    """Somebody who has bought it: through the site, on the hosted page, and back."""
    browser = Client()
    browser.force_login(UserFactory(first_name="Ada", last_name="Lind"))
    hosted_page = browser.post(f"/memberships/{workshop.slug}/buy/").headers["Location"]
    _status, location, _text = pay(hosted_page)
    assert browser.get(path_of(location)).status_code == 200
    return browser


def test_a_member_gets_link_calendar_and_file(member, session, product):
    page = member.get(session.get_absolute_url()).content.decode()
    assert session.join_url in page
    event = Calendar.from_ical(member.get(f"/live/{session.slug}.ics").content).walk("VEVENT")[0]
    assert str(event["location"]) == session.join_url
    assert event["dtstart"].dt == session.starts_at
    download = member.get(f"/shop/{product.slug}/download/")
    assert (
        download.headers["Content-Disposition"] == 'attachment; filename="' + product.file.name.rpartition("/")[2] + '"'
    )
    assert b"feldspar" in b"".join(download.streaming_content)


def test_a_session_that_is_over_has_no_way_in(member, session):
    LiveSession.objects.filter(pk=session.pk).update(
        starts_at=timezone.now() - timedelta(hours=3), ends_at=timezone.now() - timedelta(hours=1)
    )
    page = member.get(session.get_absolute_url()).content.decode()
    assert "This session is over." in page
    assert session.join_url not in page
