"""Do Stripe's objects come out in our words, also the odd ones that people make in the dashboard?"""

import copy
from datetime import UTC, datetime

import pytest
import stripe

from lms_memberships.money import Money
from lms_memberships.payments.gateway import GatewayFailure, SubscriptionStatus
from lms_memberships.payments.stripe_gateway import snapshots
from lms_memberships.payments.stripe_gateway.locales import LOCALES, stripe_locale
from tests.contract import rig

READ_AT = datetime(2026, 11, 22, tzinfo=UTC)
DAY = 86_400
START = 1_795_305_600
END = START + 30 * DAY

PRICE = {
    "object": "price",
    "id": "price_1",
    "active": True,
    "currency": "eur",
    "unit_amount": 1900,
    "product": "prod_1",
    "lookup_key": None,
    "recurring": {"interval": "month", "interval_count": 3},
}
ITEM = {
    "object": "subscription_item",
    "id": "si_1",
    "quantity": 1,
    "price": PRICE,
    "current_period_start": START,
    "current_period_end": END,
}
SUBSCRIPTION = {
    "object": "subscription",
    "id": "sub_1",
    "status": "active",
    "customer": {"object": "customer", "id": "cus_1", "invoice_settings": {"default_payment_method": None}},
    "items": {"object": "list", "data": [ITEM]},
    "default_payment_method": None,
    "default_source": None,
    "trial_end": None,
    "cancel_at": None,
    "cancel_at_period_end": False,
    "canceled_at": None,
    "ended_at": None,
    "start_date": START,
    "latest_invoice": None,
    "metadata": {"lmsm_checkout": "abc"},
}
LINE = {
    "object": "line_item",
    "id": "il_1",
    "period": {"start": END, "end": END + 30 * DAY},
    "parent": {"type": "subscription_item_details", "subscription_item_details": {"proration": False}},
}
INVOICE = {
    "object": "invoice",
    "id": "in_1",
    "number": None,
    "status": "open",
    "currency": "eur",
    "subtotal": 1900,
    "total": 1900,
    "amount_paid": 0,
    "amount_due": 1900,
    "billing_reason": "subscription_cycle",
    "customer": "cus_1",
    "created": END,
    "status_transitions": {"paid_at": None},
    "period_start": START,
    "period_end": END,
    "attempt_count": 1,
    "next_payment_attempt": None,
    "parent": {"subscription_details": {"subscription": "sub_1", "metadata": {"lmsm_checkout": "abc"}}},
    "lines": {"object": "list", "data": [LINE]},
    "metadata": {},
}


def subscription(**changes: object):
    found = stripe.Subscription.construct_from(copy.deepcopy({**SUBSCRIPTION, **changes}), "sk_test_x")
    return snapshots.subscription(found, read_started_at=READ_AT)


def invoice(**changes: object):
    found = stripe.Invoice.construct_from(copy.deepcopy({**INVOICE, **changes}), "sk_test_x")
    return snapshots.invoice(found, read_started_at=READ_AT)


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def test_a_subscription_in_our_words():
    found = subscription()
    assert (found.status, found.customer_id, found.price_id, found.product_id) == (
        SubscriptionStatus.ACTIVE,
        "cus_1",
        "price_1",
        "prod_1",
    )
    assert (found.money, found.interval, found.interval_count) == (Money(1900, "eur"), "month", 3)
    assert (found.current_period_start, found.current_period_end) == (at(START), at(END))
    assert found.metadata == {"lmsm_checkout": "abc"}
    assert (found.cancel_at, found.has_card, found.latest_invoice) == (None, False, None)


def test_every_status_that_stripe_describes_is_known():
    contract = rig.load()
    if contract is None:
        pytest.skip(rig.MISSING)
    described = contract.contract().spec["components"]["schemas"]["subscription"]["properties"]["status"]["enum"]
    assert set(described) == set(snapshots.STATUSES)
    assert set(snapshots.STATUSES.values()) == set(SubscriptionStatus)


def test_an_unknown_status_fails_loudly():
    with pytest.raises(GatewayFailure) as caught:
        subscription(status="hibernating")
    assert caught.value.code == "hibernating"
    assert not caught.value.is_ambiguous


@pytest.mark.parametrize(
    ("changes", "end"),
    [
        ({}, None),
        ({"cancel_at_period_end": True}, END),
        ({"cancel_at_period_end": True, "cancel_at": END}, END),
        # Set to a date in the dashboard: not at the end of a period, and still an end.
        ({"cancel_at": START + DAY}, START + DAY),
    ],
)
def test_a_planned_end_is_one_moment_however_it_was_planned(changes, end):
    assert subscription(**changes).cancel_at == (at(end) if end else None)


def test_access_lasts_as_long_as_the_longest_period():
    yearly = {**ITEM, "id": "si_2", "current_period_end": END + 335 * DAY, "price": {**PRICE, "id": "price_year"}}
    found = subscription(items={"object": "list", "data": [ITEM, yearly]}, cancel_at_period_end=True)
    assert found.current_period_end == at(END + 335 * DAY)
    assert found.price_id == "price_year"
    assert found.cancel_at == at(END + 335 * DAY)


def test_all_that_is_billed_is_told_and_its_order_decides_nothing():
    """G12: whoever knows our prices finds the membership among it."""
    beside = {**ITEM, "id": "si_2", "price": {**PRICE, "id": "price_2", "product": "prod_2", "unit_amount": 500}}
    found, turned = (subscription(items={"object": "list", "data": data}) for data in ([ITEM, beside], [beside, ITEM]))
    assert (found.price_id, found.item_id, found.money) == (turned.price_id, turned.item_id, turned.money)
    assert (found.price_ids, found.product_ids, found.item_count) == ({"price_1", "price_2"}, {"prod_1", "prod_2"}, 2)
    (ours,) = [each for each in found.items if each.price_id == "price_1"]
    assert (ours.item_id, ours.money, ours.interval_count) == ("si_1", Money(1900, "eur"), 3)
    assert (ours.current_period_start, ours.current_period_end) == (at(START), at(END))


@pytest.mark.parametrize(
    ("changes", "has_card"),
    [
        ({}, False),
        ({"default_payment_method": "pm_1"}, True),
        ({"default_source": "card_1"}, True),
        ({"customer": {"object": "customer", "id": "c", "invoice_settings": {"default_payment_method": "pm_1"}}}, True),
        ({"customer": {"object": "customer", "id": "c", "deleted": True}}, False),
        ({"customer": "cus_1"}, False),
    ],
)
def test_whether_there_is_a_card_to_charge(changes, has_card):
    assert subscription(**changes).has_card is has_card


def test_prices_without_a_single_amount_do_not_break_the_reading():
    """Tiered and fractional prices are made in the dashboard."""
    odd = {**ITEM, "price": {**PRICE, "unit_amount": None, "recurring": None}}
    found = subscription(items={"object": "list", "data": [odd]})
    assert (found.money.minor, found.interval) == (0, None)


def test_a_renewal_says_the_period_that_it_bills():
    """Its own period looks back; grace counts from the start of the unpaid one."""
    found = invoice()
    assert (found.period_start, found.period_end) == (at(END), at(END + 30 * DAY))
    assert (found.subscription_id, found.metadata) == ("sub_1", {"lmsm_checkout": "abc"})


def test_an_invoice_without_a_subscription_keeps_its_own_period_and_metadata():
    item = {**LINE, "parent": {"type": "invoice_item_details", "subscription_item_details": None}}
    found = invoice(parent=None, lines={"object": "list", "data": [item]}, metadata={"lmsm_checkout": "xyz"})
    assert (found.subscription_id, found.metadata) == ("", {"lmsm_checkout": "xyz"})
    assert (found.period_start, found.period_end) == (at(START), at(END))


def test_the_payment_that_settled_an_invoice_is_the_one_that_counts():
    payments = [paid_by("pi_z", "canceled"), paid_by("pi_b"), paid_by("pi_c", "open")]
    assert invoice(payments={"object": "list", "data": payments}).payment_intent_id == "pi_b"
    assert invoice(payments={"object": "list", "data": payments[2:]}).payment_intent_id == "", "nothing came by it yet"
    assert invoice(payments={"object": "list", "data": []}).payment_intent_id == ""
    assert invoice().payment_intent_id == ""


def paid_by(name: str, status: str = "paid", **fields: object) -> dict[str, object]:
    return {"status": status, "payment": {"type": "payment_intent", "payment_intent": name}, **fields}


RECORD = {"status": "paid", "payment": {"type": "payment_record", "payment_record": "pr_1"}, "amount_paid": 900}
CHARGE = {"status": "paid", "payment": {"type": "charge", "charge": "ch_1"}}


@pytest.mark.parametrize(
    ("payments", "changes", "whole", "ids"),
    [
        ([paid_by("pi_a", amount_paid=1900)], {}, "pi_a", ("pi_a",)),
        ([paid_by("pi_a", amount_paid=1000), paid_by("pi_b", amount_paid=900)], {}, "", ("pi_a", "pi_b")),
        ([paid_by("pi_a", amount_paid=1000), RECORD], {}, "", ("pi_a",)),
        ([paid_by("pi_a", amount_paid=1000)], {}, "", ("pi_a",)),
        ([paid_by("pi_a", amount_paid=1900)], {"amount_paid_off_stripe": 900}, "", ("pi_a",)),
        ([RECORD], {}, "", ()),
        ([CHARGE], {}, "", ()),
    ],
    ids=["one", "two", "one and past Stripe", "a part", "a part as Stripe says", "past Stripe", "a charge of old"],
)
def test_only_a_payment_that_was_all_of_it_is_taken_for_the_whole(payments, changes, whole, ids):
    """X13: what is given back of a part is not all that they paid."""
    found = invoice(payments={"object": "list", "data": payments}, amount_paid=1900, **changes)
    assert (found.payment_intent_id, found.payment_ids) == (whole, ids)


def test_amounts_stay_whole_in_currencies_without_decimals():
    """H1"""
    found = invoice(currency="jpy", total=500, amount_due=500)
    assert (found.total, found.amount_due) == (Money(500, "jpy"), Money(500, "jpy"))


@pytest.mark.parametrize(
    ("language", "locale"),
    [
        ("fr", "fr"),
        ("fr-ca", "fr-CA"),
        ("fr_CH", "fr"),
        ("en-us", "en"),
        ("pt-br", "pt-BR"),
        ("zh-hant", "zh-TW"),
        ("nn", "nb"),
        ("ar", "auto"),
        ("", "auto"),
        ("auto", "auto"),
    ],
)
def test_the_hosted_page_speaks_the_nearest_language(language, locale):
    assert stripe_locale(language) == locale


def test_the_languages_are_those_that_stripe_describes():
    contract = rig.load()
    if contract is None:
        pytest.skip(rig.MISSING)
    operation = contract.contract().spec["paths"]["/v1/checkout/sessions"]["post"]
    (body,) = operation["requestBody"]["content"].values()
    assert set(body["schema"]["properties"]["locale"]["enum"]) == set(LOCALES.values()) | {"auto"}


#: 20 % on top of 19.00, as one invoice of Stripe's says it in three versions of the API (guide §18, §20.7).
TAXED = {"subtotal": 1900, "total_excluding_tax": 1900, "total": 2280, "amount_due": 2280}
TAX_ROW = {"amount": 380, "taxability_reason": "standard_rated", "taxable_amount": 1900}
NEW_TAXES = {"total_taxes": [{**TAX_ROW, "tax_behavior": "exclusive", "type": "tax_rate_details"}]}
OLD_TAXES = {"tax": 380, "total_tax_amounts": [{**TAX_ROW, "inclusive": False, "tax_rate": "txr_1"}]}
VERSIONS = {
    "2024-09-30.acacia": {**TAXED, **OLD_TAXES, "paid": False, "charge": None, "total_discount_amounts": []},
    "2025-03-31.basil": {**TAXED, **NEW_TAXES, "total_discount_amounts": []},
    "2026-10-28.endive": {**TAXED, **NEW_TAXES, "total_discount_amounts": [], "amount_overpaid": 0},
}


@pytest.mark.parametrize("version", VERSIONS)
def test_tax_is_never_silently_nothing(version):
    """H5: the version that we pin, and its neighbour, add up; where tax has another name, the sums say so."""
    found = invoice(**VERSIONS[version])
    assert found.total == Money(2280, "eur"), "what people see is Stripe's total in each of them"
    is_ours = version != "2024-09-30.acacia"
    assert found.adds_up == is_ours
    assert found.tax_added == Money(380 if is_ours else 0, "eur")


def test_an_invoice_without_tax_adds_up_in_every_version():
    """H5, negative control of the one above: a missing list alone raises no alarm."""
    assert invoice().adds_up
    assert invoice(tax=None, total_tax_amounts=[]).adds_up
    assert invoice(total_taxes=[]).adds_up
