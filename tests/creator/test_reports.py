"""Do the reports say what the invoices say, month by month (X21, H10, I7)?"""

import csv
import io
import re
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from wagtail.models import ModelLogEntry

from lms_memberships.creator.attention import names as attention_names
from lms_memberships.creator.reports import words
from lms_memberships.creator.reports.all import REPORTS
from lms_memberships.models import Dispute, Invoice, RevenueChange, Subscription
from lms_memberships.money import Money
from lms_memberships.payments.lists import Part
from lms_memberships.subscriptions import report_sums, spans
from lms_memberships.subscriptions.models import FOR_GOOD
from lms_memberships.subscriptions.report_sums import Scope
from tests import hosted
from tests.factories import MembershipFactory, UserFactory, allow, publish, put_into
from tests.flows.steps import buy, press_join, text

pytestmark = pytest.mark.django_db

SLUGS = ("recurring", "earned", "trials", "payments", "leaving")
MOMENT = timedelta(microseconds=1)


def url(slug: str) -> str:
    return reverse(f"lms_memberships_report_{slug}")


def scope(months: list[date], **more: object) -> Scope:
    return Scope(months, "acct_sandbox", livemode=False, **more)


@pytest.fixture
def bookkeeper(client_for):
    return client_for(allow(UserFactory(username="bookkeeper"), "view_invoice", "export_invoice"))


@pytest.fixture
def held(membership, now):
    """A subscription as it stands when it is paid."""

    def go(**more: object) -> Subscription:
        number = Subscription.objects.count()
        values = {
            "membership": membership, "status": "active", "started_at": now, "opened_at": now, "amount": 1900,
            "currency": "eur", "interval": "month", "stripe_id": f"sub_{number}", "account": "acct_sandbox",
        }  # fmt: skip
        return Subscription.objects.create(**{"user": more.pop("user", None) or UserFactory(), **values, **more})

    return go


@pytest.fixture
def bill(membership):
    def go(at: datetime, **more: object) -> Invoice:
        values = {
            "stripe_id": f"in_{Invoice.objects.count()}", "status": "paid", "currency": "eur", "total": 1900,
            "amount_paid": 1900, "amount_due": 1900, "created_at": at, "paid_at": at, "read_started_at": at,
            "account": "acct_sandbox", "livemode": False, "membership": membership,
        }  # fmt: skip
        return Invoice.objects.create(user=more.pop("user", None) or UserFactory(), **{**values, **more})

    return go


# ------------------------------------------------------------------ several months at the sandbox
@pytest.fixture
def story(client_for, membership, live_session, postman, clock, sandbox, gateway):
    """One stays, one leaves and comes back, one comes later, one's card fails and is mended, and so does that of one
    whose trial ends in one month and who pays in the next. About five months."""

    def live(days: int) -> None:
        for _part in range(days // 8):
            clock.advance(days=8)
            postman.deliver()
            mend_late_card()

    def mend_late_card() -> None:
        late = Subscription.objects.get(user=people["late"])
        invoice = Invoice.objects.filter(subscription=late, status="open").first()
        if invoice is not None and spans.month_of(clock.now) > spans.month_of(late.trial_end):
            sandbox.actions.change_default_card(late.customer_id, **{**card, "card_number": hosted.GOOD_CARD})
            sandbox.actions.retry_invoice(invoice.stripe_id)
            postman.deliver()

    # On the last day of a month.
    days = next(each for each in range(10, 41) if (clock.now + timedelta(days=each + 1)).day == 1)
    trial = publish(put_into(MembershipFactory(title="Try", trial_days=days), live_session), gateway=gateway)
    people = {name: UserFactory(username=name) for name in ("stays", "returns", "later", "fails", "late")}
    browsers = {name: client_for(person) for name, person in people.items()}
    for name in ("stays", "returns", "fails"):
        buy(browsers[name], membership)
    buy(browsers["late"], trial)
    postman.deliver()
    leaving = Subscription.objects.get(user=people["returns"])
    browsers["returns"].post(reverse("lms_memberships:cancel", args=[leaving.pk]))
    failing = Subscription.objects.get(user=people["fails"])
    card = {"card_number": hosted.FAILS_LATER_CARD, "exp_month": 12, "exp_year": 2034, "cvc": "123"}
    for each in (failing, Subscription.objects.get(user=people["late"])):
        sandbox.actions.change_default_card(each.customer_id, **card)
    live(32)
    invoice = Invoice.objects.get(subscription=failing, status="open")
    sandbox.actions.change_default_card(failing.customer_id, **{**card, "card_number": hosted.GOOD_CARD})
    sandbox.actions.retry_invoice(invoice.stripe_id)
    postman.deliver()
    buy(browsers["later"], membership)
    live(32)
    buy(browsers["returns"], membership)
    live(64)
    return people


def by_the_invoices(gateway) -> list[tuple[str, datetime, datetime, int]]:
    """Who paid what for which time: from Stripe's own list, with nothing of ours. The first time begins when it is paid."""
    invoices = gateway.list_account_invoices(Part()).items
    paid = sorted(
        (each for each in invoices if each.status == "paid" and each.total.minor > 0), key=lambda each: each.paid_at
    )
    began: dict[str, datetime] = {}
    for each in paid:
        began.setdefault(each.customer_id, each.paid_at)
    return [
        (each.customer_id, max(each.period_start, began[each.customer_id]), each.period_end, each.total.minor)
        for each in paid
    ]


def test_the_numbers_are_those_of_the_invoices(story, gateway, clock, bookkeeper, membership):
    """X21, H10: revenue, members, new, lost and won back of each month, recomputed from what Stripe billed."""
    billed = by_the_invoices(gateway)
    months = spans.last_months(clock.now, 7)
    told = {row.month: row for row in report_sums.recurring(scope(months))}
    before: set[str] = set()
    ever: set[str] = set()
    for month in months[:-1]:
        # The first moment of the next month is not in this one.
        at = spans.month_ends(month) - MOMENT
        running = {who: money for who, begins, ends, money in billed if begins <= at < ends}
        row = told[month]
        assert row.revenue == Money(sum(running.values()), "eur"), month
        assert row.members == len(running), month
        came = running.keys() - before
        assert (row.new, row.won_back) == (len(came - ever), len(came & ever)), month
        assert row.lost == len(before - running.keys()), month
        before, ever = set(running), ever | running.keys()
    assert sum(row.won_back for row in told.values()) == 1
    assert sum(row.lost for row in told.values()) == 1
    assert sum(row.new for row in told.values()) == 5

    paid = defaultdict(int)
    for each in gateway.list_account_invoices(Part()).items:
        if each.paid_at is not None:
            paid[spans.month_of(each.paid_at)] += each.amount_paid.minor
    earned: dict[date, int] = defaultdict(int)
    for each in report_sums.earned(scope(months)):
        earned[each.month] += each.paid.minor
    assert earned == {month: minor for month, minor in paid.items() if minor}

    failed = report_sums.payments(scope(months))
    counts = [sum(getattr(row, name) for row in failed) for name in ("failed", "recovered", "waiting")]
    assert counts == [2, 2, 0]
    assert sum(row.recovered_money.minor for row in failed) == 2 * 1900

    late = Subscription.objects.get(user=story["late"])
    paid_at = Invoice.objects.filter(subscription=late, amount_paid__gt=0).earliest("paid_at").paid_at
    assert spans.month_of(paid_at) > spans.month_of(late.trial_end), "the control: another month than the trial's end"
    assert RevenueChange.objects.get(subscription=late).at == paid_at

    page = text(bookkeeper.get(url("recurring")).content.decode())
    assert "€95.00" in page
    assert "What the running subscriptions bring in a month" in page


# ------------------------------------------------------------------ I7
def test_the_last_moment_of_a_month_belongs_to_it_and_the_next_one_does_not(membership, bill, held):
    """I7: events on the last moment of each month of a leap year, and on the first of the next."""
    months = [date(2028, number, 1) for number in range(1, 13)]
    for number, month in enumerate(months, start=1):
        subscription = held()
        for at, size in ((spans.month_ends(month) - MOMENT, 1), (spans.month_ends(month), 100)):
            bill(at, amount_paid=size * number, failures_told=1)
            RevenueChange.objects.create(
                subscription=subscription, membership=membership, kind="new", at=at, currency="eur",
                delta=size * number, monthly=size * number, members=1,
            )  # fmt: skip
    for number, month in enumerate(months, start=1):
        alone = scope([month])
        before = number - 1
        [earned] = report_sums.earned(alone)
        assert earned.paid.minor == number + 100 * before
        [payments] = report_sums.payments(alone)
        assert payments.failed == (1 if number == 1 else 2)
        [recurring] = report_sums.recurring(alone)
        assert recurring.new == payments.failed
        assert recurring.revenue.minor == sum(range(1, number + 1)) + 100 * sum(range(1, before + 1))


def test_months_are_counted_in_utc_whatever_the_sites_zone_is(bill, settings):
    """I7"""
    settings.TIME_ZONE = "Pacific/Auckland"
    bill(datetime(2028, 2, 29, 23, 59, 59, tzinfo=UTC))
    assert report_sums.earned(scope([date(2028, 3, 1)])) == []
    assert len(report_sums.earned(scope([date(2028, 2, 1)]))) == 1


def test_last_months_end_with_the_present_one():
    """I7: over the turn of a year."""
    found = spans.last_months(datetime(2027, 1, 31, 23, tzinfo=UTC), 3)
    assert found == [date(2026, 11, 1), date(2026, 12, 1), date(2027, 1, 1)]


# ------------------------------------------------------------------ trials, and what was given back
def test_a_trial_is_converted_by_a_payment_for_the_time_after_it(
    client_for, gateway, live_session, postman, clock, bookkeeper
):
    """X21: one pays after the trial, one leaves during it."""
    trial = publish(put_into(MembershipFactory(title="Try", trial_days=10), live_session), gateway=gateway)
    for name in ("stays", "leaves"):
        browser = client_for(UserFactory(username=name))
        buy(browser, trial)
        postman.deliver()
        if name == "leaves":
            browser.post(reverse("lms_memberships:cancel", args=[Subscription.objects.latest("pk").pk]))
    assert RevenueChange.objects.count() == 0, "a trial brings nothing yet"
    clock.advance(days=11)
    postman.deliver()
    ended = Subscription.objects.first().trial_end
    [row] = report_sums.trials(scope([spans.month_of(ended)]), now=clock.now)
    assert (row.ended, row.converted) == (2, 1)
    [change] = RevenueChange.objects.all()
    paid_at = Invoice.objects.get(amount_paid__gt=0).paid_at
    assert (change.kind, change.at, change.delta) == ("new", paid_at, 1900)
    page = text(bookkeeper.get(url("trials")).content.decode())
    assert "50 %" in page


@pytest.mark.parametrize("how", [{"credited": 400}, {"refunded": 400}, {"credited": 400, "refunded": 400}], ids=str)
def test_what_was_given_back_is_taken_off_what_was_paid(how, bill, bookkeeper, now):
    """X21, G9: by a credit note, by a refund, or by a credit note with its refund, which are one."""
    bill(now, **how)
    [row] = report_sums.earned(scope([spans.month_of(now)]))
    assert (row.paid.minor, row.credited.minor, row.net.minor) == (1900, 400, 1500)
    assert "€15.00" in text(bookkeeper.get(url("earned")).content.decode())


# ------------------------------------------------------------------ the pages
@pytest.mark.parametrize("slug", SLUGS)
def test_a_report_is_for_those_who_may_see_invoices(slug, client_for, bookkeeper, creator):
    """S44"""
    assert client_for(creator).get(url(slug))["Location"] == reverse("wagtailadmin_home")
    answer = bookkeeper.get(url(slug))
    assert answer.status_code == 200
    assert "What the words mean" in answer.content.decode()
    assert url(slug) in bookkeeper.get(reverse("wagtailadmin_home")).content.decode()
    viewer = client_for(allow(UserFactory(), "view_invoice"))
    assert viewer.get(url(slug), {"export": "csv"})["Location"] == reverse("wagtailadmin_home")


@pytest.mark.parametrize("slug", SLUGS)
def test_the_queries_of_a_report_do_not_grow(slug, bookkeeper, membership, bill, held, now):
    counts = []
    for number in (1, 20):
        for each in range(number):
            bill(now - timedelta(days=31 * (each % 10)), failures_told=1)
            RevenueChange.objects.create(
                subscription=held(trial_end=now - timedelta(days=each)), membership=membership, kind="new",
                at=now - timedelta(days=20 * each), currency="eur", delta=1900, monthly=1900, members=1,
            )  # fmt: skip
        bookkeeper.get(url(slug))
        with CaptureQueriesContext(database) as captured:
            assert bookkeeper.get(url(slug)).status_code == 200
        counts.append(len(captured))
    assert counts[0] == counts[1] < 25


def test_a_chart_is_a_picture_with_a_name_beside_the_same_numbers(bookkeeper, bill, now):
    """X21: WCAG 1.1.1; no inline style, no script, nothing from elsewhere."""
    bill(now)
    page = bookkeeper.get(url("earned")).content.decode()
    [picture] = re.findall(r"<svg viewBox.*?</svg>", page, re.S)
    assert 'role="img"' in picture
    assert "<title id=" in picture
    assert "style=" not in picture
    assert "€19.00" in picture
    assert "€19.00" in text(page.partition("</svg>")[2])
    assert not re.search(r'(?:src|href)="(?:https?:)?//(?!testserver)', picture)


def test_a_report_is_narrowed_and_exported(bookkeeper, bill, now):
    """S43, S45."""
    other = MembershipFactory(title="=1+1")
    bill(now)
    bill(now, membership=other, currency="usd")
    assert "$19.00" not in text(bookkeeper.get(url("earned"), {"currency": "eur"}).content.decode())
    for wrong in ({"membership": "' OR 1=1"}, {"months": "9999"}, {"currency": "'; --"}):
        assert "19.00" not in text(bookkeeper.get(url("earned"), wrong).content.decode())
    answer = bookkeeper.get(url("earned"), {"membership": other.pk, "export": "csv"})
    table = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    assert table[1] == [f"{now:%Y-%m}", "'=1+1", "USD", "1", "19.00", "0.00", "0.00", "19.00"]
    # X24: who took a file.
    (entry,) = ModelLogEntry.objects.filter(action="lms_memberships.report_exported")
    assert (entry.user.username, entry.message) == ("bookkeeper", "“Memberships: what was paid” was exported as CSV.")


def test_the_front_page_says_how_the_month_goes(client_for, bookkeeper, membership, bill, held, now):
    """X21: to whoever may see it, and nothing to others."""
    bill(now)
    RevenueChange.objects.create(
        subscription=held(), membership=membership, kind="new", at=now, currency="eur", delta=1, monthly=1, members=1
    )
    page = text(bookkeeper.get(reverse("wagtailadmin_home")).content.decode())
    assert "New recurring members 1" in page
    assert "Paid €19.00" in page
    nobody = client_for(allow(UserFactory(), "view_membership"))
    assert "New recurring members" not in text(nobody.get(reverse("wagtailadmin_home")).content.decode())


FAILING = {
    "past due": {"status": "past_due"},
    "unpaid": {"status": "unpaid"},
    # None of these are in the list, whatever their status.
    "never began": {"status": "past_due", "opened_at": None},
    "for good": {"status": "unpaid", "access_until": FOR_GOOD},
    "no place": {"status": "past_due", "flag": "no_place"},
    "another account": {"status": "past_due", "account": "acct_other"},
    "live": {},
}


def test_the_front_page_counts_the_people_whom_its_link_shows(client_for, held, now):
    """X21, X20: as many as the list of people has, narrowed to failing payments; one person is one."""
    twice = UserFactory()
    for columns in FAILING.values():
        held(user=UserFactory(), **columns)
    held(user=twice, status="past_due")
    held(user=twice, status="unpaid")
    desk = client_for(allow(UserFactory(), "view_subscription"))
    page = desk.get(reverse("wagtailadmin_home")).content.decode()
    link = re.search(r'<a href="([^"]*state=failing[^"]*)">([^<]*)</a>', page)
    assert link, page
    listed = desk.get(link[1]).context["object_list"]
    assert link[2].strip() == f"People whose payment failed: {len(listed)}"
    assert len(listed) == 4
    bookkeeper = client_for(allow(UserFactory(), "view_invoice"))
    assert "whose payment failed" not in bookkeeper.get(reverse("wagtailadmin_home")).content.decode()


def test_every_word_that_is_explained_stands_in_the_table(bookkeeper):
    """X21: nobody looks for a column that is not there. A trial is what the whole report is about."""
    for report in REPORTS:
        labels = {str(column.label) for column in report().columns}
        assert {str(each.word) for each in report.words if each is not words.TRIAL} <= labels, report


def test_who_paid_more_than_before_stands_in_a_column(bookkeeper, held, membership, now):
    """X21, I7: without it, the sum of the others was not the change of the revenue."""
    row = {"membership": membership, "at": now, "currency": "eur"}
    RevenueChange.objects.create(
        subscription=held(), kind="new", delta=1900, monthly=1900, members=1, **row
    )  # fmt: skip
    RevenueChange.objects.create(subscription=held(), kind="changed", delta=500, monthly=2400, members=0, **row)
    answer = bookkeeper.get(url("recurring"), {"export": "csv"})
    table = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    assert (table[-1]["Changed"], table[-1]["More or less than the month before"]) == ("5.00", "24.00")


def test_what_a_bank_took_back_does_not_stay(bill, now):
    """G7, X21: lost for good; a dispute that runs, or was won, takes nothing off."""
    lost, running = bill(now), bill(now)
    for number, (invoice, status) in enumerate([(lost, "lost"), (running, "open")]):
        Dispute.objects.create(
            account="acct_sandbox", livemode=False, stripe_id=f"du_{number}", invoice=invoice, amount=1900,
            membership=invoice.membership, currency="eur", status=status, said=status, created_at=now,
            read_started_at=now,
        )  # fmt: skip
    [row] = report_sums.earned(scope([spans.month_of(now)]))
    assert (row.paid.minor, row.disputed.minor, row.net.minor) == (3800, 1900, 1900)


def test_two_memberships_of_one_title_are_two(bill, membership, now):
    """X21: what each earned."""
    bill(now)
    bill(now, membership=MembershipFactory(title=membership.title), amount_paid=900)
    rows = report_sums.earned(scope([spans.month_of(now)]))
    assert [row.paid.minor for row in rows] == [1900, 900]


def test_the_front_page_says_how_much_needs_a_decision(client_for, held, membership):
    """X8, X24: to whoever may decide any of it, and with the way there."""
    held(status="active", flag="unknown_price")
    home, way = reverse("wagtailadmin_home"), reverse("lms_memberships_attention")
    linker = client_for(allow(UserFactory(), "link_subscription"))
    page = linker.get(home).content.decode()
    assert "Payments and purchases that need a decision: 1" in text(page)
    assert f'href="{way}"' in page.partition("lms-memberships-section")[2]
    assert linker.get(way).status_code == 200
    nobody = client_for(allow(UserFactory(), "view_membership"))
    assert "need a decision" not in text(nobody.get(home).content.decode())


def test_the_front_page_counts_what_waits_once_a_minute_and_anew_after_a_press(client_for, held, membership, clock):
    """X8, H11: the count goes through everybody's subscriptions, the page is everybody's first one."""
    found = held(status="active", flag="unknown_price")
    linker, home = client_for(allow(UserFactory(), "link_subscription")), reverse("wagtailadmin_home")
    counts = "'doubles' AS"
    with CaptureQueriesContext(database) as first:
        linker.get(home)
    with CaptureQueriesContext(database) as second:
        assert "need a decision: 1" in text(linker.get(home).content.decode())
    assert sum(counts in each["sql"] for each in first) == 1
    assert not any(counts in each["sql"] for each in second)
    linker.post(reverse(attention_names.PRICE_LEFT, args=[found.pk]))
    assert "need a decision" not in text(linker.get(home).content.decode()), "off the list at once for whoever pressed"


def test_a_hosted_page_is_not_needed_for_a_price_that_is_unknown(client_for, membership, postman, gateway):
    """H10: what is billed at a price of something else does not count."""
    buy(client_for(UserFactory(username="moved")), membership)
    postman.deliver()
    subscription = Subscription.objects.get()
    assert RevenueChange.objects.get().delta == 1900
    other = gateway.client.v1.prices.create(
        {"product": membership.prices.get().product_id, "unit_amount": 100, "currency": "eur",
         "recurring": {"interval": "month"}}
    )  # fmt: skip
    item = gateway.read_subscription(subscription.stripe_id).item_id
    gateway.client.v1.subscriptions.update(
        subscription.stripe_id, {"items": [{"id": item, "price": other.id}], "proration_behavior": "none"}
    )
    postman.deliver()
    assert list(RevenueChange.objects.order_by("pk").values_list("kind", "delta", "members")) == [
        ("new", 1900, 1), ("lost", -1900, -1),
    ]  # fmt: skip


def test_paid_once_is_no_recurring_revenue(client_for, gateway, live_session, postman):
    """H10"""
    once = publish(put_into(MembershipFactory(title="Once", interval="one_time"), live_session), gateway=gateway)
    browser = client_for(UserFactory())
    assert hosted.pay(press_join(browser, once))[0] == 303
    postman.deliver()
    assert Subscription.objects.get().is_live(datetime.now(UTC))
    assert not RevenueChange.objects.exists()
