"""Do dates come right at the ends of months, when clocks change, and in zones far from Greenwich?"""

import ast
from calendar import monthrange
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from babel.dates import format_date
from dateutil.relativedelta import relativedelta
from django.utils import timezone

import lms_memberships
from lms_memberships.memberships.pricing import STEPS
from lms_memberships.models import Checkout, Subscription
from lms_memberships.payments.stripe_gateway import checkouts, snapshots
from lms_memberships.portal.standing import standing
from lms_memberships.subscriptions import billing, checkout, copies, lifecycle, settling
from tests import hosted
from tests.factories import MembershipFactory, publish, put_into
from tests.subscriptions import said
from tests.subscriptions.said import NOW

pytestmark = pytest.mark.django_db

URLS = ("http://testserver/memberships/done/?session_id={CHECKOUT_SESSION_ID}", "http://testserver/memberships/")
ZONES = ("Europe/Paris", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kolkata", "America/New_York")


@pytest.fixture
def buy_at(student, gateway, clock):
    """Let time pass until then, press the button, pay, come back."""

    def buy(membership, moment: datetime) -> Subscription:
        clock.advance(seconds=round((moment - clock.now).total_seconds()))
        url = checkout.start(
            student, checkout.Wish(membership), gateway=gateway, language="en", urls=URLS, now=clock.now
        )
        hosted.pay(url)
        attempt = Checkout.objects.latest("pk")
        return checkout.finish(student, attempt.session_id, gateway=gateway, now=clock.now).subscription

    return buy


@pytest.fixture
def next_period(gateway, clock):
    """Let the period run out, and read the subscription again."""

    def run(row: Subscription) -> Subscription:
        clock.advance(seconds=(row.period_end - clock.now).total_seconds() + 7200)
        return settling.follow_subscription(row.stripe_id, gateway=gateway, now=clock.now)

    return run


def at_stripe(sandbox, row: Subscription) -> datetime:
    (theirs,) = sandbox.store.all("subscription", account=sandbox.account_id)
    return datetime.fromtimestamp(theirs["items"]["data"][0]["current_period_end"], UTC)


@pytest.mark.parametrize("start", [(2027, 1, 29), (2027, 1, 30), (2027, 1, 31), (2028, 2, 29)])
def test_a_monthly_period_ends_when_stripe_says(start, membership, sandbox, buy_at, next_period):
    """I1: 14 months, each end copied; the day comes back after a short month."""
    row = buy_at(membership, datetime(*start, 12, tzinfo=UTC))
    for number in range(1, 15):
        year, month = divmod(start[1] - 1 + number, 12)
        day = min(start[2], monthrange(start[0] + year, month + 1)[1])
        assert row.period_end == at_stripe(sandbox, row)
        assert row.period_end.date() == datetime(start[0] + year, month + 1, day, tzinfo=UTC).date()
        row = next_period(row)


def test_a_year_from_a_leap_day_ends_when_stripe_says(gateway, live_session, sandbox, buy_at, next_period):
    """I10: four years, and the leap day is back."""
    yearly = publish(put_into(MembershipFactory(interval="year"), live_session), gateway=gateway)
    row = buy_at(yearly, datetime(2028, 2, 29, 12, tzinfo=UTC))
    ends = []
    for _year in range(4):
        assert row.period_end == at_stripe(sandbox, row)
        ends.append((row.period_end.month, row.period_end.day))
        row = next_period(row)
    assert ends == [(2, 28), (2, 28), (2, 28), (2, 29)]


def test_an_end_that_no_calendar_would_give_is_copied_too(student, pass_, nobody_answers):
    """I1, I10, the control: whoever computed it would not find this one."""
    odd = datetime(2027, 3, 4, 5, 6, 7, tzinfo=UTC)
    said_by_stripe = said.subscription(said.attempt(student, pass_), current_period_end=odd)
    assert lifecycle.reconcile(said_by_stripe, gateway=nobody_answers, now=NOW).period_end == odd


#: Spans that are no months.
NO_MONTHS = {
    # How far Stripe remembers events, and how far back the nightly sweep looks.
    ("syncing.py", "timedelta(days=29)"),
    ("sync_sweep.py", "timedelta(days=90)"),
    # The law says thirty days.
    ("old_prices.py", "timedelta(days=30)"),
    # How long something waits for somebody, or may be laid ahead.
    ("guest_models.py", "timedelta(days=30)"),
    ("price_moves.py", "timedelta(days=365)"),
    ("guest_daily.py", "timedelta(days=90)"),
    ("cancel_links.py", "timedelta(days=90)"),
    ("withdrawal_links.py", "timedelta(days=90)"),
    # How long before, a card's owner is reminded.
    ("expiring_cards.py", "timedelta(days=30)"),
    # How far back Stripe is asked for refunds and disputes.
    ("sync_money_back.py", "timedelta(days=180)"),
    # What is recent, for a light.
    ("sums.py", "timedelta(days=30)"),
}


def rough_months(source: str) -> list[str]:
    """Spans of a number of days that somebody may have meant as a month or a year."""
    rough = {28, 29, 30, 31, 90, 91, 180, 182, 365, 366}
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "timedelta":
            values = [*node.args[:1], *[each.value for each in node.keywords if each.arg == "days"]]
            numbers = {each.value for value in values for each in ast.walk(value) if isinstance(each, ast.Constant)}
            if numbers & rough:
                found.append(ast.unparse(node))
    return found


def test_nothing_of_ours_takes_a_month_for_thirty_days():
    """I2: the only months that we add are the calendar's, for what the shop says of the next payment."""
    package = Path(lms_memberships.__file__).parent
    files = [path for path in package.rglob("*.py") if "sandbox" not in path.relative_to(package).parts]
    assert len(files) > 100
    found = {(path.name, span) for path in files for span in rough_months(path.read_text())}
    assert found == NO_MONTHS


def test_control_a_rough_month_is_found():
    """I2, negative control"""
    assert rough_months("end = start + timedelta(days=30)\nother = datetime.timedelta(365 * count)") != []


def test_months_are_counted_from_the_anchor():
    """I2: 24 months from the 31st do not drift; month after month, the control, they do."""
    anchor = drifting = datetime(2027, 1, 31, tzinfo=UTC)
    for count in range(1, 25):
        end = anchor + STEPS["month"](count)
        drifting += relativedelta(months=1)
        assert end.day == min(31, monthrange(end.year, end.month)[1])
    assert drifting.day != end.day


@pytest.mark.parametrize("zone", ["Europe/Paris", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
@pytest.mark.parametrize("day", [(2026, 10, 25), (2027, 3, 28)])
def test_ends_are_stored_in_utc_and_said_in_the_sites_zone(day, zone, student, pass_, nobody_answers, settings):
    """I3: half past midnight and half past two in UTC, on the nights on which clocks change in Paris."""
    settings.TIME_ZONE = zone
    for number, hour in enumerate((0, 2)):
        end = datetime(*day, hour, 30, tzinfo=UTC)
        start = end - timedelta(days=20)
        heard = said.subscription(
            said.attempt(student, pass_, state="complete", created_at=start),
            f"sub_{number}",
            started_at=start,
            current_period_start=start,
            current_period_end=end,
            cancel_at=end,
            read_started_at=start,
        )
        with timezone.override(ZoneInfo(zone)):
            row = lifecycle.reconcile(heard, gateway=nobody_answers, now=start)
            row.refresh_from_db()
            assert (row.period_end, row.access_until, row.access_until.utcoffset()) == (end, end, timedelta(0))
            assert [row.is_live(end - timedelta(seconds=1)), row.is_live(end)] == [True, False]
            words = str(standing(row, now=start, language="en"))
        assert format_date(end.astimezone(ZoneInfo(zone)).date(), format="long", locale="en") in words
        row.delete()


def test_control_said_in_utc_it_is_another_day(student, pass_, nobody_answers, monkeypatch):
    """I3, negative control: eleven hours behind Greenwich, half past midnight there is the afternoon before."""
    end = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    start = end - timedelta(days=20)
    heard = said.subscription(
        said.attempt(student, pass_), current_period_end=end, cancel_at=end, read_started_at=start, started_at=start
    )
    row = lifecycle.reconcile(heard, gateway=nobody_answers, now=start)
    with timezone.override(ZoneInfo("Pacific/Pago_Pago")):
        said_there = standing(row, now=start, language="en").sentence
        monkeypatch.setattr(timezone, "localtime", lambda moment, *_zone: moment)
        said_in_utc = standing(row, now=start, language="en").sentence
    assert ("October 24, 2026" in said_there, "October 25, 2026" in said_in_utc) == (True, True)


def test_control_kept_as_the_wall_shows_it_access_ends_at_another_hour(student, pass_, nobody_answers, monkeypatch):
    """I3, negative control: a moment without its zone is an hour, or fourteen, too early or too late."""
    end = datetime(2026, 10, 25, 2, 30, tzinfo=UTC)
    zone = ZoneInfo("Pacific/Kiritimati")
    copy = copies.copy_subscription

    def by_the_wall(subscription, snapshot, *, now) -> None:
        copy(subscription, snapshot, now=now)
        subscription.cancel_at = snapshot.cancel_at.astimezone(zone).replace(tzinfo=UTC)

    heard = said.subscription(said.attempt(student, pass_), current_period_end=end, cancel_at=end)
    row = lifecycle.reconcile(heard, gateway=nobody_answers, now=NOW)
    assert row.access_until == end
    monkeypatch.setattr(copies, "copy_subscription", by_the_wall)
    row = lifecycle.reconcile(heard, gateway=nobody_answers, now=NOW)
    assert row.access_until - end == timedelta(hours=14)


@pytest.mark.parametrize("zone", ZONES)
def test_a_trial_has_its_whole_days_at_whatever_hour_it_begins(
    zone, student, gateway, live_session, buy_at, settings, sandbox
):
    """I4: a second before and at midnight; Stripe is given a number of days, and its end is what we show."""
    settings.TIME_ZONE = zone
    midnight = datetime(2027, 1, 10, tzinfo=ZoneInfo(zone))
    for number, moment in enumerate((midnight - timedelta(seconds=1), midnight)):
        bundle = put_into(MembershipFactory(title=f"{zone} {number}", trial_days=14), live_session)
        trial = publish(bundle, gateway=gateway)
        row = buy_at(trial, moment)
        (theirs,) = [
            each
            for each in sandbox.store.all("subscription", account=sandbox.account_id)
            if each["id"] == row.stripe_id
        ]
        assert row.trial_end == datetime.fromtimestamp(theirs["trial_end"], UTC)
        assert theirs["trial_end"] - theirs["trial_start"] == 14 * 86_400
        assert abs(row.trial_end - moment - timedelta(days=14)) < timedelta(minutes=5)
    days = [Checkout.objects.order_by("pk").values_list("trial_days", flat=True)]
    assert [list(each) for each in days] == [[14, 14]]


def test_control_given_as_a_date_it_is_a_day_short_or_not_by_the_hour(gateway, live_session, buy_at, monkeypatch):
    """I4, negative control: an end that we compute from the day on which it began."""
    zone = ZoneInfo("Europe/Paris")
    midnight = datetime(2027, 1, 10, tzinfo=zone)
    params_of = checkouts._subscription_params

    def until_a_date(request) -> dict:
        params = params_of(request)
        days = params["subscription_data"].pop("trial_period_days")
        begins = today.astimezone(zone).replace(hour=0, minute=0, second=0)
        params["subscription_data"]["trial_end"] = int((begins + timedelta(days=days)).timestamp())
        return params

    monkeypatch.setattr(checkouts, "_subscription_params", until_a_date)
    lasted = []
    for number, today in enumerate((midnight - timedelta(seconds=1), midnight)):
        bundle = put_into(MembershipFactory(title=f"Trial {number}", trial_days=14), live_session)
        row = buy_at(publish(bundle, gateway=gateway), today)
        lasted.append(round((row.trial_end - today) / timedelta(days=1)))
    assert lasted == [13, 14]


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Pago_Pago"])
def test_what_has_no_date_has_none(zone, student, pass_, nobody_answers, settings):
    """I6: nothing becomes the first of January 1970, in whichever zone."""
    settings.TIME_ZONE = zone
    assert snapshots.moment(None) is None
    attempt = said.attempt(student, pass_)
    with timezone.override(ZoneInfo(zone)):
        row = lifecycle.reconcile(said.subscription(attempt), gateway=nobody_answers, now=NOW)
        row.refresh_from_db()
    assert (row.trial_end, row.cancel_at, row.ended_at, row.unpaid_since) == (None, None, None, None)
    moments = [value for value in vars(row).values() if isinstance(value, datetime)]
    assert len(moments) >= 4
    assert all(each.year >= 2026 for each in moments)


def test_what_stripe_does_not_know_yet_is_filled_in_later(student, pass_, nobody_answers):
    """D10: number, payment and date of payment come after the first read, and an older read takes nothing away."""
    attempt = said.attempt(student, pass_)
    row = lifecycle.reconcile(said.subscription(attempt), gateway=nobody_answers, now=NOW)
    owner = billing.Owner.of(row)
    early = said.invoice(number="", payment_intent_id="", **said.UNPAID)
    billing.record_invoice_of(owner, early, gateway=nobody_answers, now=NOW)
    whole = said.invoice(read_started_at=NOW + timedelta(seconds=2))
    for snapshot in (whole, early, whole):
        invoice = billing.record_invoice_of(owner, snapshot, gateway=nobody_answers, now=NOW)
        invoice.refresh_from_db()
        assert (invoice.number, invoice.payment_intent_id, invoice.paid_at) == ("A-0001", "pi_1", NOW)
