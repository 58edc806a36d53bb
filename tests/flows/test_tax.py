"""Stripe Tax from the site's setting to the invoice: what is shown, asked for, billed and kept (X16, H5)."""

import random
import re
from dataclasses import replace
from itertools import product

import pytest
from django.core.management import call_command
from django.urls import reverse

from lms_memberships.memberships import ladder_making, publishing, stripe_catalogue, taxes
from lms_memberships.models import Checkout, Invoice, Ladder, Membership, Price, Subscription
from lms_memberships.money import Money
from lms_memberships.payments.connect import Connection
from lms_memberships.payments.gateway import PriceRequest
from lms_memberships.signs import Sign
from lms_memberships.subscriptions import billing, sums
from tests import hosted
from tests.factories import MembershipFactory, publish, put_into
from tests.flows.steps import buy, press_join, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def taxed(settings, sandbox):
    """A site that asks Stripe to reckon tax, at a Stripe where it is set up."""

    def switch_on(behavior: str = "inclusive", **rates: str) -> None:
        settings.LMS_MEMBERSHIPS_STRIPE_TAX = True
        settings.LMS_MEMBERSHIPS_TAX_BEHAVIOR = behavior
        sandbox.actions.set_taxes(rates=rates or {"FR": "20"})

    return switch_on


@pytest.mark.parametrize(
    ("behavior", "label", "sentence", "paid", "tax"),
    [
        ("inclusive", "incl. tax", "Tax is included.", 1900, (0, 317)),
        ("exclusive", "plus tax", "Tax is added to each of these amounts", 2280, (380, 0)),
    ],
)
def test_the_pages_say_how_and_the_invoice_says_how_much(
    taxed, gateway, live_session, student, client_for, behavior, label, sentence, paid, tax
):
    """X16: card, page, confirmation; the session asks for tax and tax ids; the invoice keeps what Stripe computed."""
    taxed(behavior)
    membership = publish(put_into(MembershipFactory(), live_session), gateway=gateway)
    assert gateway.find_price(stripe_catalogue.lookup_key_of(Price.objects.get(), membership)).tax_behavior == behavior
    browser = client_for(student)
    listed = text(browser.get(reverse("lms_memberships:list")).content.decode())
    assert f"per month {label}" in listed
    for address in (membership.get_absolute_url(), reverse("lms_memberships:buy", args=[membership.slug])):
        page = text(browser.get(address).content.decode())
        assert f"per month {label}" in page
        assert sentence in page
    buy(browser, membership)
    session = gateway.client.v1.checkout.sessions.retrieve(Checkout.objects.get().session_id)
    assert session.automatic_tax.enabled
    assert session.tax_id_collection.enabled
    invoice = Invoice.objects.get()
    assert (invoice.total, invoice.amount_paid) == (paid, paid)
    assert (invoice.tax_added, invoice.tax_included) == tax
    shown = text(browser.get(reverse("lms_memberships:invoices")).content.decode())
    assert ("with €3.80 tax added" if behavior == "exclusive" else "incl. €3.17 tax") in shown


def test_every_choice_says_it_too(taxed, gateway, live_session, student, client_for):
    """X16, X10: beside each radio button."""
    taxed("exclusive")
    membership = put_into(MembershipFactory(), live_session)
    membership.price_options.create(amount=19_000, currency="eur", interval="year")
    publish(membership, gateway=gateway)
    page = text(client_for(student).get(membership.get_absolute_url()).content.decode())
    assert "per month plus tax" in page
    assert "per year plus tax" in page


def test_without_the_setting_nothing_is_asked_or_said(membership, student, client_for, gateway):
    """X16: off unless the site asks for it."""
    browser = client_for(student)
    press_join(browser, membership)
    assert not gateway.client.v1.checkout.sessions.retrieve(Checkout.objects.get().session_id).automatic_tax.enabled
    assert "tax" not in text(browser.get(membership.get_absolute_url()).content.decode()).lower()


def test_a_site_that_changes_its_mind_gets_new_prices(taxed, membership, gateway, settings, student, client_for, now):
    """X16: Stripe lets no price change from tax inside to tax on top: it is off sale until there is another one."""
    connection = Connection(account_id=gateway.account_id, livemode=gateway.livemode)
    old = Price.objects.get()
    taxed("exclusive")
    assert not Membership.objects.on_sale(connection).exists()
    assert publishing.prepare_waiting(gateway=gateway, now=now) == 1
    assert Membership.objects.on_sale(connection).exists()
    new = Price.objects.exclude(pk=old.pk).get()
    assert (new.amount, new.tax_behavior) == (old.amount, "exclusive")
    assert new.stripe_id != old.stripe_id
    buy(client_for(student), membership)
    assert Checkout.objects.get().price == new
    settings.LMS_MEMBERSHIPS_TAX_BEHAVIOR = "inclusive"
    assert publishing.prepare_waiting(gateway=gateway, now=now) == 0
    assert publishing.current_price(membership, connection) == old


@pytest.mark.parametrize("theirs", ["unspecified", "exclusive"])
def test_a_price_of_stripes_that_says_otherwise_is_not_sold(taxed, gateway, live_session, theirs, settings, now):
    """X16: made in the dashboard without a tax behaviour, or with the other one: refused in words, and kept as a draft."""
    taxed("inclusive")
    membership = put_into(MembershipFactory(), live_session)
    price = Price(membership=membership, amount=1900, currency="eur", interval="month")
    gateway.client.v1.products.create({"id": stripe_catalogue.product_id_of(membership), "name": "x"})
    made = gateway.client.v1.prices.create(
        {
            "product": stripe_catalogue.product_id_of(membership),
            "currency": "eur",
            "unit_amount": 1900,
            "recurring": {"interval": "month"},
            "lookup_key": stripe_catalogue.lookup_key_of(price, membership),
            "tax_behavior": theirs,
        }
    )
    with pytest.raises(taxes.PriceTaxedOtherwise):
        publishing.prepare(membership, gateway=gateway, now=now)
    assert str(taxes.PriceTaxedOtherwise.message) == Price.objects.get().failure
    if theirs == "unspecified":
        # Stripe takes it once; then it can be sold.
        gateway.client.v1.prices.update(made.id, {"tax_behavior": "inclusive"})
        assert publishing.prepare(membership, gateway=gateway, now=now).confirmed_at


def test_total_is_subtotal_less_discounts_plus_added_tax(sandbox, gateway):
    """H5: over random amounts, rates, coupons, setup fees and both behaviours, first payments and renewals."""
    chance = random.Random(20261125)  # noqa: S311 - the same numbers each time
    client = gateway.client.v1
    cases = list(product(["inclusive", "exclusive"], [True, False], [True, False])) * 4
    for number, (behavior, is_taxed, is_reduced) in enumerate(cases):
        rate = chance.choice(["2.1", "5.5", "7.7", "19", "20", "25.5"])
        amount = chance.randint(101, 99_999)
        sandbox.actions.set_taxes(rates={"FR": rate} if is_taxed else {})
        thing = client.products.create({"name": f"No. {number}"}).id
        request = PriceRequest(thing, Money(amount, "eur"), "month", 1, f"h5:{number}", "", {}, tax_behavior=behavior)
        price = gateway.create_price(request, key=f"h5:{number}").id
        customer = client.customers.create({"email": f"h5-{number}@school.test"}).id
        items = [{"price": price, "quantity": chance.randint(1, 3)}]
        if chance.random() < 0.5:
            fee = {"currency": "eur", "product": thing, "unit_amount": chance.randint(99, 5000)}
            items.append({"price_data": {**fee, "tax_behavior": behavior}, "quantity": 1})
        discounts = []
        if is_reduced:
            kind = chance.choice([{"percent_off": chance.randint(1, 99)}, {"amount_off": 77, "currency": "eur"}])
            discounts = [{"coupon": client.coupons.create({**kind, "duration": "forever"}).id}]
        session = client.checkout.sessions.create(
            {
                "mode": "subscription",
                "customer": customer,
                "line_items": items,
                "success_url": "https://school.test/",
                "automatic_tax": {"enabled": True},
                "customer_update": {"address": "auto", "name": "auto"},
                **({"discounts": discounts} if discounts else {}),
            }
        )
        hosted.pay(session.url)
        for found in client.invoices.list({"customer": customer}).data:
            read = gateway.read_invoice(found.id)
            assert read.adds_up, found
            assert read.total.minor == found.amount_paid == client.checkout.sessions.retrieve(session.id).amount_total
            assert bool(read.tax_added.minor) == (is_taxed and behavior == "exclusive")
            assert bool(read.tax_included.minor) == (is_taxed and behavior == "inclusive")
    sandbox.actions.advance_clock(seconds=32 * 24 * 3600)
    invoices = [gateway.read_invoice(each.id) for each in client.invoices.list({"limit": 100}).auto_paging_iter()]
    assert len(invoices) == 2 * len(cases)
    assert all(each.adds_up for each in invoices)


@pytest.mark.parametrize("behavior", ["inclusive", "exclusive"])
def test_a_change_shows_tax_that_is_added(taxed, gateway, live_session, student, client_for, clock, behavior, now):
    """H7, X9, X16: the rows make what is paid today, and a price without its tax says so."""
    taxed(behavior)
    rows = [MembershipFactory(title=title, price_amount=price) for title, price in (("Bronze", 900), ("Gold", 4900))]
    bronze, gold = (publish(put_into(each, live_session), gateway=gateway) for each in rows)
    ladder_making.save(Ladder(title="Metals"), [bronze, gold], now=now)
    browser = client_for(student)
    buy(browser, bronze)
    clock.advance(days=15)
    answer = browser.get(reverse("lms_memberships:switch", args=[Subscription.objects.get().pk]), {"to": gold.slug})
    page = answer.content.decode()
    *parts, due = [
        round(float(sign.replace("−", "-") + amount) * 100)
        for sign, amount in re.findall(r"<dd>\s*([-−]?)€([\d.]+)\s*</dd>", page)
    ]
    assert sum(parts) == due > 0
    said = text(page)
    if behavior == "exclusive":
        assert "Tax €" in said
        assert ": €58.80. After that €49.00 per month plus tax." in said
    else:
        assert "Tax" not in said.replace("Tax is included", "")
        assert ": €49.00. After that €49.00 per month." in said


def test_sums_that_do_not_add_up_are_told(membership, student, client_for, gateway, now):
    """H5: the negative control: another meaning of a field turns a light red, and what people see stays Stripe's total."""
    buy(client_for(student), membership)
    invoice = Invoice.objects.get()
    read = gateway.read_invoice(invoice.stripe_id)
    assert not Sign.objects.filter(name=sums.SIGN).exists()
    billing.record_invoice(replace(read, tax_added=Money(1, "eur")), gateway=gateway, now=now)
    assert Sign.objects.get(name=sums.SIGN).details == {"invoice": invoice.stripe_id}
    invoice.refresh_from_db()
    assert invoice.total == 1900


def test_tax_that_is_not_set_up_sells_nothing(settings, membership, student, client_for):
    """X16: rather nothing than without the tax that the site owes; the health page says why."""
    settings.LMS_MEMBERSHIPS_STRIPE_TAX = True
    answer = client_for(student).post(reverse("lms_memberships:buy", args=[membership.slug]), follow=True)
    assert "nothing was charged" in answer.content.decode().lower() or "sorry" in answer.content.decode().lower()
    assert not Checkout.objects.running().exists()


def test_a_wrong_setting_stops_the_server(settings):
    settings.LMS_MEMBERSHIPS_TAX_BEHAVIOR = "include"
    with pytest.raises(Exception, match="E050"):
        call_command("check")
