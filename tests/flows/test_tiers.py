"""What does a student meet who holds one tier and wants what another one contains (V28, V31, V46, V50, V24)?"""

import re
from datetime import timedelta

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import NoReverseMatch, reverse

from lms_memberships.access import fence
from lms_memberships.memberships import ladder_making
from lms_memberships.models import Checkout, Ladder, Membership, Subscription
from lms_memberships.subscriptions import tiers as held_tiers
from tests.access import school
from tests.factories import MembershipFactory, UserFactory, publish, put_into
from tests.flows.steps import buy, press_join, text

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


class Studio:
    """Three tiers on sale, with a course each, and an upsell page with words of its own."""

    def __init__(self, gateway, now) -> None:
        self.now, self.gateway = now, gateway
        self.courses, self.memberships = {}, {}
        for name, price in (("Bronze", 900), ("Silver", 1900), ("Gold", 3900)):
            self.add(name, price)
        self.ladder = Ladder(
            title="Studio",
            upsell_title="Go further",
            upsell_text="More **clay**.",
            upsell_video="https://video.test/watch?v=1",
        )
        self.save()

    def add(self, name: str, price: int) -> Membership:
        self.courses[name] = school.course(f"Course of {name}")
        made = put_into(MembershipFactory(title=name, price_amount=price), self.courses[name])
        self.memberships[name] = publish(made, gateway=self.gateway)
        return self.memberships[name]

    def save(self) -> None:
        ladder_making.save(self.ladder, list(self.memberships.values()), now=self.now)
        fence.refresh()

    @property
    def page(self) -> str:
        return reverse("lms_memberships:tiers", args=[self.ladder.pk])

    def change(self, subscription: Subscription, name: str) -> str:
        """Where a button that changes the tier leads."""
        return held_tiers.change_url(subscription, self.memberships[name]).replace("&", "&amp;")


@pytest.fixture
def studio(gateway, now):
    return Studio(gateway, now)


def own(page: str) -> str:
    """What is said between the site's header and its footer, which names every course."""
    return text(page.partition('<div class="lmsm">')[2].partition("<footer")[0])


def links(page: str) -> list[str]:
    """What the big buttons lead to."""
    return re.findall(r'<a class="lmsm-button[^"]*"\s+href="([^"]+)"', page)


def test_a_stranger_sees_all_tiers_side_by_side_with_their_prices(studio):
    """V31, V50, V24: in order, with what each adds, in the words of the creator."""
    page = Client().get(studio.page).content.decode()
    shown = own(page)
    assert "Go further" in shown
    assert "<strong>clay</strong>" in page
    assert "https://video.test/watch?v=1" in page
    places = [shown.index(words) for words in ("€9.00 per month", "€19.00 per month", "€39.00 per month")]
    assert places == sorted(places)
    assert "Everything in Bronze, and:" in shown
    assert "Everything in Silver, and:" in shown
    assert shown.count("Course of Bronze") == 1
    assert links(page)[1:] == [one.get_absolute_url() for one in studio.memberships.values()]
    assert "You have this one" not in shown


def test_who_bought_bronze_stands_before_gold_and_is_shown_the_way_up(studio, student, client_for, postman):
    """V31, V28, X1, X9: on the closed page itself; what is theirs is open, and nothing is sold to them twice."""
    browser = client_for(student)
    buy(browser, studio.memberships["Bronze"])
    postman.deliver()
    held = Subscription.objects.get()
    assert browser.get(studio.courses["Bronze"].url).status_code == 200
    closed = browser.get(studio.courses["Gold"].url)
    page = closed.content.decode()
    assert closed.status_code == 403
    assert "no-store" in closed["Cache-Control"]
    assert "Your membership “Bronze” does not contain this. Change to “Gold” to open it." in text(page)
    assert "Go further" in text(page)
    assert "You have this one" in text(page)
    assert "you see what you pay today, next and then" in text(page)
    assert links(page)[1:] == [studio.change(held, "Silver"), studio.change(held, "Gold")]
    detail = browser.get(studio.memberships["Gold"].get_absolute_url()).content.decode()
    assert "Part of Bronze, Silver, Gold." in text(detail)
    assert "Everything in Bronze, Silver, and:" in text(detail)
    assert "You have Bronze, another one of these memberships." in text(detail)
    assert reverse("lms_memberships:buy", args=[studio.memberships["Gold"].slug]) not in detail


def test_a_second_tier_is_not_sold_to_who_can_change(studio, student, client_for, postman):
    """X8: nobody pays two tiers of one ladder. Without the ladder they are two memberships."""
    browser = client_for(student)
    buy(browser, studio.memberships["Bronze"])
    postman.deliver()
    wanted = reverse("lms_memberships:buy", args=[studio.memberships["Gold"].slug])
    answer = browser.post(wanted, follow=True)
    assert "Change it to “Gold” instead of buying a second membership." in text(answer.content.decode())
    assert Checkout.objects.filter(membership=studio.memberships["Gold"]).count() == 0
    ladder_making.switch(studio.ladder, on=False, now=studio.now)
    assert press_join(browser, studio.memberships["Gold"])


def test_who_buys_gold_opens_everything_and_reads_of_it(studio, student, client_for, postman):
    """V28, W19: the welcome page, the account and the pages themselves agree."""
    browser = client_for(student)
    back = buy(browser, studio.memberships["Gold"])
    postman.deliver()
    for name, course in studio.courses.items():
        assert browser.get(course.url).status_code == 200, name
    for address in (back, reverse("lms_memberships:account")):
        shown = own(browser.get(address).content.decode())
        assert all(f"Course of {name}" in shown for name in studio.courses), address
    ladder_making.switch(studio.ladder, on=False, now=studio.now)
    assert browser.get(studio.courses["Bronze"].url).status_code == 403
    assert "Course of Bronze" not in own(browser.get(reverse("lms_memberships:account")).content.decode())
    assert browser.get(studio.courses["Gold"].url).status_code == 200


def test_what_was_not_paid_through_stripe_cannot_be_changed_and_the_page_says_so(studio, student, client_for):
    """V46"""
    school.subscribe(student, studio.memberships["Bronze"], until=studio.now + DAY, origin="given", is_recurring=False)
    browser = client_for(student)
    page = browser.get(studio.page).content.decode()
    assert "“Bronze” is not paid through this site" in text(page)
    assert len(links(page)) == 1, "the video alone"
    # Given is not sold: they may still buy.
    assert reverse("lms_memberships:buy", args=["gold"]) in browser.get("/memberships/gold/").content.decode()


def test_a_ladder_that_is_off_has_no_page_and_is_named_nowhere(studio, student, client_for):
    """V49"""
    ladder_making.switch(studio.ladder, on=False, now=studio.now)
    assert Client().get(studio.page).status_code == 404
    assert "Part of" not in text(Client().get(studio.memberships["Gold"].get_absolute_url()).content.decode())
    closed = client_for(student).get(studio.courses["Gold"].url).content.decode()
    assert "Go further" not in closed
    assert Client().get(reverse("lms_memberships:tiers", args=[99])).status_code == 404


def test_a_tier_that_is_not_sold_is_not_shown_but_what_it_holds_is(studio):
    """S26: Silver still contains what Bronze contained."""
    studio.memberships["Bronze"].unpublish()
    draft = put_into(MembershipFactory(title="Platinum"), school.course("Course of Platinum"))
    studio.memberships["Platinum"] = draft
    studio.save()
    shown = own(Client().get(studio.page).content.decode())
    assert "€9.00" not in shown
    assert "Platinum" not in shown
    assert shown.index("Course of Bronze") < shown.index("Course of Silver") < shown.index("Course of Gold")


def test_nobody_sees_what_somebody_else_holds(studio, student, client_for):
    """S19"""
    school.subscribe(UserFactory(), studio.memberships["Bronze"], until=studio.now + DAY, stripe_id="sub_x")
    page = client_for(student).get(studio.page).content.decode()
    assert "You have this one" not in text(page)
    assert links(page)[1:] == [one.get_absolute_url() for one in studio.memberships.values()]


def test_the_words_of_a_creator_cannot_break_out(studio):
    """S11"""
    evil = "</h1><script>alert(1)</script>"
    studio.ladder.upsell_title, studio.ladder.upsell_text = evil, f"{evil} [x](javascript:alert(1))"
    studio.save()
    page = Client().get(studio.page).content.decode()
    assert "<script>alert" not in page
    assert 'href="javascript' not in page


def test_the_button_leads_to_the_page_that_changes_tiers_where_there_is_one(studio, student, monkeypatch):
    """V29: and to the membership where a site has taken that page away."""
    held = school.subscribe(student, studio.memberships["Bronze"], until=studio.now + DAY, stripe_id="sub_x")
    gold = studio.memberships["Gold"]
    monkeypatch.setattr(held_tiers, "reverse", lambda name, args: f"/switch/{args[0]}/")
    assert held_tiers.change_url(held, gold) == f"/switch/{held.pk}/?to=gold"

    def gone(name, args):
        raise NoReverseMatch

    monkeypatch.setattr(held_tiers, "reverse", gone)
    assert held_tiers.change_url(held, gold) == gold.get_absolute_url()


@pytest.fixture
def free_week(studio, gateway):
    """Each tier can be tried out."""
    for name, made in studio.memberships.items():
        made.trial_days = 7
        studio.memberships[name] = publish(made, gateway=gateway)
    return "7 days free"


def where_it_is_offered(browser: Client, studio: Studio, free_week: str) -> list[int]:
    """How often a trial is promised on the list, on the page of the tiers, and before a closed course of each."""
    closed = [studio.courses[name].url for name in ("Bronze", "Gold")]
    looked_at = (reverse("lms_memberships:list"), studio.page, *closed)
    return [own(browser.get(address).content.decode()).count(free_week) for address in looked_at]


def test_no_page_promises_a_second_trial(studio, free_week, student, client_for, postman):
    """X12, X9: nor one to who holds a tier and would change it; everybody else reads of it as before."""
    browser = client_for(student)
    assert where_it_is_offered(browser, studio, free_week) == [3, 3, 3, 3]
    buy(browser, studio.memberships["Bronze"])
    postman.deliver()
    # On the list their own is not promised again; a change begins no trial; what they hold is open.
    assert where_it_is_offered(browser, studio, free_week) == [2, 0, 0, 0]
    assert free_week not in own(browser.get(studio.memberships["Gold"].get_absolute_url()).content.decode())
    Subscription.objects.update(status="canceled", access_until=studio.now - DAY, ended_at=studio.now - DAY)
    assert where_it_is_offered(browser, studio, free_week) == [2, 2, 2, 2]
    for somebody in (Client(), client_for(UserFactory())):
        assert where_it_is_offered(somebody, studio, free_week) == [3, 3, 3, 3]


def test_pages_with_tiers_are_constant_in_queries(studio, student, client_for):
    """H9, X25: with three tiers and with seven, held or not."""
    school.subscribe(student, studio.memberships["Bronze"], until=studio.now + DAY, stripe_id="sub_x")
    browser = client_for(student)
    looked_at = (
        studio.page,
        studio.courses["Gold"].url,
        studio.memberships["Gold"].get_absolute_url(),
        reverse("lms_memberships:account"),
    )

    def queries(address: str) -> int:
        browser.get(address)
        with CaptureQueriesContext(database) as captured:
            browser.get(address)
        return len(captured)

    few = list(map(queries, looked_at))
    for number in range(4):
        studio.add(f"Platinum {number}", 5000 + number)
    studio.save()
    assert list(map(queries, looked_at)) == few
