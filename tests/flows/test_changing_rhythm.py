"""Monthly today, yearly tomorrow: does a student pay the same membership in another rhythm, for what was shown? (X10, V29)"""

import pytest
from django.urls import reverse

from lms_memberships.access import decide
from lms_memberships.emails import switches
from lms_memberships.models import Email, PriceOption, Subscription, TierChange
from tests.factories import MembershipFactory, publish, put_into
from tests.flows.steps import buy, text
from tests.flows.test_switching import account_page, address, at_stripe, euros, form_of, invoices

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def every_mail():
    """So that a mail that must not be sent is missed by choice."""
    switches.switch_all_on()


@pytest.fixture
def studio(gateway, live_session):
    """19 a month or 190 a year; 15 a month for friends only; 49 once, and in another currency."""
    draft = put_into(MembershipFactory(title="Studio", price_amount=1900, max_members=1), live_session)
    for option in (
        {"amount": 19000, "currency": "eur", "interval": "year"},
        {"amount": 1500, "currency": "eur", "interval": "week", "is_hidden": True},
        {"amount": 49000, "currency": "eur", "interval": "one_time"},
        {"amount": 21000, "currency": "usd", "interval": "year"},
    ):
        draft.price_options.add(PriceOption(**option))
    draft.save()
    return publish(draft, gateway=gateway)


@pytest.fixture
def browser(student, client_for):
    return client_for(student)


@pytest.fixture
def held(browser, studio, django_capture_on_commit_callbacks) -> Subscription:
    """Monthly."""
    with django_capture_on_commit_callbacks(execute=True):
        buy(browser, studio)
    return Subscription.objects.get()


@pytest.fixture
def yearly(studio):
    return f"{studio.slug}:{studio.prices.get(interval='year', currency='eur').pk}"


def choice(browser, row: Subscription) -> str:
    return text(browser.get(address(row)).content.decode())


def ask(browser, row: Subscription, key: str, **more: object) -> str:
    answer = browser.get(address(row), {"to": key, **more})
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_account_leads_to_what_can_be_chosen(browser, held):
    """X10: what is shown to everybody, renews, and is in the same currency; nothing that is hidden, paid once, or theirs."""
    page = browser.get(reverse("lms_memberships:account")).content.decode()
    assert address(held) in page
    shown = choice(browser, held)
    assert "€190.00 per year" in shown
    assert "€15.00" not in shown
    assert "€490.00" not in shown
    assert "$210.00" not in shown
    assert "€19.00 per month" not in shown


def test_longer_at_once_for_what_was_shown(
    browser, held, yearly, clock, sandbox, student, live_session, django_capture_on_commit_callbacks
):
    """X9, H7: today's amount is Stripe's own, a new period begins today, and a full membership does not stand in the way."""
    clock.advance(days=10)
    page = ask(browser, held, yearly)
    said = text(page)
    assert "From Studio to Studio at €190.00 per year" in said
    Email.objects.all().delete()
    with django_capture_on_commit_callbacks(execute=True):
        answer = browser.post(address(held), form_of(page))
    assert answer["Location"] == reverse("lms_memberships:account")
    invoice = invoices(sandbox)[0]
    assert 19000 - 1900 < invoice["amount_paid"] < 19000
    assert f"You pay {euros(invoice['amount_paid'])} today." in said
    assert "After that €190.00 per year." in said
    held.refresh_from_db()
    assert (held.interval, held.amount, held.status) == ("year", 19000, "active")
    assert (held.period_end - clock.now).days in range(360, 367)
    assert Subscription.objects.count() == 1
    assert TierChange.objects.get().state == "done"
    assert "Done: your membership is now Studio at €190.00 per year." in account_page(browser)
    assert "membership_changed" in set(Email.objects.values_list("kind", flat=True))
    assert decide(student, live_session, now=clock.now).allowed
    assert "€19.00 per month" in choice(browser, held)


def test_shorter_with_the_end_of_what_is_paid_and_back(
    browser, held, yearly, clock, sandbox, studio, postman, django_capture_on_commit_callbacks
):
    """V30: planned, said on the account, taken back by one press; and when it stays, it comes true."""
    with django_capture_on_commit_callbacks(execute=True):
        browser.post(address(held), form_of(ask(browser, held, yearly)))
    held.refresh_from_db()
    monthly = f"{studio.slug}:{studio.prices.get(interval='month', currency='eur').pk}"
    page = ask(browser, held, monthly)
    assert "Nothing is charged today." in text(page)
    browser.post(address(held), form_of(page))
    assert "you pay €19.00 per month." in account_page(browser)
    browser.post(reverse("lms_memberships:keep", args=[held.pk]))
    assert "€19.00 per month" not in account_page(browser)
    browser.post(address(held), form_of(ask(browser, held, monthly)))
    clock.advance(days=366, hours=3)
    postman.deliver()
    held.refresh_from_db()
    assert (held.interval, held.amount, held.status) == ("month", 1900, "active")
    assert at_stripe(sandbox)["items"]["data"][0]["price"]["unit_amount"] == 1900


def test_a_price_that_is_not_offered_is_not_changed_to(browser, held, studio):
    """H8: whatever the address says."""
    for price in studio.prices.exclude(interval="year", currency="eur"):
        page = text(ask(browser, held, f"{studio.slug}:{price.pk}"))
        assert "What would you like to change to?" in page


def test_where_there_is_one_price_nothing_is_offered(browser, gateway, live_session, held):
    """X10: an archived further price is none."""
    studio = held.membership
    studio.price_options.set([])
    publish(studio, gateway=gateway)
    assert address(held) not in browser.get(reverse("lms_memberships:account")).content.decode()
    assert "There is no other membership that you could change to." in choice(browser, held)
