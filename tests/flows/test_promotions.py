"""A promotion code from the link to the bill: what a student sees, and what never keeps them from buying (V19–V21, X9)."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from lms_memberships.memberships.promotions import CodeNotUsable
from lms_memberships.models import Checkout, PromotionCode, Subscription
from lms_memberships.portal import promoting
from lms_memberships.sandbox.faults import Fault
from tests import hosted
from tests.factories import UserFactory
from tests.flows.steps import buy, press_join, text

pytestmark = pytest.mark.django_db

NO = str(CodeNotUsable.message)


@pytest.fixture
def make_code(gateway):
    """As the owner makes one in Stripe."""

    def make(code: str = "SPRING20", *, coupon: dict | None = None, **more: object):
        made = gateway.client.v1.coupons.create(coupon or {"percent_off": 20, "duration": "once"})
        promotion = {"type": "coupon", "coupon": made.id}
        return gateway.client.v1.promotion_codes.create({"promotion": promotion, "code": code, **more})

    return make


def confirm(browser: Client, membership, code: str):
    return browser.get(reverse("lms_memberships:buy", args=[membership.slug]), {"promo": code})


def join(browser: Client, membership, code: str, **more: object):
    return browser.post(reverse("lms_memberships:buy", args=[membership.slug]), {"promo": code, **more})


# ---------------------------------------------------------------- from the link to the bill
def test_a_code_of_a_link_goes_with_the_student_to_the_bill(client_for, student, membership, make_code, postman):
    """V20, V21, X9: list, page, confirmation, Stripe's total, and what was paid."""
    make_code(coupon={"percent_off": 20, "duration": "repeating", "duration_in_months": 3})
    browser = client_for(student)
    listed = browser.get(reverse("lms_memberships:list"), {"promo": "spring20"}).content.decode()
    assert f"{membership.get_absolute_url()}?promo=spring20" in listed
    page = browser.get(membership.get_absolute_url(), {"promo": "spring20"}).content.decode()
    assert '<input type="hidden" name="promo" value="spring20">' in page
    shown = text(confirm(browser, membership, "spring20").content.decode())
    assert "The code SPRING20 is applied: 20% off in the first 3 months." in shown
    assert "15.20" not in shown, "the new total is Stripe's to say"
    url = join(browser, membership, "SPRING20")["Location"]
    assert "€15.20" in hosted.get(url)
    status, location, body = hosted.pay(url)
    assert status == 303, body
    assert browser.get(hosted.path_of(location)).status_code == 200
    postman.deliver()
    assert Subscription.objects.get().invoices.get().total == 1520
    assert PromotionCode.objects.get().times_redeemed == 1


def test_a_stranger_takes_the_code_along_through_the_sign_in(client, membership, make_code):
    make_code()
    page = client.get(membership.get_absolute_url(), {"promo": "SPRING20"}).content.decode()
    assert "buy%2F%3Fpromo%3DSPRING20" in page
    answer = confirm(client, membership, "SPRING20")
    assert answer.status_code == 302
    assert "promo%3DSPRING20" in answer["Location"].replace("%253D", "%3D")


def test_the_field_is_there_and_explained_where_there_are_codes(client_for, student, membership, make_code, postman):
    """V21."""
    browser = client_for(student)
    assert "promotion code" not in text(browser.get(membership.get_absolute_url()).content.decode())
    make_code()
    postman.deliver()
    for address in (membership.get_absolute_url(), reverse("lms_memberships:buy", args=[membership.slug])):
        page = browser.get(address).content.decode()
        assert '<label for="lmsm-promo">Do you have a promotion code?</label>' in page
        assert "Stripe's page shows the new total before you pay" in text(page).replace("&#x27;", "'")


def test_what_a_link_says_never_becomes_part_of_a_page_but_as_a_code(client, membership):
    for nasty in ('"><script>', "a b", "é", "x" * 501):
        page = client.get(membership.get_absolute_url(), {"promo": nasty}).content.decode()
        assert 'name="promo"' not in page


# ---------------------------------------------------------------- an invalid code never blocks the sale
@pytest.mark.parametrize("code", ["NOBODYS", "<script>", "é"])
def test_an_invalid_code_is_said_and_the_sale_goes_on(client_for, student, membership, code):
    browser = client_for(student)
    page = confirm(browser, membership, code)
    assert page.status_code == 200
    assert NO in text(page.content.decode())
    assert "<script>" not in page.content.decode().replace('<script type="application', "")
    answer = join(browser, membership, code)
    assert (answer.status_code, NO in text(answer.content.decode())) == (200, True)
    assert not Checkout.objects.exists(), "nobody is sent to a page that asks for more than they expect"
    buy(browser, membership)
    assert Subscription.objects.get().amount == 1900


def test_a_code_whose_conditions_only_stripe_knows_is_refused_as_all_are(client_for, student, membership, make_code):
    """A minimum that this price does not reach: our copy does not know of it."""
    make_code(restrictions={"minimum_amount": 5000, "minimum_amount_currency": "eur"})
    browser = client_for(student)
    answer = join(browser, membership, "SPRING20")
    assert NO in text(answer.content.decode())
    assert press_join(browser, membership)


def test_while_stripe_does_not_answer_the_page_says_so_and_stands(client_for, student, membership, sandbox):
    sandbox.faults.plan(Fault("status", "GET /v1/promotion_codes", count=2))
    page = confirm(client_for(student), membership, "SPRING20")
    assert page.status_code == 200
    assert "could not be checked" in text(page.content.decode())


def test_a_code_after_another_takes_its_place(client_for, student, membership, make_code):
    make_code("FIRST")
    make_code("SECOND", coupon={"amount_off": 1000, "currency": "eur", "duration": "once"})
    browser = client_for(student)
    first = join(browser, membership, "FIRST")["Location"]
    assert join(browser, membership, "first")["Location"] == first, "the same code, the same page"
    second = join(browser, membership, "SECOND")["Location"]
    assert "€9.00" in hosted.get(second)
    assert hosted.pay(first)[0] != 303, "the first page is closed"
    assert press_join(browser, membership) not in {first, second}, "without a code it is another purchase"


def test_a_code_that_makes_the_first_payment_nothing_needs_no_payment(client_for, student, membership, make_code):
    make_code(coupon={"percent_off": 100, "duration": "once"})
    browser = client_for(student)
    url = join(browser, membership, "SPRING20")["Location"]
    _status, location, _body = hosted.pay(url)
    browser.get(hosted.path_of(location))
    assert Subscription.objects.get().opened_at is not None


# ---------------------------------------------------------------- Stripe's own field
def test_stripes_page_asks_for_unlimited_codes_itself(client_for, student, membership, make_code, postman):
    make_code()
    postman.deliver()
    assert 'name="promotion_code"' in hosted.get(press_join(client_for(student), membership))


def test_stripes_page_asks_for_none_where_all_are_limited(client_for, student, membership, make_code, postman):
    """Typed there, one would be taken away from whoever holds it here."""
    make_code(max_redemptions=3)
    postman.deliver()
    assert 'name="promotion_code"' not in hosted.get(press_join(client_for(student), membership))


# ---------------------------------------------------------------- limited codes (J4)
def test_the_last_use_is_held_and_comes_back(client_for, membership, make_code, clock, postman):
    """Held for an hour by whoever stands on Stripe's page; what is abandoned returns by itself."""
    make_code(max_redemptions=1)
    first, second = (client_for(UserFactory()) for _ in range(2))
    assert join(first, membership, "SPRING20").status_code == 303
    refused = join(second, membership, "SPRING20")
    assert NO in text(refused.content.decode())
    assert NO in text(confirm(second, membership, "SPRING20").content.decode())
    clock.advance(hours=1, minutes=6)
    assert join(second, membership, "SPRING20").status_code == 303


def test_a_use_comes_back_when_another_code_is_chosen(client_for, membership, make_code):
    make_code(max_redemptions=1)
    make_code("OTHER")
    first, second = (client_for(UserFactory()) for _ in range(2))
    join(first, membership, "SPRING20")
    join(first, membership, "OTHER")
    assert join(second, membership, "SPRING20").status_code == 303


def test_a_use_that_was_paid_is_counted_before_stripe_tells_it_again(client_for, membership, make_code):
    """No webhook comes, and the purchase is settled by the way back alone."""
    make_code(max_redemptions=2)
    for number in range(3):
        browser = client_for(UserFactory())
        answer = join(browser, membership, "SPRING20")
        if answer.status_code == 303:
            browser.get(hosted.path_of(hosted.pay(answer["Location"])[1]))
        assert answer.status_code == (303 if number < 2 else 200)
    assert PromotionCode.objects.get().times_redeemed == 2
    assert Checkout.objects.filter(state=Checkout.State.COMPLETE, promotion_code__isnull=False).count() == 2


def test_one_person_cannot_hold_a_use_twice_in_two_memberships(
    client_for, student, membership, gateway, live_session, make_code
):
    from tests.factories import MembershipFactory, publish, put_into

    other = publish(put_into(MembershipFactory(title="Other"), live_session), gateway=gateway)
    make_code(max_redemptions=1)
    browser = client_for(student)
    assert join(browser, membership, "SPRING20").status_code == 303
    assert join(browser, other, "SPRING20").status_code == 200


# ---------------------------------------------------------------- whoever guesses: S36, S37
def test_who_guesses_is_told_to_wait_and_can_still_buy(client_for, student, membership, settings):
    """S36: ten tries a minute; the header that a visitor writes makes no difference (S37)."""
    browser = client_for(student)
    answers = [
        browser.get(
            reverse("lms_memberships:buy", args=[membership.slug]),
            {"promo": f"GUESS-{number}"},
            headers={"x-forwarded-for": f"203.0.113.{number}"},
        ).status_code
        for number in range(15)
    ]
    assert answers == [200] * 10 + [429] * 5
    assert join(browser, membership, "GUESS").status_code == 429, "the button is no way around"
    assert press_join(browser, membership), "without a code nobody is kept waiting"


def test_a_lucky_guess_does_not_make_room_for_others(client_for, student, membership, make_code):
    """S37."""
    make_code("LUCKY")
    browser = client_for(student)
    codes = ["GUESS"] * 5 + ["LUCKY"] + ["GUESS"] * 6
    assert [confirm(browser, membership, code).status_code for code in codes] == [200] * 10 + [429] * 2


def test_without_the_count_anybody_could_guess_on(client_for, student, membership, monkeypatch):
    """The control of the two above."""
    monkeypatch.setattr(promoting.guesses, "count", lambda *_args, **_kwargs: None)
    browser = client_for(student)
    assert {confirm(browser, membership, f"GUESS-{number}").status_code for number in range(15)} == {200}


def test_whatever_is_wrong_the_page_says_the_same(client_for, student, membership, make_code, gateway, now, sandbox):
    """S36: unknown, retired and used up are one page after one look at Stripe; only what was typed differs."""
    gateway.retire_code(make_code("GONE").id, key="retire")
    ends = int((now + timedelta(hours=1)).timestamp())
    make_code("USED", max_redemptions=1, expires_at=ends)
    other = client_for(UserFactory())
    other.get(hosted.path_of(hosted.pay(join(other, membership, "USED")["Location"])[1]))
    browser = client_for(student)
    pages, asked = set(), set()
    for code in ("NOBODYS", "GONE", "USED"):
        sandbox.requests.clear()
        pages.add(text(confirm(browser, membership, code).content.decode()).replace(code, "…"))
        asked.add(tuple((each["method"], each["path"]) for each in sandbox.requests.all()))
    assert len(pages) == 1
    assert asked == {(("GET", "/v1/promotion_codes"),)}
