"""Does a creator put memberships in order, and is whoever may not kept out (V28, V37, V49, V50)?"""

from datetime import timedelta

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from wagtail.models import ModelLogEntry

from lms_memberships.access import decide
from lms_memberships.memberships import ladder_making
from lms_memberships.models import Ladder, Membership, Price, Subscription
from tests.access import school
from tests.factories import MembershipFactory, UserFactory, allow
from tests.flows.steps import text

pytestmark = pytest.mark.django_db

LIST = reverse("lms_memberships_ladders_list")
ADD = reverse("lms_memberships_ladders_add")
EVERYTHING = ("view_ladder", "add_ladder", "change_ladder", "delete_ladder", "add_membership", "change_membership")


@pytest.fixture
def owner(client_for):
    return client_for(allow(UserFactory(username="owner"), *EVERYTHING))


@pytest.fixture
def three(db):
    return [MembershipFactory(title=title) for title in ("Bronze", "Silver", "Gold")]


def at(ladder: Ladder, what: str = "edit") -> str:
    return reverse(f"lms_memberships_ladders_{what}", args=[ladder.pk])


def fill(memberships, *, places=None, **more: object) -> dict[str, object]:
    rows = {}
    for row, membership in enumerate(memberships):
        rows[f"tiers-{row}-membership"] = membership if isinstance(membership, str) else str(membership.pk)
        rows[f"tiers-{row}-place"] = str(places[row] if places else row + 1)
    wanted = {"title": "Studio", "is_on": "on", "up_when": "ask", "down_when": "ask", "upsell_title": ""}
    return {**wanted, "upsell_text": "", "upsell_video": "", "tiers-count": len(memberships), **rows, **more}


def order_of(ladder: Ladder) -> list[str]:
    return list(ladder.tiers.order_by("sort_order").values_list("membership__title", flat=True))


def chosen_in(page: str) -> list[str]:
    """What is chosen in each row, as it is shown."""
    parts = page.split("<option ")
    return [part.partition(">")[2].partition("<")[0] for part in parts if " selected" in part.partition(">")[0]]


def test_a_creator_makes_tiers_and_puts_them_in_another_order(owner, three):
    """V28, V49, V50"""
    assert "Gold" in owner.get(ADD).content.decode()
    more = {"up_when": "now", "down_when": "period_end", "upsell_title": "Go further"}
    text_of_page = {"upsell_text": "**More** <script>alert(1)</script>", "upsell_video": "https://video.test/1"}
    answer = owner.post(ADD, fill(three, **more, **text_of_page), follow=True)
    ladder = Ladder.objects.get()
    assert "“Studio” is saved." in text(answer.content.decode())
    assert (order_of(ladder), ladder.up_when, ladder.down_when) == (["Bronze", "Silver", "Gold"], "now", "period_end")
    assert "<strong>More</strong>" in ladder.upsell_html
    assert "<script" not in ladder.upsell_html
    owner.post(at(ladder), fill(three, places=[3, 1, 2]))
    assert order_of(ladder) == ["Silver", "Gold", "Bronze"]
    owner.post(at(ladder), fill(three[:2]))
    assert order_of(ladder) == ["Bronze", "Silver"]
    shown = text(owner.get(LIST).content.decode())
    assert "Bronze, Silver" in shown
    actions = ModelLogEntry.objects.filter(content_type__model="ladder").values_list("action", flat=True)
    assert sorted(actions) == ["wagtail.create", "wagtail.edit", "wagtail.edit"]


def test_without_a_script_the_arrows_move_a_row_and_save_nothing(owner, three):
    """V28: with a keyboard alone too."""
    filled = fill([*three, ""], upsell_title="Typed and not lost")
    page = owner.post(ADD, {**filled, "move": "2:up"}).content.decode()
    assert [title for title in chosen_in(page) if title in ("Bronze", "Silver", "Gold")] == ["Bronze", "Gold", "Silver"]
    assert "Typed and not lost" in page
    assert not Ladder.objects.exists()
    for beyond in ("0:up", "2:down", "99:up", "x", "more"):
        page = owner.post(ADD, {**filled, "move": beyond}).content.decode()
        shown = [title for title in chosen_in(page) if title in ("Bronze", "Silver", "Gold")]
        assert shown == ["Bronze", "Silver", "Gold"], beyond


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"interval": "one_time"}, "“Gold” can be paid once or in instalments"),
        ({"instalments": 3}, "“Gold” can be paid once or in instalments"),
        ({"currency": "usd"}, "The tiers have no currency in common"),
    ],
)
def test_what_cannot_be_a_tier_is_said(owner, three, change, words):
    """V28"""
    Membership.objects.filter(title="Gold").update(**change)
    answer = owner.post(ADD, fill(three))
    assert answer.status_code == 200
    assert words in text(answer.content.decode())
    assert not Ladder.objects.exists()


def test_a_price_in_a_common_currency_is_enough(owner, three):
    """V28, X10: unless it is hidden."""
    gold = Membership.objects.get(title="Gold")
    gold.currency = "usd"
    gold.price_options.create(amount=5000, currency="eur", interval="year", is_hidden=True)
    gold.save()
    assert "no currency in common" in text(owner.post(ADD, fill(three)).content.decode())
    option = gold.price_options.get()
    option.is_hidden = False
    option.save()
    assert owner.post(ADD, fill(three)).status_code == 302


@pytest.mark.parametrize(
    ("rows", "more", "words"),
    [
        ([0], {}, "need two memberships at least"),
        ([0, 0], {}, "“Bronze” is there twice."),
        ([], {}, "Choose at least one membership."),
        (["999999", "0"], {}, "does not exist any more"),
        (["x", "0"], {}, "Choose memberships from the list."),
        ([0, 1], {"upsell_video": "javascript:alert(1)"}, "Enter a valid URL."),
        ([0, 1], {"upsell_video": "http://video.test/1"}, "Enter a valid URL."),
        ([0, 1], {"title": ""}, "This field is required."),
        ([0, 1], {"up_when": "never"}, "Select a valid choice."),
    ],
)
def test_what_is_missing_or_wrong_is_said_and_nothing_is_lost(owner, three, rows, more, words):
    """V28, V49, S11"""
    chosen = [three[row] if isinstance(row, int) else row for row in rows]
    answer = owner.post(ADD, fill(chosen, **{"upsell_title": "Kept", **more}))
    assert answer.status_code == 200
    shown = answer.content.decode()
    assert words in text(shown)
    assert 'value="Kept"' in shown
    assert not Ladder.objects.exists()


def test_one_membership_is_enough_while_it_is_off(owner, three):
    """V49"""
    filled = fill(three[:1])
    del filled["is_on"]
    owner.post(ADD, filled)
    ladder = Ladder.objects.get()
    assert not ladder.is_on
    page = owner.post(at(ladder, "switch"), {"to": "on"}, follow=True)
    assert "need two memberships at least" in text(page.content.decode())
    assert not Ladder.objects.get().is_on


def test_a_membership_is_in_one_ladder_only(owner, three):
    """V28"""
    owner.post(ADD, fill(three[:2]))
    page = owner.get(ADD).content.decode()
    assert "Gold" in page
    assert "Silver" not in page
    answer = owner.post(ADD, fill(three[1:], title="Another"))
    assert "“Silver” is a tier of “Studio” already." in text(answer.content.decode())
    assert Ladder.objects.count() == 1


def test_a_tier_cannot_be_published_with_what_no_tier_can_have(gateway, three, now):
    """V28: the rules hold later too."""
    from lms_memberships.memberships.publishing import problems

    course = school.course()
    tiers = [school.sold(course, title=title, now=now) for title in ("Low", "High")]
    assert problems(tiers[1]) == {}
    ladder = ladder_making.save(Ladder(title="Studio"), tiers, now=now)
    tiers[1].interval = "one_time"
    assert "can be paid once" in problems(tiers[1])["price_amount"][0]
    tiers[1].interval, tiers[1].currency = "month", "usd"
    assert "no currency in common" in problems(tiers[1])["price_amount"][0]
    ladder_making.switch(ladder, on=False, now=now)
    assert problems(tiers[1]) == {}


def test_it_is_switched_off_and_on_in_the_list(owner, three, now):
    """V49: the button says which; pressed twice it stays."""
    ladder = ladder_making.save(Ladder(title="Studio"), three, now=now)
    for to, is_on in (("off", False), ("off", False), ("on", True)):
        owner.post(at(ladder, "switch"), {"to": to})
        ladder.refresh_from_db()
        assert ladder.is_on is is_on
    assert owner.get(at(ladder, "switch")).status_code == 405


def held_by(student, membership, now) -> tuple:
    """All that somebody has and pays, as the tables hold it."""
    return tuple(Subscription.objects.filter(user=student).values()), tuple(Price.objects.values())


def test_deleting_it_deletes_the_order_alone(owner, student, now):
    """V28: nobody's subscription changes, and the page says so before."""
    low, high = (school.sold(school.course(title), title=title, now=now) for title in ("Low", "High"))
    ladder = ladder_making.save(Ladder(title="Studio"), [low, high], now=now)
    school.subscribe(student, high, until=now + timedelta(days=1))
    before = held_by(student, high, now)
    assert "nobody's subscription or price changes" in text(owner.get(at(ladder, "delete")).content.decode())
    assert Ladder.objects.exists()
    owner.post(at(ladder, "delete"))
    assert not Ladder.objects.exists()
    assert held_by(student, high, now) == before
    assert Membership.objects.filter(title__in=["Low", "High"]).count() == 2
    assert not decide(student, low.bundle_items.get().item, now=now).allowed


def test_one_membership_becomes_tiers_and_nobody_pays_anything_else(owner, membership, student, gateway, now):
    """V37"""
    school.subscribe(student, membership, until=now + timedelta(days=9), stripe_id="sub_1", amount=1900, currency="eur")
    before = held_by(student, membership, now)
    begin = reverse("lms_memberships_ladders_begin", args=[membership.pk])
    shown = owner.get(reverse(Membership.snippet_viewset.get_url_name("list"))).content.decode()
    assert begin in shown
    assert "pays what they pay" in text(owner.get(begin).content.decode())
    assert not Ladder.objects.exists()
    page = owner.post(begin, follow=True)
    ladder = Ladder.objects.get()
    higher = Membership.objects.exclude(pk=membership.pk).get(tier__ladder=ladder)
    assert order_of(ladder) == [membership.title, f"{membership.title} Plus"]
    assert (higher.live, higher.first_published_at, higher.slug == membership.slug) == (False, None, False)
    assert (higher.price_amount, higher.description) == (membership.price_amount, membership.description)
    assert [row.item_id for row in higher.bundle_items.all()] == [row.item_id for row in membership.bundle_items.all()]
    assert held_by(student, membership, now) == before
    for one in (membership, higher):
        wizard = reverse(Membership.snippet_viewset.get_url_name("edit"), args=[one.pk])
        assert owner.get(wizard, follow=True).status_code == 200
    assert reverse(Membership.snippet_viewset.get_url_name("edit"), args=[higher.pk]) in page.content.decode()
    assert owner.get(begin)["Location"] == at(ladder)
    owner.post(begin)
    assert Ladder.objects.count() == 1


def test_what_is_paid_once_cannot_become_tiers(owner, three):
    """V37"""
    Membership.objects.filter(title="Gold").update(interval="one_time")
    page = owner.post(reverse("lms_memberships_ladders_begin", args=[three[2].pk]), follow=True)
    assert "“Gold” can be paid once or in instalments" in text(page.content.decode())
    assert Membership.objects.count() == 3
    assert not Ladder.objects.exists()


def test_the_list_is_searched_filtered_and_constant_in_queries(owner, now):
    """H9"""

    def queries() -> int:
        with CaptureQueriesContext(database) as captured:
            assert owner.get(LIST).status_code == 200
        return len(captured)

    pairs = [[MembershipFactory(), MembershipFactory()] for _number in range(12)]
    for number, pair in enumerate(pairs[:2]):
        ladder_making.save(Ladder(title=f"Ladder {number}", is_on=number > 0), pair, now=now)
    queries()
    few = queries()
    for number, pair in enumerate(pairs[2:], start=2):
        ladder_making.save(Ladder(title=f"Ladder {number}"), pair, now=now)
    assert queries() == few
    assert "Ladder 11" in (found := owner.get(LIST, {"q": "der 11"}).content.decode())
    assert "Ladder 3" not in found
    off = owner.get(LIST, {"state": "off"}).content.decode()
    assert "Ladder 0" in off
    assert "Ladder 3" not in off
