"""Does a creator make, find, show and take back invitations, and is whoever may not kept out (V8, S22)?"""

import html
import re
import uuid
from datetime import timedelta
from urllib.parse import parse_qs, unquote

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from wagtail.models import ModelLogEntry

from lms_memberships.memberships import promotions
from lms_memberships.models import InvitationLink
from lms_memberships.subscriptions import inviting
from tests.factories import MembershipFactory, UserFactory, allow, publish, put_into
from tests.flows.invitations import invite
from tests.flows.steps import text

pytestmark = pytest.mark.django_db

LIST = reverse("lms_memberships_invitations_list")
ADD = reverse("lms_memberships_invitations_add")
EVERYTHING = ("view_invitationlink", "add_invitationlink", "change_invitationlink")


@pytest.fixture
def owner(client_for):
    return client_for(allow(UserFactory(username="owner"), *EVERYTHING))


def show(link: InvitationLink, what: str = "show") -> str:
    return reverse(f"lms_memberships_invitations_{what}", args=[link.pk])


def add(membership) -> str:
    return f"{ADD}?membership={membership.pk}"


def fill(membership, **more: object) -> dict[str, object]:
    wanted = {"token": str(uuid.uuid4()), "price": str(membership.prices.order_by("pk").first().pk), "kind": "single"}
    return {**wanted, **more}


def address_in(page: str) -> str:
    """The path of the link that the page shows."""
    found = re.findall(r">http://testserver(/memberships/invitation/[\w-]+/)<", page)
    assert len(set(found)) == 1, page[:3000]
    return found[0]


def said(answer) -> str:
    return text(answer.content.decode())


# ---------------------------------------------------------------- making one
def test_a_creator_makes_one_with_what_is_there_already_and_it_works(owner, client, membership):
    """V8: choose the membership, press the button, copy the link."""
    page = owner.get(ADD)
    assert membership.title in said(page)
    chosen = owner.post(ADD, {"membership": membership.pk})
    assert chosen["Location"] == add(membership)
    form = owner.get(add(membership))
    assert "€19.00 per month" in said(form).replace("\xa0", " ")
    as_it_stands = {name: field.initial for name, field in form.context["form"].fields.items() if field.initial}
    assert as_it_stands["last_day"] == timezone.localdate() + timedelta(days=14)
    filled = {**as_it_stands, "token": str(uuid.uuid4()), "last_day": as_it_stands["last_day"].isoformat()}
    made = owner.post(add(membership), filled)
    address = address_in(made.content.decode())
    assert client.get(address).status_code == 200
    link = InvitationLink.objects.get()
    assert (link.kind, link.max_uses, link.price, link.created_by.username) == (
        "single",
        1,
        membership.prices.get(),
        "owner",
    )
    assert [entry.action for entry in ModelLogEntry.objects.for_instance(link)] == ["lms_memberships.invitation_made"]


def test_for_one_person_it_is_shown_once_and_kept_in_no_cache(owner, membership):
    """S22"""
    filled = fill(membership)
    made = owner.post(add(membership), filled)
    address = address_in(made.content.decode())
    assert "Copy it now" in said(made)
    assert "no-store" in made.headers["Cache-Control"]
    link = InvitationLink.objects.get()
    again = owner.post(add(membership), filled)
    assert again["Location"] == show(link), "sent twice, it is made once"
    page = owner.get(show(link)).content.decode()
    assert address not in page
    assert "is kept nowhere" in text(page)
    assert address not in owner.get(LIST).content.decode()


def test_for_several_it_can_be_copied_again_by_who_may_change_it(owner, client_for, membership):
    """S22"""
    made = owner.post(add(membership), fill(membership, kind="many", max_uses="30", note="Newsletter"))
    address = address_in(made.content.decode())
    link = InvitationLink.objects.get()
    assert address_in(owner.get(show(link)).content.decode()) == address
    reader = client_for(allow(UserFactory(), "view_invitationlink"))
    page = reader.get(show(link)).content.decode()
    assert address not in page
    assert "0 of 30" in text(page)
    assert "Newsletter" in text(page)
    assert reader.post(show(link, "revoke")).status_code == 302
    link.refresh_from_db()
    assert link.revoked_at is None


def test_free_access_and_a_code_and_an_address_are_kept(owner, membership, gateway):
    coupon = gateway.client.v1.coupons.create({"percent_off": 20, "duration": "once"})
    gateway.client.v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "FRIENDS"})
    code = promotions.look_up("FRIENDS", gateway=gateway)
    assert owner.post(add(membership), fill(membership, code=code.pk, email="Ada@school.test")).status_code == 200
    assert owner.post(add(membership), fill(membership, price="free", days="30")).status_code == 200
    free, paid = InvitationLink.objects.order_by("-pk")
    assert (paid.promotion_code, paid.email, paid.days) == (code, "Ada@school.test", None)
    assert (free.is_free, free.days) == (True, 30)
    assert "Free for 30 days" in said(owner.get(show(free)))
    assert "FRIENDS: 20% off the first payment" in said(owner.get(show(paid)))


def test_hidden_prices_can_be_chosen_and_are_called_so(owner, gateway, live_session):
    membership = put_into(MembershipFactory(), live_session)
    membership.price_options.create(amount=500, currency="eur", interval="month", is_hidden=True)
    publish(membership, gateway=gateway)
    assert "€5.00 per month (hidden)" in said(owner.get(add(membership))).replace("\xa0", " ")
    hidden = membership.prices.get(amount=500)
    owner.post(add(membership), fill(membership, price=hidden.pk))
    assert InvitationLink.objects.get().price == hidden


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"price": "free", "days": "3", "last_day_of_access": "2099-01-01"}, "Choose a number of days or a last day"),
        ({"last_day": "2020-01-01"}, "This day is over."),
        ({"price": "999999"}, "Select a valid choice."),
        ({"kind": "many", "max_uses": "0"}, "greater than or equal to 1"),
        ({"email": "nobody"}, "Enter a valid email address."),
    ],
)
def test_what_cannot_be_is_said_beside_the_field_and_nothing_is_lost(owner, membership, more, words):
    answer = owner.post(add(membership), fill(membership, note="Keep me", **more))
    assert answer.status_code == 200
    assert words in said(answer)
    assert "Keep me" in answer.content.decode()
    assert not InvitationLink.objects.exists()


def test_without_a_connection_there_is_no_form(owner, settings, db):
    settings.LMS_MEMBERSHIPS_STRIPE_SECRET_KEY = ""
    assert owner.get(ADD)["Location"] == LIST
    assert owner.get(LIST).status_code == 200


def test_a_mail_to_whom_it_is_for_can_be_begun(owner, membership):
    """S22: by the creator's own mail program; nothing here keeps or sends the link."""
    made = owner.post(add(membership), fill(membership, email="ada+craft@school.test")).content.decode()
    address = address_in(made)
    begun = re.search(r'href="mailto:([^"?]+)\?([^"]+)"', html.unescape(made))
    assert unquote(begun[1]) == "ada+craft@school.test"
    said_there = parse_qs(begun[2])
    assert said_there["body"] == [f"http://testserver{address}"]
    assert said_there["subject"] == [f"Invitation to {membership.title}"]
    assert "mailto:ada" not in owner.post(add(membership), fill(membership)).content.decode()


# ---------------------------------------------------------------- taking it back, and who came
def test_taking_one_back_ends_it_and_stands_in_the_history(owner, client, membership):
    """S22"""
    link, address = invite(membership)
    page = owner.post(show(link, "revoke"), follow=True)
    assert "Nobody can accept this invitation any more." in said(page)
    assert "Taken back" in said(page)
    assert client.get(address).status_code == 410
    owner.post(show(link, "revoke"))
    entries = ModelLogEntry.objects.for_instance(link)
    assert [entry.action for entry in entries] == ["lms_memberships.invitation_revoked"], "once"


def test_who_came_by_it_is_listed(owner, membership, student):
    link, _address = invite(membership, free=True)
    assert "Nobody yet." in said(owner.get(show(link)))
    inviting.accept(student, link, language="en", now=link.created_at)
    page = said(owner.get(show(link)))
    assert "student" in page
    assert "Used up" in page


# ---------------------------------------------------------------- the list
def test_they_are_found_by_their_words_their_state_and_their_membership(owner, membership, gateway, live_session, now):
    other = publish(put_into(MembershipFactory(title="Evening class"), live_session), gateway=gateway)
    active, _address = invite(membership, email="ada@school.test", note="Newsletter")
    expired, _address = invite(other)
    InvitationLink.objects.filter(pk=expired.pk).update(expires_at=now - timedelta(days=1))
    revoked, _address = invite(other)
    InvitationLink.objects.filter(pk=revoked.pk).update(revoked_at=now)
    used, _address = invite(membership, free=True)
    inviting.accept(UserFactory(), used, language="en", now=used.created_at)
    found = {"active": active, "expired": expired, "revoked": revoked, "used_up": used}
    for state, link in found.items():
        page = owner.get(LIST, {"state": state})
        assert [each.pk for each in page.context["object_list"]] == [link.pk], state
    for words, link in (("ADA@", active), ("newsl", active)):
        assert [each.pk for each in owner.get(LIST, {"q": words}).context["object_list"]] == [link.pk]
    assert len(owner.get(LIST, {"membership": other.pk}).context["object_list"]) == 2
    assert "1 of 1" in said(owner.get(LIST))


def test_the_list_is_paged_and_costs_the_same_queries_at_any_size(owner, membership):
    def queries() -> int:
        with CaptureQueriesContext(database) as captured:
            assert owner.get(LIST).status_code == 200
        return len(captured)

    for _number in range(3):
        invite(membership)
    queries()
    before = queries()
    for number in range(60):
        invite(membership, kind="many", free=bool(number % 2))
    assert queries() == before
    assert len(owner.get(LIST).context["object_list"]) == 50
    assert len(owner.get(LIST, {"p": 2}).context["object_list"]) == 13


def test_who_came_costs_the_same_queries_at_any_size(owner, membership):
    link, _address = invite(membership, kind="many", free=True)

    def queries() -> int:
        with CaptureQueriesContext(database) as captured:
            assert owner.get(show(link)).status_code == 200
        return len(captured)

    inviting.accept(UserFactory(), link, language="en", now=link.created_at)
    queries()
    before = queries()
    for _person in range(5):
        inviting.accept(UserFactory(), link, language="en", now=link.created_at)
    assert queries() == before
