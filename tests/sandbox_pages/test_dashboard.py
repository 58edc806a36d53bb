"""Does the dashboard show what is there, and do its buttons do what they say?"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import stripe

from lms_memberships.sandbox.dashboard.overview import a_month_after
from lms_memberships.sandbox.server import Sandbox
from tests.sandbox_pages.conftest import OpenCheckout, Receiver, card
from tests.sandbox_pages.visitor import Page, Visitor

ANA = "ana@school.test"
DAY = 24 * 3600


@pytest.fixture
def desk(sandbox: Sandbox, visitor: Visitor):
    def visit(path: str = "") -> Page:
        page = visitor.get(f"{sandbox.url}/_sandbox/{path}")
        assert page.status == 200, page.text
        return page

    return visit


@pytest.fixture
def subscription(api, checkout: OpenCheckout, visitor: Visitor) -> stripe.Subscription:
    session = checkout()
    visitor.press(visitor.get(session.url), "Pay €19.00", email=ANA, **card())
    return api.v1.checkout.sessions.retrieve(session.id, {"expand": ["subscription"]}).subscription


@pytest.fixture
def trial(api, checkout: OpenCheckout, visitor: Visitor) -> stripe.Subscription:
    session = checkout(subscription_data={"trial_period_days": 14})
    visitor.press(visitor.get(session.url), "Start trial", email=ANA, **card())
    return api.v1.checkout.sessions.retrieve(session.id, {"expand": ["subscription"]}).subscription


@pytest.mark.parametrize(
    ("button", "seconds"), [("Advance by an hour", 3600), ("Advance by a day", DAY), ("Advance by a week", 7 * DAY)]
)
def test_the_clock_moves(sandbox: Sandbox, visitor: Visitor, desk, button: str, seconds: int):
    before = sandbox.now()
    page = visitor.follow(visitor.press(desk(), button))
    assert "The clock has moved" in page.text
    assert 0 <= sandbox.now() - before - seconds < 10


def test_the_clock_moves_by_a_month_and_the_renewal_is_paid(
    api, sandbox: Sandbox, visitor: Visitor, desk, subscription: stripe.Subscription
):
    expected = a_month_after(sandbox.now())
    visitor.press(desk(), "Advance by a month")
    assert 0 <= sandbox.now() - expected < 10
    visitor.press(desk(), "Advance by a day")
    assert len(api.v1.invoices.list({"subscription": subscription.id, "status": "paid"}).data) == 2


@pytest.mark.parametrize(
    ("start", "end"), [("2026-01-31", "2026-02-28"), ("2026-12-15", "2027-01-15"), ("2026-11-30", "2026-12-30")]
)
def test_a_month_is_a_month_of_the_calendar(start: str, end: str):
    moment = int(datetime.fromisoformat(start).replace(tzinfo=UTC).timestamp())
    assert datetime.fromtimestamp(a_month_after(moment), UTC).date().isoformat() == end


def test_the_clock_goes_to_the_end_of_the_trial(api, visitor: Visitor, desk, trial: stripe.Subscription):
    visitor.press(desk(), "To the end of the next trial")
    assert api.v1.subscriptions.retrieve(trial.id).status == "active"


def test_the_clock_goes_to_a_date_and_never_back(sandbox: Sandbox, visitor: Visitor, desk):
    wanted = datetime.fromtimestamp(sandbox.now() + 40 * DAY, UTC).date().isoformat()
    visitor.press(desk(), "Go to this date", date=wanted)
    assert datetime.fromtimestamp(sandbox.now(), UTC).date().isoformat() == wanted
    moment = sandbox.now()
    refused = visitor.press(desk(), "Go to this date", date="2020-01-01")
    assert "only goes forward" in refused.text
    assert "2026-12-31" in visitor.press(desk(), "Go to this date", date="soon").text
    assert sandbox.now() - moment < 10


def test_the_overview_says_what_is_coming(desk, trial: stripe.Subscription):
    page = desk()
    assert "Trial ends" in page.text
    assert "1 Trialing" in [link["aria-label"] for link in page.html.select("dd a[aria-label]")]


def test_customers_are_listed_searched_and_paged(api, desk, visitor: Visitor):
    for number in range(27):
        api.v1.customers.create({"email": f"person{number:02}@school.test", "name": f"Person {number}"})
    first = desk("customers")
    assert "(27)" in first.text
    assert "person26@school.test" in first.text
    assert "person00@school.test" not in first.text
    assert "person00@school.test" in desk("customers?page=2").text
    assert "person00@school.test" in desk("customers?page=99").text
    found = desk("customers?q=PERSON0")
    assert "(10)" in found.text
    assert "No customer matches" in desk("customers?q=nobody").text


def test_a_customers_page_shows_what_is_theirs(desk, subscription: stripe.Subscription):
    page = desk(f"customers/{subscription.customer}")
    for words in (ANA, "Gold membership", "Visa •••• 4242", "12 / 2034", "€19.00", "Paid"):
        assert words in page.text


def test_a_customers_card_is_replaced(api, sandbox: Sandbox, visitor: Visitor, desk, subscription: stripe.Subscription):
    page = desk(f"customers/{subscription.customer}")
    after = visitor.follow(visitor.press(page, "Replace", card="4000000000000341"))
    assert "•••• 0341" in after.text
    sandbox.actions.advance_clock(seconds=33 * DAY)
    assert api.v1.subscriptions.retrieve(subscription.id).status == "past_due"


def test_a_card_that_cannot_be_kept_is_refused_in_words(visitor: Visitor, desk, subscription: stripe.Subscription):
    page = desk(f"customers/{subscription.customer}")
    refused = visitor.press(page, "Replace", card="4000000000000002")
    assert refused.status == 422
    assert "Your card was declined." in refused.text


def test_a_customers_cards_are_taken_away(api, visitor: Visitor, desk, subscription: stripe.Subscription):
    page = desk(f"customers/{subscription.customer}")
    after = visitor.follow(visitor.press(page, "Replace", card="none"))
    assert "No card." in after.text


def test_subscriptions_are_filtered_by_state(desk, subscription: stripe.Subscription):
    assert subscription.id in desk("subscriptions").text
    assert subscription.id in desk("subscriptions?status=active").text
    assert subscription.id not in desk("subscriptions?status=canceled").text


def test_a_subscription_is_cancelled_now(api, visitor: Visitor, desk, subscription: stripe.Subscription):
    after = visitor.follow(visitor.press(desk(f"subscriptions/{subscription.id}"), "Cancel now"))
    assert "Canceled" in after.text
    assert "Cancel now" not in after.text
    assert api.v1.subscriptions.retrieve(subscription.id).status == "canceled"


def test_a_subscription_is_cancelled_later_and_kept(api, visitor: Visitor, desk, subscription: stripe.Subscription):
    ending = visitor.follow(visitor.press(desk(f"subscriptions/{subscription.id}"), "Cancel at the end of the period"))
    assert api.v1.subscriptions.retrieve(subscription.id).cancel_at_period_end
    visitor.press(ending, "Keep the subscription")
    assert not api.v1.subscriptions.retrieve(subscription.id).cancel_at_period_end


def test_the_last_payment_is_refunded(api, visitor: Visitor, desk, subscription: stripe.Subscription):
    page = desk(f"subscriptions/{subscription.id}")
    after = visitor.follow(visitor.press(page, "Refund the last payment (€19.00)"))
    assert "Refund" not in after.html.form.get_text()
    assert api.v1.charges.list({"customer": subscription.customer}).data[0].refunded


def test_a_failed_payment_is_tried_again(
    api, sandbox: Sandbox, visitor: Visitor, desk, subscription: stripe.Subscription
):
    customer = desk(f"customers/{subscription.customer}")
    visitor.press(customer, "Replace", card="4000000000000341")
    sandbox.actions.advance_clock(seconds=33 * DAY)
    failing = desk(f"subscriptions/{subscription.id}")
    assert "declined" in visitor.press(failing, "Try the payment again").text
    visitor.press(customer, "Replace", card="4242424242424242")
    if api.v1.subscriptions.retrieve(subscription.id).status == "past_due":
        visitor.press(failing, "Try the payment again")
    assert api.v1.subscriptions.retrieve(subscription.id).status == "active"


def test_events_are_filtered_by_type_and_shown(api, desk, subscription: stripe.Subscription):
    page = desk("events?type=invoice.paid")
    links = [link.get_text() for link in page.html.select("td a")]
    assert links == ["invoice.paid"]
    event = desk(str(page.html.select_one("td a")["href"]).removeprefix("/_sandbox/"))
    assert '"type": "invoice.paid"' in event.html.pre.get_text()


def test_an_event_is_sent_again_from_its_page(api, sandbox: Sandbox, receiver: Receiver, visitor: Visitor, desk):
    api.v1.customers.create({"email": ANA})
    assert sandbox.deliveries.drain(5)
    event_id = api.v1.events.list({"limit": 1}).data[0].id
    after = visitor.follow(visitor.press(desk(f"events/{event_id}"), "Resend"))
    assert "has been sent again" in after.text
    assert sandbox.deliveries.drain(5)
    assert len(receiver.letters) == 2


def test_webhooks_are_switched_and_their_attempts_shown(
    api, sandbox: Sandbox, receiver: Receiver, visitor: Visitor, desk
):
    visitor.press(desk("webhooks"), "Save", mode="withhold")
    assert sandbox.deliveries.mode == "withhold"
    api.v1.customers.create({"email": ANA})
    assert "Pending" in desk("webhooks").html.find_all("tbody")[-1].get_text()
    receiver.answers = [503]
    visitor.press(desk("webhooks"), "Save", mode="deliver")
    assert sandbox.deliveries.drain(5)
    page = desk("webhooks?status=delivered")
    assert receiver.url in page.text
    assert page.html.find_all("tbody")[-1].select("td.number")[0].get_text() == "2"
    attempts = desk(f"webhooks/{sandbox.deliveries.all()[0]['id']}")
    assert "503" in attempts.text


def test_requests_are_logged_with_their_answers(api, desk, visitor: Visitor):
    api.v1.customers.create({"email": ANA})
    with pytest.raises(stripe.InvalidRequestError):
        api.v1.customers.retrieve("cus_nothing")
    failed = desk("requests?outcome=failed")
    assert "GET /v1/customers/cus_nothing" in failed.text
    assert "404" in failed.text
    assert "POST /v1/customers" not in failed.text
    made = desk("requests?method=POST")
    shown = desk(str(made.html.select_one("td a")["href"]).removeprefix("/_sandbox/"))
    assert ANA in shown.html.pre.get_text()


def test_every_page_can_be_reached_when_nothing_is_there(desk):
    for path in ("", "customers", "subscriptions", "events", "webhooks", "requests"):
        assert desk(path).html.h1


@pytest.mark.parametrize("path", ["nothing", "customers/cus_x", "subscriptions/sub_x", "events/evt_x", "webhooks/x"])
def test_what_is_not_there_is_not_found(sandbox: Sandbox, visitor: Visitor, path: str):
    assert visitor.get(f"{sandbox.url}/_sandbox/{path}").status == 404


def test_another_site_cannot_press_the_buttons(sandbox: Sandbox, desk):
    before = sandbox.now()
    refused = Visitor({"Origin": "http://evil.test"}).press(desk(), "Advance by a day")
    assert refused.status == 403
    assert sandbox.now() - before < 10


def test_static_files_lead_nowhere_else(sandbox: Sandbox, visitor: Visitor):
    assert visitor.get(f"{sandbox.url}/static/base.css").status == 200
    for path in ("static/../server.py", "static/%2e%2e/server.py", "static/nothing.css", "static/"):
        assert visitor.get(f"{sandbox.url}/{path}").status == 404


def test_a_person_makes_a_code_and_retires_it(api, visitor: Visitor, desk):
    page = desk("promotions")
    after = visitor.follow(
        visitor.press(page, "Make the code", code="AUTUMN20", percent_off="20", duration="repeating", months="3")
    )
    assert "The coupon and its code have been made." in after.text
    assert "AUTUMN20 20 % 3 months 0" in after.text
    code = api.v1.promotion_codes.list({"code": "AUTUMN20"}).data[0]
    retired = visitor.follow(visitor.press(desk(f"promotions/{code.id}"), "Retire"))
    assert "Nobody can redeem this code any more." in retired.text
    assert not api.v1.promotion_codes.retrieve(code.id).active


def test_an_amount_off_needs_its_currency(visitor: Visitor, desk, api):
    page = desk("promotions")
    visitor.press(page, "Make the code", code="FIVE", amount_off="5.00", currency="eur", max_redemptions="3")
    assert "€5.00" in desk("promotions").text
    assert "0 of 3" in desk("promotions").text
    assert visitor.press(page, "Make the code", code="WRONG", amount_off="5.001", currency="eur").status == 422
    assert visitor.press(page, "Make the code", code="WRONG", percent_off="20", duration="repeating").status == 422
    assert visitor.press(page, "Make the code", code="NO SPACE", percent_off="20").status == 422
    assert api.v1.promotion_codes.list({"code": "WRONG"}).data == []
