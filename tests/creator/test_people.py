"""Does a creator find who holds or held something, and nobody else, quickly, whoever they are (P23, X20)?"""

import re
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import connection as database
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from lms_memberships.creator.people import columns, views
from lms_memberships.models import Account, Customer, Dispute, Invoice, Membership, Subscription
from lms_memberships.subscriptions import people_listing, people_states
from lms_memberships.subscriptions.people_listing import Wanted
from tests.creator.crowds import DAY, STATES, crowd, holds
from tests.factories import MembershipFactory, UserFactory, allow
from tests.flows.steps import text

pytestmark = pytest.mark.django_db

LIST, RESULTS = reverse("lms_memberships_people_list"), reverse("lms_memberships_people_results")


@pytest.fixture
def gold(db) -> Membership:
    return MembershipFactory(title="Gold")


@pytest.fixture
def silver(db) -> Membership:
    return MembershipFactory(title="Silver")


@pytest.fixture
def owner(client_for):
    return client_for(allow(UserFactory(username="owner"), "view_subscription"))


def names(answer) -> list[str]:
    """Who is listed, in order."""
    return [row.user.username for row in answer.context["object_list"]]


def test_one_row_a_person_with_all_that_they_hold_in_words(owner, gold, silver, student):
    """P23, X20"""
    holds(student, gold, "trial")
    holds(student, silver, "ended", started_at=timezone.now() - 400 * DAY)
    UserFactory(username="visitor")
    page = owner.get(LIST)
    assert names(page) == ["student"], "not the visitor, not the creator: they hold nothing"
    said = text(page.content.decode())
    assert "Ada Lind (student)" in said
    assert "Gold: on trial Silver: ended" in said
    assert date_format(timezone.localtime() + 3 * DAY, "DATE_FORMAT") in said, "when the trial ends, as a day"
    assert "student@school.test" in said
    assert "1 person" in said
    assert LIST in owner.get(reverse("wagtailadmin_home")).content.decode()


def test_who_holds_something_is_listed_whatever_they_are(owner, gold, admin):
    """M7: an admin is in the list for what they hold, and never for what they may do."""
    assert names(owner.get(LIST)) == []
    holds(admin, gold)
    assert names(owner.get(LIST)) == ["admin"]


@pytest.mark.parametrize("state", STATES)
def test_each_state_is_found_by_its_name_and_said_so(owner, gold, state):
    """X20, X17"""
    for each in STATES:
        holds(UserFactory(username=f"is_{each}"), gold, each)
    page = owner.get(LIST, {"state": state})
    assert names(page) == [f"is_{state}"]
    assert f"Gold: {people_states.LABELS[state]}" in text(page.content.decode())
    assert len(names(owner.get(LIST))) == len(STATES)


def dispute(row: Subscription, status: str) -> None:
    Dispute.objects.create(
        subscription=row, status=status, said=status, stripe_id=f"dp_{status}_{row.pk}", account=row.account,
        amount=1900, currency="eur", created_at=row.started_at, read_started_at=row.started_at,
    )  # fmt: skip


#: What may stand in a row besides its status, its opening and its access.
ODD = (
    {},
    {"cancel_at": DAY},
    {"suspended_at": -DAY},
    {"suspended_at": -DAY, "cancel_at": DAY},
    {"revoked_at": -DAY},
    {"suspended_at": -DAY, "revoked_at": -DAY},
    {"flag": "unknown_price"},
    {"flag": "unknown_price", "cancel_at": -DAY},
    {"flag": "unknown_price", "revoked_at": -DAY},
    {"void_from": -DAY},
    {"void_from": -DAY, "flag": "unknown_price"},
)


@pytest.mark.parametrize(
    ("state", "more", "decided", "listed", "said"),
    [
        ("disputed", {}, "open", "disputed", "until the bank has decided"),
        ("disputed", {"status": "canceled"}, "open", "disputed", "until the bank has decided"),
        ("disputed", {}, "lost", "ended", "Dispute lost"),
        ("disputed", {"revoked_at": -DAY}, "open", "ended", "Revoked"),
        ("checked", {}, "", "being checked", "Being checked Closed since"),
        ("checked", {"access_until": 3 * DAY}, "", "being checked", "Being checked Open until"),
        ("checked", {"flag": "", "void_from": -DAY}, "", "paused", "Paused Nothing is charged"),
    ],
)
def test_the_list_says_what_the_page_of_the_person_says(owner, gold, student, state, more, decided, listed, said):
    """X20, G7, G12: neither a dispute that runs nor what is still billed has ended."""
    now = timezone.now()
    moved = {name: now + value if isinstance(value, timedelta) else value for name, value in more.items()}
    row = holds(student, gold, state, **moved)
    if decided:
        dispute(row, decided)
    assert f"Gold: {listed} " in text(owner.get(LIST).content.decode())
    assert said in text(owner.get(columns.person_url(student.pk)).content.decode())


def test_every_row_is_in_exactly_one_state(gold):
    """X20: whatever Stripe made of it. What the filter finds is what the list says."""
    now = timezone.now()
    moments = (None, now - DAY, now + DAY, people_states.FOR_GOOD)
    number, rows = 0, []
    person = UserFactory()
    for status in [value for value, _label in Subscription._meta.get_field("status").choices]:
        for until in moments:
            for opened in (None, now - DAY):
                for more in ODD:
                    number += 1
                    row = holds(
                        person, gold, status=status, access_until=until, opened_at=opened, stripe_id=f"sub_{number}",
                        **{name: now + value if isinstance(value, timedelta) else value for name, value in more.items()},
                    )  # fmt: skip
                    rows.append(row)
    for row in rows[::3]:
        dispute(row, "lost")
    for row in rows[::6]:
        dispute(row, "open")
    said = dict(people_states.with_state(people_states.shown(), now=now).values_list("pk", "standing"))
    assert set(said.values()) == set(people_states.LABELS)
    for state, condition in people_states.conditions(now).items():
        found = set(people_states.shown().filter(condition).values_list("pk", flat=True))
        assert found == {pk for pk, its in said.items() if its == state}, state


def test_what_never_began_or_was_bought_twice_is_nobodys(owner, gold, student):
    """C6, J5, S9"""
    first = holds(UserFactory(username="first"), gold)
    for number, columns_ in enumerate(
        (
            {"status": "incomplete_expired", "opened_at": None, "access_until": None},
            {"duplicate_of": first},
            {"flag": "no_place"},
            {"flag": "unknown_price", "opened_at": None, "access_until": None},
        )
    ):
        holds(student, gold, stripe_id=f"sub_n{number}", **columns_)
    assert names(owner.get(LIST)) == ["first"]


def test_all_that_is_asked_of_a_membership_is_asked_of_one_and_the_same(owner, gold, silver, student):
    """X20: on trial in Silver and a member of Gold is not on trial in Gold."""
    holds(student, gold, "live")
    holds(student, silver, "trial")
    assert names(owner.get(LIST, {"membership": gold.pk, "state": "trial"})) == []
    assert names(owner.get(LIST, {"membership": silver.pk, "state": "trial"})) == ["student"]
    assert names(owner.get(LIST, {"membership": gold.pk, "state": "live"})) == ["student"]


def test_by_origin_day_and_language(owner, gold):
    """X20"""
    now = timezone.now()
    holds(UserFactory(username="gifted"), gold, origin="gift", language="fr", started_at=now - 100 * DAY)
    holds(UserFactory(username="bought"), gold, started_at=now - 3 * DAY)
    today = timezone.localdate(now)
    assert names(owner.get(LIST, {"origin": "gift"})) == ["gifted"]
    assert names(owner.get(LIST, {"language": "fr"})) == ["gifted"]
    day = (today - timedelta(days=3)).isoformat()
    assert names(owner.get(LIST, {"joined_from": day, "joined_to": day})) == ["bought"], "both days are included"
    assert names(owner.get(LIST, {"joined_to": (today - timedelta(days=50)).isoformat()})) == ["gifted"]
    assert owner.get(LIST, {"joined_from": "0001-01-01", "joined_to": "9999-12-31"}).status_code == 200


def test_by_name_address_and_part_of_them(owner, gold, student):
    """X20"""
    holds(student, gold)
    holds(UserFactory(username="grace", email="grace@other.test", first_name="Grace", last_name="Hopper"), gold)
    for words in ("ada", "LIND", "ada lind", "lind ADA", "student@", "tude"):
        assert names(owner.get(LIST, {"q": words})) == ["student"], words
    assert names(owner.get(LIST, {"q": "other.test"})) == ["grace"]
    assert names(owner.get(LIST, {"q": "ada hopper"})) == []


def test_by_stripes_ids_exactly(owner, gold, student, gateway):
    """X20: the id that a receipt or Stripe's dashboard shows."""
    account = Account.objects.get()
    here = {"account": account.stripe_id, "livemode": account.livemode}
    held = holds(student, gold, stripe_id="sub_ABCD1234")
    Customer.objects.create(user=student, stripe_id="cus_ABCD1234", **here)
    Invoice.objects.create(
        user=student, membership=gold, subscription=held, stripe_id="in_ABCD1234", payment_intent_id="pi_ABCD1234",
        status="paid", currency="eur", total=1, amount_paid=1, amount_due=0, created_at=timezone.now(),
        read_started_at=timezone.now(), **here,
    )  # fmt: skip
    holds(UserFactory(), gold)
    for stripe_id in ("sub_ABCD1234", "cus_ABCD1234", "in_ABCD1234", "pi_ABCD1234"):
        assert names(owner.get(LIST, {"q": stripe_id})) == ["student"], stripe_id
    assert names(owner.get(LIST, {"q": "sub_ABCD123"})) == []


def test_whoever_was_forgotten_is_not_listed(owner, gold):
    """K7"""
    holds(UserFactory(username="erased-7", email="", is_active=False), gold, "ended")
    assert names(owner.get(LIST)) == []


# ---------------------------------------------------------------- pages
def walk(owner, first: str, way: str, **query: str) -> list[list[str]]:
    """Page after page, as the links lead."""
    pages, url = [], first
    while url:
        answer = owner.get(url, query if url is first else None)
        pages.append(names(answer))
        url = answer.context[way]
    return pages


@pytest.mark.parametrize("ordering", ["", "-started_at", "started_at", "name", "-name"])
def test_pages_lead_through_everybody_once_and_back(owner, gold, ordering):
    """U18, X20: forwards and backwards, in every order, equals among them."""
    crowd(gold, 120)
    # Equal moments are told apart by their keys.
    Subscription.objects.filter(user__username__lt="crowd00060").update(started_at=timezone.now())
    query = {"ordering": ordering} if ordering else {}
    pages = walk(owner, LIST, "next_url", **query)
    assert [len(page) for page in pages] == [50, 50, 20]
    seen = sum(pages, [])
    assert len(set(seen)) == 120
    column = {"": "-started_at"}.get(ordering, ordering).replace("name", "user__username")
    sign = "-" if column.startswith("-") else ""
    assert seen == list(Subscription.objects.order_by(column, f"{sign}pk").values_list("user__username", flat=True))
    last = owner.get(LIST, query)
    while last.context["next_url"]:
        last = owner.get(last.context["next_url"])
    assert walk(owner, last.context["previous_url"], "previous_url") == pages[-2::-1]


def test_a_page_stays_where_it_is_when_people_join_meanwhile(owner, gold):
    """M7, U18: with page numbers the newcomers would push people from one page to the next; that is the control."""
    crowd(gold, 80)
    first = owner.get(LIST)
    by_number = people_listing.rows(Wanted(), now=timezone.now()).order_by("-started_at", "-pk")
    shown_by_number = {row.user_id for row in by_number[:50]}
    crowd(gold, 5, first=90_000)
    Subscription.objects.filter(user__username__gte="crowd90000").update(started_at=timezone.now() + DAY)
    second = owner.get(first.context["next_url"])
    assert set(names(first)) & set(names(second)) == set()
    assert len(names(second)) == 30
    assert shown_by_number & {row.user_id for row in by_number[50:]}, "the control: somebody is shown twice"


def test_many_are_counted_up_to_a_bound(owner, gold, monkeypatch):
    """X20: nobody waits for a number that nobody reads."""
    monkeypatch.setattr(people_listing, "COUNTED", 10)
    crowd(gold, 15)
    assert "More than 10 people" in text(owner.get(LIST).content.decode())
    assert "5 people" in text(owner.get(LIST, {"q": "crowd0001"}).content.decode())


def test_the_queries_do_not_grow_with_the_people(owner, gold, silver):
    """X20"""
    counts = []
    for number in (2, 60):
        rows = crowd(gold, number, first=number * 1000)
        for row in rows[:40]:
            holds(row.user, silver, "ended")
        owner.get(LIST)
        with CaptureQueriesContext(database) as captured:
            owner.get(LIST)
        counts.append(len(captured))
    assert counts[0] == counts[1] <= 20
    with CaptureQueriesContext(database) as captured:
        owner.get(LIST, {"q": "crowd", "state": "live", "membership": gold.pk, "joined_from": "2020-01-01"})
    assert len(captured) <= counts[0] + 2


# ---------------------------------------------------------------- safety
@pytest.mark.parametrize(
    "ordering", ["user__password", "-user__password", "pk;drop table", "started_at,pk", "?", "name' --", "\x00", "-"]
)
def test_only_named_columns_sort(owner, gold, student, ordering):
    """S45: anything else is the usual order."""
    holds(student, gold)
    page = owner.get(LIST, {"ordering": ordering})
    assert page.status_code == 200
    assert page.context["ordering"] == "-started_at"


@pytest.mark.parametrize(
    "query",
    [
        {"q": "' OR 1=1 --"},
        {"q": "%"},
        {"q": "\\"},
        {"q": "\x00"},
        {"membership": "1 OR 1=1"},
        {"membership": "999999999999999999999"},
        {"state": "x' OR 'a'='a"},
        {"language": "'; --"},
        {"joined_from": "yesterday"},
        {"after": "1 OR 1=1"},
        {"after": "9" * 30, "before": "x"},
        {"after": "-1"},
        {"before": "٣"},
        {"p": "9999999999"},
        {"export": "csv"},
        {"export": "xlsx"},
    ],
)
def test_what_is_no_answer_breaks_nothing(owner, gold, student, query):
    """S45, S46: what is asked is a value, never a part of a statement; and Wagtail's own export is no way round ours."""
    holds(student, gold)
    for url in (LIST, RESULTS):
        answer = owner.get(url, query)
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith("text/html")
        assert set(names(answer)) <= {"student"}


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ({"joined_from": "2026-13-45"}, "Joined: Enter a valid date."),
        ({"state": "zzz"}, "State: Select a valid choice. zzz is not one of the available choices."),
        ({"q": "\x00"}, "Search term: Null characters are not allowed."),
    ],
)
def test_what_is_no_answer_shows_nobody_and_says_why(owner, gold, student, query, why):
    """X20: everybody would be taken for the answer."""
    holds(student, gold)
    assert names(owner.get(LIST)) == ["student"], "the control"
    for url in (LIST, RESULTS):
        answer = owner.get(url, query)
        assert names(answer) == []
        said = text(answer.content.decode())
        assert f"is not understood, so nobody is in it. {why}" in said
        assert "1 person" not in said


def test_what_people_call_themselves_is_shown_and_not_run(owner, gold):
    """S13"""
    evil = '"><script>alert(13)</script>'
    holds(UserFactory(username="evil", first_name=evil, email='a"<u>@school.test'), gold)
    Membership.objects.update(title=evil)
    page = owner.get(LIST).content.decode()
    assert "<script>alert(13)" not in page
    assert "<u>@" not in page
    assert "&lt;script&gt;alert(13)" in page


def test_whoever_may_not_see_people_sees_none(client_for, creator, gold, student):
    """X24, S46"""
    holds(student, gold)
    browser = client_for(creator)
    for url in (LIST, RESULTS):
        assert browser.get(url).status_code == 302
    home = browser.get(reverse("wagtailadmin_home")).content.decode()
    assert LIST not in home


def test_from_a_membership_one_click_leads_to_its_people(client_for, gold, silver, student):
    """X20"""
    holds(student, gold)
    holds(UserFactory(username="other"), silver)
    browser = client_for(allow(UserFactory(), "view_membership", "change_membership", "view_subscription"))
    page = browser.get(reverse(Membership.snippet_viewset.get_url_name("list"))).content.decode()
    url = views.people_url(gold)
    assert url in page
    assert names(browser.get(url)) == ["student"]


def test_a_name_leads_to_the_persons_page(owner, gold, student):
    """X20"""
    holds(student, gold)
    url = columns.person_url(student.pk)
    assert f'href="{url}"' in owner.get(LIST).content.decode()
    assert "Ada Lind" in text(owner.get(url).content.decode())


def test_the_newest_of_a_person_stands_for_them(gold, silver, student):
    """P23: as the database says it, whoever asks."""
    holds(student, gold, started_at=timezone.now() - 9 * DAY)
    newest = holds(student, silver)
    Subscription.objects.filter(pk=newest.pk).update(started_at=F("started_at") + 39 * DAY)
    now = timezone.now()
    assert [row.pk for row in people_listing.rows(Wanted(), now=now)] == [newest.pk]
    assert list(people_listing.people(Wanted(), now=now)) == [get_user_model().objects.get(pk=student.pk)]
    assert people_listing.count(Wanted(), now=now) == 1
    assert re.fullmatch(r"/admin/memberships/people/\?membership=\d+", views.people_url(gold))
