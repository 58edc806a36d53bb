"""Can one membership be sold at several prices, each at exactly what the page says? Through HTTP (X10, V9–V14)."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from lms_memberships.access import decide
from lms_memberships.models import Checkout, Membership, Price, Subscription
from tests import hosted
from tests.factories import MembershipFactory, publish, put_into
from tests.flows.steps import buy, text

pytestmark = pytest.mark.django_db

#: As the creator's browser sends the table: yearly, every two weeks, once, in dollars, and one that is hidden.
FURTHER = (
    {"amount": "190", "currency": "eur", "interval": "year", "old_amount": "228"},
    {"amount": "9.90", "currency": "eur", "interval": "2_week", "setup_fee_amount": "5"},
    {"amount": "500", "currency": "eur", "interval": "one_time"},
    {"amount": "21", "currency": "usd", "interval": "month"},
    {"amount": "12", "currency": "eur", "interval": "month", "is_hidden": "1"},
)

#: The rest of that page, without the table, and "Next".
STEP_ONE = {
    "title": "Studio pass",
    "price_amount": "19",
    "currency": "eur",
    "interval": "month",
    "trial_days": "0",
    "action-next": "action-next",
}


def further(*rows: dict[str, str]) -> dict[str, str]:
    fields = {"further_prices-count": str(len(rows) + 2)}
    for number, row in enumerate(rows):
        fields |= {f"further_prices-{number}-{name}": value for name, value in row.items()}
    return fields


@pytest.fixture
def several(creator, gateway, client_for, live_session) -> Membership:
    """Made in the wizard, by a person."""
    membership = put_into(MembershipFactory(title="Studio pass"), live_session)
    browser, url = client_for(creator), Membership.snippet_viewset.get_url_name
    information = {
        "title": "Studio pass",
        "price_amount": "19",
        "currency": "eur",
        "interval": "month",
        "trial_days": "0",
        "trial_requires_card": "on",
        "action-next": "action-next",
    }
    first = reverse(url("step"), args=[membership.pk, "information"])
    answer = browser.post(first, information | further(*FURTHER))
    assert answer.status_code == 302, text(answer.content.decode())
    last = reverse(url("step"), args=[membership.pk, "publish"])
    published = {"status": "published", "action-publish": "action-publish", "go_live_at": "", "expire_at": ""}
    assert browser.post(last, published).status_code == 302
    membership.refresh_from_db()
    assert membership.live
    return membership


def price_of(membership: Membership, **fields: object) -> Price:
    return Price.objects.get(membership=membership, **fields)


def choices(page: str) -> dict[str, str]:
    """What stands beside each radio button, by the value that it sends."""
    labels = re.findall(r'<label class="lmsm-choice">(.*?)</label>', page, re.DOTALL)
    return {re.search(r'value="(\d+)"', label)[1]: text(label) for label in labels}


def test_all_of_them_are_at_stripe_and_those_that_are_open_are_offered(several):
    """V9, V11, V12, V14, X10"""
    assert Price.objects.filter(membership=several).exclude(confirmed_at=None).count() == 6
    shown = choices(Client().get(several.get_absolute_url()).content.decode())
    assert [words.split(" You pay")[0] for words in shown.values()] == [
        "€19.00 per month",
        "Before: €228.00 Now: €190.00 per year",
        "€9.90 every 2 weeks",
        "€500.00 once",
        "$21.00 per month",
    ]
    assert "You pay $21.00 today" in shown[str(price_of(several, currency="usd").pk)]
    every_other_week = shown[str(price_of(several, interval="2_week").pk)]
    assert "A setup fee of €5.00 is added to today's payment." in every_other_week


@pytest.mark.parametrize(
    ("fields", "paid"),
    [
        ({"interval": "month", "currency": "eur", "amount": 1900}, (1900, "eur")),
        ({"interval": "year"}, (19000, "eur")),
        ({"interval": "2_week"}, (1490, "eur")),
        ({"interval": "one_time"}, (50000, "eur")),
        ({"currency": "usd"}, (2100, "usd")),
    ],
)
def test_the_chosen_price_is_what_is_paid(several, student, client_for, clock, live_session, sandbox, fields, paid):
    """X9, X10, U13: our words, Stripe's page and the charge say the same."""
    browser, price = client_for(student), price_of(several, **fields)
    location = browser.post(reverse("lms_memberships:buy", args=[several.slug]), {"choice": price.pk})["Location"]
    status, back, page = hosted.pay(location)
    assert status == 303, page
    assert "Everything is open for you" in browser.get(hosted.path_of(back)).content.decode()
    attempt = Checkout.objects.get()
    session = sandbox.store.one("checkout.session", attempt.session_id, account=sandbox.account_id)
    assert (session["amount_total"], session["currency"]) == paid
    subscription = Subscription.objects.get()
    assert (subscription.price, subscription.interval) == (price, price.interval)
    assert decide(student, live_session, now=clock.now).allowed


def test_signing_in_keeps_the_choice(several, student):
    """U13: chosen before there is an account, asked for once more after."""
    browser, price = Client(), price_of(several, interval="year")
    url = f"{reverse('lms_memberships:buy', args=[several.slug])}?choice={price.pk}"
    assert f"choice%3D{price.pk}" in browser.get(url)["Location"]
    browser.force_login(student)
    page = browser.get(url).content.decode()
    assert re.search(rf'value="{price.pk}" checked', page)


def test_who_is_new_signs_up_with_the_choice(several, settings):
    settings.LMS_MEMBERSHIPS_SIGN_UP_URL = "/sign-up/"
    price = price_of(several, interval="year")
    url = f"{reverse('lms_memberships:buy', args=[several.slug])}?choice={price.pk}&as=new"
    location = Client().get(url)["Location"]
    assert location.startswith("/sign-up/?next=")
    assert f"choice%3D{price.pk}" in location


@pytest.mark.parametrize("forged", ["hidden", "of another", "unknown"])
def test_what_is_not_offered_cannot_be_bought(several, gateway, student, client_for, live_session, forged):
    """H8, S9: a hidden price, one of another membership, one that never was."""
    other = publish(put_into(MembershipFactory(title="Cheap", price_amount=100), live_session), gateway=gateway)
    key = {
        "hidden": price_of(several, amount=1200).pk,
        "of another": price_of(other).pk,
        "unknown": 10**9,
    }[forged]
    browser = client_for(student)
    answer = browser.post(reverse("lms_memberships:buy", args=[several.slug]), {"choice": key}, follow=True)
    assert "nothing was charged" in text(answer.content.decode())
    assert not Checkout.objects.exists()


@pytest.mark.parametrize("odd", ["", "abc", "1 or 1=1", "9" * 40, "-1", "²"])
def test_what_is_no_price_at_all_is_the_first_one(several, student, client_for, odd):
    """S45"""
    answer = client_for(student).post(reverse("lms_memberships:buy", args=[several.slug]), {"choice": odd})
    assert answer.status_code == 303
    assert Checkout.objects.get().price == price_of(several, amount=1900, currency="eur")


def test_another_choice_replaces_the_open_page(several, student, client_for):
    """C6: one page at a time, and it sells what was chosen last."""
    browser, url = client_for(student), reverse("lms_memberships:buy", args=[several.slug])
    monthly = browser.post(url)["Location"]
    yearly = browser.post(url, {"choice": price_of(several, interval="year").pk})["Location"]
    assert yearly != monthly
    assert hosted.pay(monthly)[0] != 303
    assert hosted.pay(yearly)[0] == 303
    assert Checkout.objects.filter(state="open").count() == 1


def test_who_pays_in_euro_is_told_before_a_page_in_dollars(several, gateway, student, client_for, live_session):
    """H6: Stripe bills one person in one currency; said here, not by a page that fails."""
    other = put_into(MembershipFactory(title="Elsewhere", currency="usd"), live_session)
    publish(other, gateway=gateway)
    browser = client_for(student)
    buy(browser, several)
    answer = browser.post(reverse("lms_memberships:buy", args=[other.slug]), follow=True)
    assert "You already pay for a membership in EUR" in text(answer.content.decode())
    assert Checkout.objects.count() == 1


def test_a_hidden_price_goes_on_for_those_who_have_it(
    several, creator, student, client_for, clock, live_session, postman
):
    """X10: hidden later; the money and the access go on."""
    yearly = price_of(several, interval="year")
    browser = client_for(student)
    browser.get(
        hosted.path_of(
            hosted.pay(
                browser.post(reverse("lms_memberships:buy", args=[several.slug]), {"choice": yearly.pk})["Location"]
            )[1]
        )
    )
    several.price_options.set([])
    several.save_revision().publish()
    assert str(yearly.pk) not in choices(Client().get(several.get_absolute_url()).content.decode())
    clock.advance(days=400)
    postman.deliver()
    assert Subscription.objects.get().price == yearly
    assert decide(student, live_session, now=clock.now).allowed


def test_premium_is_sold_on_top(gateway, student, client_for, live_session):
    """V2: only to those who hold what it stands on."""
    base = publish(put_into(MembershipFactory(title="Base"), live_session), gateway=gateway)
    premium = MembershipFactory(title="Premium", price_amount=900, requires=base)
    publish(put_into(premium, live_session), gateway=gateway)
    browser, url = client_for(student), reverse("lms_memberships:buy", args=[premium.slug])
    answer = browser.post(url, follow=True)
    assert "only for members of “Base”" in text(answer.content.decode())
    buy(browser, base)
    assert browser.post(url).status_code == 303


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"amount": "x", "currency": "eur", "interval": "year"}, "Further price 1"),
        ({"amount": "12.345", "currency": "eur", "interval": "year"}, "Further price 1"),
        ({"amount": "5", "currency": "xxx", "interval": "year"}, "Choose a currency"),
        ({"amount": "5", "currency": "eur", "interval": "5_century"}, "Stripe cannot charge in this interval"),
        ({"amount": "5", "currency": "eur", "interval": "99_month"}, "Stripe cannot charge in this interval"),
        ({"amount": "5", "currency": "eur", "interval": "one_time", "instalments": "3"}, "has no instalments"),
        ({"amount": "5", "currency": "eur", "interval": "month", "instalments": "1"}, "is a one-time payment"),
        ({"amount": "5", "currency": "eur", "interval": "month", "instalments": "900"}, "of at most 60"),
        ({"amount": "5", "currency": "eur", "interval": "month", "old_amount": "4"}, "must be higher"),
        ({"old_amount": "4", "currency": "eur", "interval": "month"}, "Enter a price"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_lost(creator, gateway, client_for, live_session, row, words):
    """U13: the row stays as typed, beside the reason."""
    membership = put_into(MembershipFactory(), live_session)
    url = reverse(Membership.snippet_viewset.get_url_name("step"), args=[membership.pk, "information"])
    page = client_for(creator).post(url, STEP_ONE | further(row)).content.decode()
    assert words in page.replace("&#x27;", "'")
    # What a list does not have cannot have been chosen in it; what was typed is still there.
    for name in ("amount", "old_amount", "instalments"):
        assert f'value="{row.get(name, "")}"' in page


def test_a_form_without_the_table_takes_no_price_away(several, creator, client_for):
    """X10: an older page, a script: what it does not know of stays."""
    url = reverse(Membership.snippet_viewset.get_url_name("step"), args=[several.pk, "information"])
    assert client_for(creator).post(url, STEP_ONE).status_code == 302
    assert drafted(several) == len(FURTHER)
    assert client_for(creator).post(url, STEP_ONE | further()).status_code == 302
    assert drafted(several) == 0


def drafted(membership: Membership) -> int:
    """Further prices in the newest draft."""
    return Membership.objects.get(pk=membership.pk).get_latest_revision_as_object().price_options.count()


def test_a_setup_fee_is_paid_when_a_trial_begins(gateway, student, client_for, live_session, sandbox):
    """X9: said before the button, and a card is asked for although the trial needs none."""
    trial = {"trial_days": 7, "trial_requires_card": False, "setup_fee_amount": 2500}
    membership = publish(put_into(MembershipFactory(**trial), live_session), gateway=gateway)
    browser = client_for(student)
    page = text(browser.get(membership.get_absolute_url()).content.decode())
    assert "A setup fee of €25.00 is added to today's payment." in page
    buy(browser, membership)
    session = sandbox.store.one("checkout.session", Checkout.objects.get().session_id, account=sandbox.account_id)
    assert session["amount_total"] == 2500
    assert Subscription.objects.get().status == "trialing"
