"""How one paid period follows another, and what happens when a payment fails."""

from datetime import UTC, datetime

import pytest
import stripe

from lms_memberships.sandbox.server import Sandbox
from tests.sandbox.shop import (
    DAY,
    DECLINED,
    FAILS_LATER,
    GOOD,
    HOUR,
    NEEDS_PERSON_ALWAYS,
    Shop,
    period,
    typed,
)


def break_card(shop: Shop, subscription: stripe.Subscription, card: str = FAILS_LATER) -> None:
    assert shop.sandbox.actions.change_default_card(subscription.customer, **typed(card)).kind == "started"


def past_due(shop: Shop) -> stripe.Subscription:
    subscription = shop.buy(shop.price(1900))
    break_card(shop, subscription)
    shop.advance(days=28, hours=2)
    failed = shop.read(subscription)
    assert failed.status == "past_due"
    return failed


def test_a_month_later_the_next_period_is_paid(shop: Shop):
    subscription = shop.buy(shop.price(1900))
    start, end = period(subscription)
    assert end - start == 28 * DAY
    shop.advance(days=28)
    turned = shop.read(subscription)
    assert period(turned)[0] == end
    draft = turned.latest_invoice
    assert (draft.status, draft.automatically_finalizes_at, draft.hosted_invoice_url) == ("draft", end + HOUR, None)
    shop.advance(hours=1)
    assert shop.read(subscription).latest_invoice.status == "paid"
    assert len(shop.api.invoices.list({"subscription": subscription.id}).data) == 2


def test_a_year_passes_in_twelve_invoices(shop: Shop):
    subscription = shop.buy(shop.price(1900))
    shop.advance(days=365, hours=2)
    invoices = shop.api.invoices.list({"subscription": subscription.id, "status": "paid", "limit": 100}).data
    assert len(invoices) == 13
    created = [event.created for event in shop.events("invoice.paid")]
    assert created == sorted(created)


@pytest.mark.parametrize("year", [2027, 2028])
def test_the_31st_comes_back_after_a_short_month(make_client, year: int):
    start = int(datetime(year, 1, 31, 9, tzinfo=UTC).timestamp())
    with Sandbox(clock_start=start) as sandbox:
        shop = Shop(sandbox, make_client(sandbox.url))
        subscription = shop.buy(shop.price())
        ends = []
        for _ in range(4):
            ends.append(datetime.fromtimestamp(period(shop.read(subscription))[1], UTC).strftime("%m-%d"))
            sandbox.actions.advance_clock_to(period(shop.read(subscription))[1] + HOUR)
        last_of_february = "02-29" if year == 2028 else "02-28"
        assert ends == [last_of_february, "03-31", "04-30", "05-31"]


def test_a_failed_renewal_is_tried_again_and_then_cancelled(shop: Shop):
    subscription = past_due(shop)
    invoice = subscription.latest_invoice
    assert (invoice.status, invoice.attempt_count) == ("open", 1)
    assert invoice.next_payment_attempt == invoice.status_transitions.finalized_at + 3 * DAY
    shop.advance(days=3)
    assert shop.api.invoices.retrieve(invoice.id).attempt_count == 2
    shop.advance(days=5)
    shop.advance(days=7)
    ended = shop.read(subscription)
    assert (ended.status, ended.cancellation_details.reason) == ("canceled", "payment_failed")
    assert ended.latest_invoice.next_payment_attempt is None
    assert len(shop.events("invoice.payment_failed")) == 4


def test_paying_the_open_invoice_on_its_page_mends_everything(shop: Shop):
    subscription = past_due(shop)
    invoice = subscription.latest_invoice
    assert invoice.hosted_invoice_url.startswith(shop.sandbox.url)
    refused = shop.sandbox.actions.pay_hosted_invoice(invoice.id, **typed(DECLINED))
    assert refused.kind == "declined"
    assert shop.sandbox.actions.pay_hosted_invoice(invoice.id, **typed(GOOD)).kind == "paid"
    mended = shop.read(subscription)
    assert (mended.status, mended.latest_invoice.status) == ("active", "paid")
    shop.advance(days=31)
    assert shop.read(subscription).status == "active"


def test_a_new_card_is_used_by_the_next_try(shop: Shop):
    subscription = past_due(shop)
    break_card(shop, subscription, GOOD)
    shop.advance(days=3)
    assert shop.read(subscription).status == "active"


def test_the_api_pays_an_open_invoice_or_says_why_not(shop: Shop):
    subscription = past_due(shop)
    with pytest.raises(stripe.CardError) as refusal:
        shop.api.invoices.pay(subscription.latest_invoice.id)
    assert (refusal.value.http_status, refusal.value.code) == (402, "card_declined")
    break_card(shop, subscription, GOOD)
    assert shop.api.invoices.pay(subscription.latest_invoice.id).status == "paid"
    assert shop.read(subscription).status == "active"


@pytest.mark.parametrize("end", ["unpaid", "past_due"])
def test_the_account_decides_how_dunning_ends(shop: Shop, end: str):
    shop.sandbox.actions.set_retries(days=[1], then=end)
    subscription = past_due(shop)
    shop.advance(days=2)
    assert shop.read(subscription).status == end
    shop.advance(days=31)
    later = shop.read(subscription)
    assert later.status == end
    assert later.latest_invoice.status == ("draft" if end == "unpaid" else "open")


def test_a_renewal_that_needs_the_person_waits_for_them(shop: Shop):
    subscription = shop.buy(shop.price())
    break_card(shop, subscription, NEEDS_PERSON_ALWAYS)
    shop.advance(days=28, hours=2)
    waiting = shop.read(subscription)
    assert waiting.status == "past_due"
    assert "invoice.payment_action_required" in shop.told()
    asked = shop.sandbox.actions.pay_hosted_invoice(waiting.latest_invoice.id, **typed(NEEDS_PERSON_ALWAYS))
    assert asked.kind == "authentication_required"
    assert shop.sandbox.actions.approve_authentication(asked.authentication_id).kind == "paid"
    assert shop.read(subscription).status == "active"


def test_cancelled_at_the_end_of_the_period(shop: Shop):
    subscription = shop.buy(shop.price())
    canceling = shop.api.subscriptions.update(subscription.id, {"cancel_at_period_end": True})
    assert (canceling.status, canceling.cancel_at) == ("active", period(subscription)[1])
    assert canceling.canceled_at is not None
    shop.api.subscriptions.update(subscription.id, {"cancel_at_period_end": False})
    kept = shop.read(subscription)
    assert (kept.cancel_at, kept.canceled_at, kept.cancel_at_period_end) == (None, None, False)
    shop.api.subscriptions.update(subscription.id, {"cancel_at": "min_period_end"})
    shop.advance(days=28)
    ended = shop.read(subscription)
    assert (ended.status, ended.ended_at) == ("canceled", period(subscription)[1])
    assert len(shop.api.invoices.list().data) == 1


def test_cancelled_at_once(shop: Shop):
    subscription = shop.buy(shop.price())
    assert shop.api.subscriptions.cancel(subscription.id).status == "canceled"
    assert shop.api.subscriptions.list().data == []
    assert [each.id for each in shop.api.subscriptions.list({"status": "all"}).data] == [subscription.id]
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        shop.api.subscriptions.cancel(subscription.id)
    assert (refusal.value.http_status, refusal.value.code) == (404, "resource_missing")


def test_collection_can_be_paused_and_goes_on(shop: Shop):
    subscription = shop.buy(shop.price())
    until = period(subscription)[1] + 2 * DAY
    shop.api.subscriptions.update(subscription.id, {"pause_collection": {"behavior": "void", "resumes_at": until}})
    shop.advance(days=28, hours=2)
    assert shop.read(subscription).latest_invoice.status == "void"
    assert shop.read(subscription).status == "active"
    shop.advance(days=33)
    assert shop.read(subscription).pause_collection is None
    assert shop.read(subscription).latest_invoice.status == "paid"
