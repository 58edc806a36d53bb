"""Does the account page say the right thing of everything that somebody may hold, or of nothing?"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from lms_memberships.models import Account, Invoice, Price, PriceMove, PriceMoveEntry, Subscription
from lms_memberships.portal import card_words
from lms_memberships.subscriptions.models import FOR_GOOD
from tests.access import school
from tests.factories import MembershipFactory, put_into
from tests.flows.steps import text

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def seller(gateway) -> Account:
    return Account.objects.get()


@pytest.fixture
def hold(student, live_session, now, seller):
    """They hold a membership of this title, as the columns say."""

    def make(title: str = "Studio pass", **columns: object) -> Subscription:
        membership = MembershipFactory(title=title, live=True)
        values = {
            "amount": 1900, "currency": "eur", "interval": "month", "has_card": True, "stripe_id": f"sub_{title}",
            "account": seller.stripe_id, "period_start": now - 10 * DAY, "period_end": now + 20 * DAY,
            "until": now + 27 * DAY, "opened_at": now - 10 * DAY, **columns,
        }  # fmt: skip
        return school.subscribe(student, membership, **values)

    return make


def bill(subscription: Subscription, now, **columns: object) -> Invoice:
    values = {
        "stripe_id": f"in_{Invoice.objects.count()}", "account": subscription.account, "subscription": subscription,
        "user": subscription.user, "membership": subscription.membership, "status": "open", "currency": "eur",
        "total": 1900, "amount_paid": 0, "amount_due": 1900, "attempts": 1, "created_at": now,
        "read_started_at": now, **columns,
    }  # fmt: skip
    return Invoice.objects.create(**values)


@pytest.fixture
def read(student, client_for):
    def page(**headers: str) -> str:
        return text(client_for(student).get(reverse("lms_memberships:account"), headers=headers).content.decode())

    return page


def test_who_has_nothing_is_shown_what_there_is(read):
    """P1, P3, P4, P7: at one address, also for somebody who never bought."""
    page = read()
    assert reverse("lms_memberships:account") == "/memberships/account/"
    assert "You hold no membership at the moment." in page
    assert "See the memberships" in page


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({}, ["Bought by you", "When you cancel it", "Next payment on"]),
        ({"status": "trialing", "trial_end": DAY}, ["Begun by you as a free trial", "Then you pay €19.00 per month"]),
        (
            {"status": "trialing", "trial_end": DAY, "has_card": False},
            ["Begun by you as a free trial", "Access then closes; nothing is charged. To stay, give a card before."],
        ),
        ({"origin": "gift", "status": "active", "is_recurring": False}, ["A gift to you", "Nothing renews"]),
        ({"origin": "given", "is_recurring": False}, ["Given to you by the school", "It is open for you until"]),
        ({"origin": "given", "until": FOR_GOOD}, ["Given to you by the school", "It does not end"]),
        ({"origin": "seat"}, ["A seat of your organisation"]),
        ({"origin": "imported"}, ["Taken over from before"]),
        ({"is_recurring": False, "until": FOR_GOOD, "interval": "one_time"}, ["Paid once", "It does not end"]),
        ({"cancel_at": 5 * DAY}, ["You keep access until", "Keep my membership"]),
        ({"status": "paused", "until": None}, ["Nothing is charged, and access is closed."]),
        ({"status": "canceled", "until": -DAY, "ended_at": -DAY}, ["Earlier", "It ended on", "Join again"]),
        ({"status": "unpaid", "until": -DAY}, ["Access is closed because your last payment failed"]),
    ],
)
def test_each_is_said_in_words(columns, words, hold, read, now):
    """P7, P8, P12, V51: state, next date and amount, origin, end."""
    hold(**{name: now + value if isinstance(value, timedelta) else value for name, value in columns.items()})
    page = read()
    assert [each for each in words if each not in page] == []


def test_whom_they_pay_is_the_account_that_is_paid(hold, read, seller):
    """P9: of two sellers each is named with its own."""
    Account.objects.create(
        stripe_id="acct_other",
        livemode=False,
        key_fingerprint="x",
        name="The other school",
        checked_at=seller.checked_at,
    )
    hold("One")
    hold("Two", account="acct_other")
    page = read()
    assert f"Paid to {seller.name}" in page
    assert "Paid to The other school" in page


def test_what_is_inside_is_grouped_and_bounded(hold, read, live_session, now, monkeypatch):
    """P10: by kind, so many of each, and where the rest is."""
    monkeypatch.setattr(card_words, "NAMED", 2)
    things = [live_session, *[school.session(f"Evening{number}", now) for number in range(3)], school.course()]
    put_into(hold().membership, *things)
    page = read()
    assert "Live sessions" in page
    assert "Course" in page
    assert "and 2 more" in page
    assert "Evening2" not in page


def test_what_needs_a_hand_comes_first(hold, read, now):
    """P7, X17: closed for want of a payment, then what soon will be, then the others."""
    hold("Running", started_at=now)
    bill(hold("Failing", status="past_due", unpaid_since=now, until=now + 5 * DAY), now)
    bill(hold("Locked", status="unpaid", until=now - DAY), now)
    page = read()
    assert page.index("Locked") < page.index("Failing") < page.index("Running")
    assert page.rindex("Locked") < page.rindex("Failing") < page.index("Running")


def test_several_ways_to_the_same_are_several_cards(hold, read, student, now):
    """G22: paid, given and imported, side by side; the end of one says nothing of the others."""
    paid = hold("Gold")
    for origin in ("given", "imported"):
        school.subscribe(student, paid.membership, until=now + 9 * DAY, origin=origin, is_recurring=False)
    Subscription.objects.filter(pk=paid.pk).update(status="canceled", ended_at=now, access_until=now)
    page = read()
    assert page.count("Gold") >= 3
    assert page.index("Given to you by the school") < page.index("Earlier") < page.index("It ended on")
    assert "Taken over from before" in page[: page.index("Earlier")]


def test_what_was_paid_of_an_invoice_is_not_asked_for_again(hold, read, now):
    """P7, P8: the page says what Stripe's own page asks for."""
    row = hold(status="past_due", unpaid_since=now)
    bill(row, now, amount_paid=1000)
    page = read()
    assert "Your payment of €9.00 failed" in page
    assert "Your payment of €19.00" not in page


def test_a_payment_at_midnight_is_on_the_day_that_begins(hold, read, settings):
    """P7, P12: what ends at midnight ends with the day before; what is paid then is paid on the day that begins."""
    settings.TIME_ZONE = "Europe/Paris"
    midnight = datetime(2031, 5, 1, tzinfo=ZoneInfo("Europe/Paris"))
    hold("Renews", period_end=midnight, until=midnight)
    hold("Ends", period_end=midnight, until=midnight, cancel_at=midnight)
    page = read()
    assert "Next payment on May 1, 2031" in page
    assert "You keep access until April 30, 2031" in page


def test_the_page_costs_the_same_for_one_and_for_eight(hold, read, now):
    """P7: and however many invoices there are."""
    bill(hold("First", status="past_due", unpaid_since=now), now)
    read()
    with CaptureQueriesContext(connection) as one:
        read()
    for number in range(7):
        row = hold(f"Pass {number}", status="past_due", unpaid_since=now)
        for _month in range(5):
            bill(row, now)
    with CaptureQueriesContext(connection) as eight:
        page = read()
    assert len(eight) == len(one)
    assert page.count("Also to pay:") == 7


def test_days_to_withdraw_cost_the_same_for_one_and_for_eight(hold, read, now, settings, student):
    """X14, P7: what renews, what was paid once, and what is over with its money."""
    settings.LMS_MEMBERSHIPS_WITHDRAWAL_DAYS = 14

    def begin(number: int) -> None:
        late, paid = now + 2 * DAY, {"status": "paid", "amount_paid": 1900}
        once = {"is_recurring": False, "interval": "one_time", "started_at": late}
        for title, columns in (
            ("Runs", {"started_at": now}),
            ("Once", once),
            ("Over", {"started_at": now, "status": "canceled", "ended_at": now, "until": now}),
        ):
            row = hold(f"{title} {number}", **columns)
            payment = row.stripe_id if title == "Once" else f"pi_{row.pk}"
            bill(row, now, payment_intent_id=payment, paid_at=now, **paid)

    begin(0)
    page = read()
    assert page.count("Withdraw from this contract") == 3
    with CaptureQueriesContext(connection) as one:
        read()
    for number in range(1, 8):
        begin(number)
    with CaptureQueriesContext(connection) as eight:
        page = read()
    assert len(eight) == len(one)
    assert page.count("Withdraw from this contract") == 24
    Invoice.objects.filter(subscription__membership__title__startswith="Once").update(paid_at=now - 15 * DAY)
    Invoice.objects.filter(subscription__membership__title__startswith="Over").update(credited=1900)
    assert read().count("Withdraw from this contract") == 8, "paid for too long ago; and given back already"


def test_the_list_of_invoices_costs_the_same_for_one_and_for_many(hold, student, client_for, now):
    """X17: with what can be done about each."""
    row = hold(status="past_due", unpaid_since=now)
    bill(row, now)
    browser, address = client_for(student), reverse("lms_memberships:invoices")
    browser.get(address)
    with CaptureQueriesContext(connection) as one:
        browser.get(address)
    for _number in range(20):
        bill(row, now)
    with CaptureQueriesContext(connection) as many:
        page = text(browser.get(address).content.decode())
    assert len(many) == len(one)
    assert page.count("Try the card again") == 21


def test_what_is_on_its_way_is_not_asked_for_again(hold, student, client_for, now):
    """C7: a debit that the bank has not answered has no button."""
    bill(hold(), now)
    page = text(client_for(student).get(reverse("lms_memberships:invoices")).content.decode())
    assert "On its way" in page
    assert "Pay now" not in page


@pytest.mark.parametrize("columns", [{}, {"cancel_at": 20 * DAY}])
def test_an_older_debt_is_asked_for_after_a_newer_one_was_paid(columns, hold, read, student, client_for, now):
    """P7, P8: two renewals failed, and the newer one was paid; Stripe goes by that one, and the older one stays open."""
    row = hold(**{name: now + span for name, span in columns.items()})
    bill(row, now - 40 * DAY, number="OLD-1")
    bill(row, now - 10 * DAY, number="NEW-2", status="paid", amount_paid=1900)
    page = text(client_for(student).get(reverse("lms_memberships:invoices")).content.decode())
    assert "On its way" not in page
    assert "Pay now OLD-1" in page
    assert "Also to pay: OLD-1 (€19.00)" in read()


def test_a_debit_is_on_its_way_beside_older_ones_and_a_change_of_tier(hold, read, student, client_for, now):
    """C7: only what was billed later and is settled says that the bank has answered."""
    row = hold()
    bill(row, now - 40 * DAY, number="OLD-1", status="paid", amount_paid=1900)
    bill(row, now - DAY, number="NEW-2")
    bill(row, now, number="TIER-3", status="paid", amount_paid=100, billing_reason="subscription_update")
    bill(hold("Other"), now, number="OTHER-4", status="paid", amount_paid=1900)
    page = text(client_for(student).get(reverse("lms_memberships:invoices")).content.decode())
    assert "On its way" in page
    assert "Pay now" not in page
    assert "Also to pay" not in read()


@pytest.mark.parametrize(
    ("columns", "label"),
    [
        ({"status": "trialing", "trial_end": 5 * DAY, "period_end": 5 * DAY, "cancel_at": 5 * DAY}, "Cancelled"),
        ({"status": "canceled", "trial_end": -DAY, "until": -DAY, "ended_at": -DAY}, "Ended"),
    ],
)
def test_what_was_only_tried_was_not_bought(columns, label, hold, read, now):
    """P7, P9, P10: nothing was paid for it, and nobody was paid; with a payment it was bought."""
    row = hold(**{name: now + value if isinstance(value, timedelta) else value for name, value in columns.items()})
    bill(row, now - 10 * DAY, status="paid", total=0, amount_due=0)
    page = read()
    assert label in page
    assert "Begun by you as a free trial" in page
    assert "Bought by you" not in page
    assert "Paid to" not in page
    bill(row, now, status="paid", amount_paid=1900)
    assert "Bought by you Paid to" in read()


def test_a_price_that_they_were_told_of_is_the_next_payment(hold, read, now):
    """P7, X11: the renewal at which it begins costs the new price; one before that costs the old one."""
    row = hold(amount=19000, interval="year")
    common = {"membership": row.membership, "account": row.account, "livemode": row.livemode}
    money = {"currency": "eur", "interval": "year", "confirmed_at": now, "created_at": now}
    old = Price.objects.create(amount=19000, stripe_id="price_old", **common, **money)
    new = Price.objects.create(amount=25000, stripe_id="price_new", **common, **money)
    move = PriceMove.objects.create(old_price=old, new_price=new, move_at=now, created_at=now, **common)
    told = {"state": "told", "told_at": now, "due_at": now + DAY, "next_try_at": now}
    entry = PriceMoveEntry.objects.create(move=move, subscription=row, applies_from=row.period_end, **told)
    page = read()
    assert ": €250.00 per year. From " in page, "the next payment"
    assert "Price €190.00 per year" in page
    entry.applies_from = row.period_end + 365 * DAY
    entry.save()
    assert ": €190.00 per year. From " in read()


@pytest.mark.parametrize(("behavior", "words"), [("inclusive", "incl. tax"), ("exclusive", "plus tax")])
def test_the_next_amount_says_what_the_shop_says_of_tax(behavior, words, hold, read, settings):
    """P7, X16"""
    settings.LMS_MEMBERSHIPS_STRIPE_TAX, settings.LMS_MEMBERSHIPS_TAX_BEHAVIOR = True, behavior
    hold()
    page = read()
    assert f": €19.00 per month {words}." in page
    assert f"Price €19.00 per month {words}" in page


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({}, ": €19.00 per month, less your discount or credit."),
        (
            {"status": "trialing", "trial_end": DAY},
            "Then you pay €19.00 per month, less your discount or credit, unless",
        ),
    ],
)
def test_what_is_taken_off_is_not_in_the_next_amount(columns, sentence, hold, read, now):
    """P7, H7: only Stripe's preview knows how much that is."""
    values = {name: now + value if isinstance(value, timedelta) else value for name, value in columns.items()}
    hold(is_reduced=True, **values)
    assert sentence in read()
