"""Is a membership theirs once its instalments are paid, and never before, and never paid for once too often? (V10, guide §9)."""

import random
import re

import pytest
from django.core.management import call_command
from django.urls import reverse

from lms_memberships.access import decide
from lms_memberships.clock import wall_time
from lms_memberships.emails import switches
from lms_memberships.management.jobs import JOBS, Job, Rhythm
from lms_memberships.management.resolving import FINDERS, UNDONE_BY
from lms_memberships.memberships import promotions
from lms_memberships.models import Email, Invoice, PromotionCode, Subscription
from lms_memberships.payments import resolving
from lms_memberships.payments.gateway import GatewayFailure
from lms_memberships.payments.models import Intent
from lms_memberships.personal_data import erasing
from lms_memberships.sandbox.faults import Fault
from lms_memberships.subscriptions import discounts, holding, instalment_ends
from tests import hosted
from tests.factories import MembershipFactory, publish, put_into
from tests.flows.steps import buy, press_join, text
from tests.webhooks_rig import post_event

pytestmark = pytest.mark.django_db

MONTH_AND_A_BIT = {"days": 31, "hours": 3}


@pytest.fixture(autouse=True)
def every_mail():
    """So that a mail that must not be sent is missed by choice."""
    switches.switch_all_on()


@pytest.fixture
def course(gateway, live_session):
    """Three instalments of 100 euros."""
    draft = MembershipFactory(title="Glazing course", price_amount=10000, instalments=3)
    return publish(put_into(draft, live_session), gateway=gateway)


@pytest.fixture
def tried_course(gateway, live_session):
    """The same after fourteen days of trial."""
    draft = MembershipFactory(title="Glazing course", price_amount=10000, instalments=3, trial_days=14)
    return publish(put_into(draft, live_session), gateway=gateway)


@pytest.fixture
def browser(student, client_for):
    return client_for(student)


@pytest.fixture
def join(browser, django_capture_on_commit_callbacks):
    """Buy, and let the tasks run that start after commit."""

    def pay(membership, **how: str) -> Subscription:
        with django_capture_on_commit_callbacks(execute=True):
            buy(browser, membership, **how)
        return Subscription.objects.get()

    return pay


@pytest.fixture
def months(clock, postman):
    """Let months pass: Stripe tells, and the nightly job runs."""

    def pass_by(number: int, *, nightly: bool = True) -> Subscription:
        for _each in range(number):
            clock.advance(**MONTH_AND_A_BIT)
            postman.deliver()
            if nightly:
                clock.daily()
        return Subscription.objects.get()

    return pass_by


def paid(sandbox) -> list[int]:
    """What Stripe took, in order: what is asked here is the student's money, not our copy of it."""
    invoices = sandbox.store.all("invoice", account=sandbox.account_id)
    return [each["amount_paid"] for each in reversed(invoices) if each["status"] == "paid"]


def at_stripe(sandbox) -> dict:
    return sandbox.store.all("subscription", account=sandbox.account_id)[0]


def schedules(sandbox) -> list[str]:
    return [each["status"] for each in sandbox.store.all("subscription_schedule", account=sandbox.account_id)]


def account_page(browser) -> str:
    return text(browser.get(reverse("lms_memberships:account")).content.decode())


def told() -> list[str]:
    return sorted(Email.objects.values_list("kind", flat=True).distinct())


def test_all_instalments_paid_is_theirs_for_good(
    course, student, browser, join, months, clock, live_session, sandbox, postman
):
    """V10: three payments, then the end at Stripe, and access that stays."""
    row = join(course)
    assert (row.schedule_id, row.instalments_paid, row.cancel_at) == (at_stripe(sandbox)["schedule"], 1, None)
    page = account_page(browser)
    assert "1 of 3 instalments is paid; the last one is due on" in page
    assert "Cancelled" not in page
    row = months(1)
    assert row.instalments_paid == 2
    assert "2 of 3 instalments are paid" in account_page(browser)
    row = months(1)
    assert (row.instalments_paid, row.is_for_good) == (3, True)
    assert "All 3 instalments are paid. It stays open, and nothing more is charged." in account_page(browser)
    row = months(6)
    assert (row.status, row.instalments_paid) == ("canceled", 3)
    assert paid(sandbox) == [10000, 10000, 10000]
    assert decide(student, live_session, now=clock.now).allowed
    assert "It stays open" in account_page(browser)
    assert {"cancelled", "access_lost", "admin_cancelled"}.isdisjoint(told())
    assert "payment_succeeded" in told()


def test_what_is_paid_off_is_not_sold_again(course, student, browser, join, months, clock):
    """V10, C6: it has ended at Stripe, and is held all the same; there is nothing left to cancel."""
    row = join(course)
    months(5)
    with pytest.raises(holding.AlreadyMember):
        holding.refuse_a_second(student, course, now=clock.now)
    page = browser.get(reverse("lms_memberships:cancel", args=[row.pk])).content.decode()
    assert "There is nothing to cancel." in page
    browser.post(reverse("lms_memberships:cancel", args=[row.pk]))
    assert "It stays open" in account_page(browser)


def test_a_last_instalment_that_fails_does_not_count(
    course, student, browser, join, months, clock, live_session, sandbox
):
    """V10, G2, guide §9: open for the days of grace, then closed, and closed after the end."""
    row = join(course)
    months(1)
    hosted_card_fails(sandbox, row)
    row = months(1)
    assert (row.status, row.instalments_paid, row.is_for_good) == ("past_due", 2, False)
    assert decide(student, live_session, now=clock.now).allowed
    assert "2 of 3 instalments are paid" in account_page(browser)
    row = months(1)
    assert (row.status, row.paid_up_at) == ("canceled", None)
    assert not decide(student, live_session, now=clock.now).allowed
    assert "access_lost" in told()


def test_a_last_instalment_that_is_paid_after_all_opens_for_good(
    course, student, browser, join, months, clock, live_session, sandbox, postman
):
    """V10: late, on Stripe's page, after the subscription has ended: it was paid."""
    row = join(course)
    months(1)
    hosted_card_fails(sandbox, row)
    months(2)
    owed = Invoice.objects.get(status="open")
    outcome = sandbox.actions.pay_hosted_invoice(
        owed.stripe_id, card_number=hosted.GOOD_CARD, exp_month="12", exp_year="2034", cvc="123"
    )
    assert outcome.kind == "paid"
    postman.deliver()
    row.refresh_from_db()
    assert (row.status, row.instalments_paid, row.is_for_good) == ("canceled", 3, True)
    assert decide(student, live_session, now=clock.now).allowed


def test_an_instalment_in_the_middle_that_is_paid_last_counts(course, join, months, sandbox, postman):
    """V10: the second fails, the third is paid, then the second: three are paid, in whichever order."""
    sandbox.actions.set_retries(days=[60], then="past_due")
    row = join(course)
    hosted_card_fails(sandbox, row)
    row = months(1)
    assert row.status == "past_due"
    sandbox.actions.change_default_card(
        row.customer_id, card_number=hosted.GOOD_CARD, exp_month="12", exp_year="2034", cvc="123"
    )
    row = months(1)
    assert (row.instalments_paid, row.paid_up_at) == (2, None)
    assert sandbox.actions.retry_invoice(Invoice.objects.get(status="open").stripe_id).kind == "paid"
    postman.deliver()
    row.refresh_from_db()
    assert (row.instalments_paid, row.is_for_good) == (3, True)


def test_a_crash_after_the_purchase_is_mended_by_the_nightly_job(course, browser, months, sandbox, clock):
    """V10, guide §9: the purchase was noted, and whoever was to attach the schedule died."""
    buy(browser, course)
    assert at_stripe(sandbox)["schedule"] is None
    clock.daily()
    assert at_stripe(sandbox)["schedule"] is not None
    row = months(6)
    assert paid(sandbox) == [10000, 10000, 10000]
    assert row.is_for_good


def test_without_the_nightly_job_it_would_be_charged_for_ever(course, browser, months, sandbox, monkeypatch):
    """The negative control of the test before: the same crash, and nobody looks."""
    monkeypatch.setitem(JOBS, "endless_instalments", Job(Rhythm.DAY, lambda now: 0))
    buy(browser, course)
    months(4)
    assert paid(sandbox) == [10000] * 5


def test_a_job_that_comes_a_month_late_still_counts_from_the_first(course, browser, months, sandbox, clock):
    """V10: an instalment was billed before the schedule came; it is one of the three."""
    buy(browser, course)
    months(1, nightly=False)
    clock.daily()
    row = months(6)
    assert paid(sandbox) == [10000, 10000, 10000]
    assert row.is_for_good


def test_a_job_that_comes_too_late_stops_at_once(course, browser, months, sandbox, clock, caplog):
    """V10: nobody looked for months. It is paid off, and no further charge follows."""
    buy(browser, course)
    months(3, nightly=False)
    clock.daily()
    months(3)
    assert len(paid(sandbox)) <= 4
    assert at_stripe(sandbox)["status"] == "canceled"
    assert Subscription.objects.get().is_for_good


def test_half_a_schedule_is_finished(course, browser, months, sandbox, clock, join):
    """V10, D1: it was made, and then Stripe did not answer. Left alone, it would only let go."""
    sandbox.faults.plan(Fault("status", "POST /v1/subscription_schedules/*", status=503, count=3))
    row = join(course)
    assert row.schedule_id == ""
    assert schedules(sandbox) == ["active"]
    assert at_stripe(sandbox)["cancel_at"] is None
    clock.daily()
    assert at_stripe(sandbox)["cancel_at"] is not None
    assert schedules(sandbox) == ["active"]
    assert months(6).is_for_good
    assert paid(sandbox) == [10000, 10000, 10000]


def test_half_a_schedule_that_was_noted_is_finished_too(course, months, sandbox, clock, join, postman):
    """V10: the same, when a webhook has told us of the half before the job looks."""
    sandbox.faults.plan(Fault("status", "POST /v1/subscription_schedules/*", status=503, count=3))
    row = join(course)
    postman.deliver()
    row.refresh_from_db()
    assert row.schedule_id
    assert list(instalment_ends.endless()) == [row]
    clock.daily()
    assert list(instalment_ends.endless()) == []
    assert at_stripe(sandbox)["cancel_at"] is not None


def test_a_lost_answer_makes_no_second_schedule(course, months, sandbox, clock, join):
    """V10, D1: it was laid out, and the answer was lost."""
    sandbox.faults.plan(Fault("commit_then_drop", "POST /v1/subscription_schedules/*", count=1))
    join(course)
    clock.daily()
    assert schedules(sandbox) == ["active"]
    assert months(6).is_for_good
    assert Intent.objects.filter(purpose="instalments").exclude(state="confirmed").count() == 0
    assert paid(sandbox) == [10000, 10000, 10000]


def test_cancelled_and_taken_back_it_ends_with_its_last_instalment_again(
    course, student, browser, join, months, clock, live_session, sandbox
):
    """V10, G13, P11, P12: cancelling lets go of the schedule, taking it back attaches one."""
    row = join(course)
    months(1)
    browser.post(reverse("lms_memberships:cancel", args=[row.pk]))
    ending = at_stripe(sandbox)
    assert (ending["schedule"], ending["cancel_at_period_end"]) == (None, True)
    assert "You keep access until" in account_page(browser)
    assert list(instalment_ends.endless()) == [], "what is cancelled is not given a schedule by the nightly job"
    clock.daily()
    browser.post(reverse("lms_memberships:resume", args=[row.pk]))
    kept = at_stripe(sandbox)
    assert (kept["schedule"] is not None, kept["cancel_at_period_end"]) == (True, False)
    row.refresh_from_db()
    assert (row.schedule_id, row.cancel_at) == (kept["schedule"], None)
    assert "2 of 3 instalments are paid" in account_page(browser)
    row = months(6)
    assert paid(sandbox) == [10000, 10000, 10000]
    assert row.is_for_good
    assert schedules(sandbox) == ["completed", "released"]


def test_cancelled_for_good_it_closes_with_what_is_paid(
    course, student, browser, join, months, clock, live_session, sandbox
):
    """V10: two of three instalments are not all of them."""
    row = join(course)
    months(1)
    browser.post(reverse("lms_memberships:cancel", args=[row.pk]))
    row = months(3)
    assert (row.status, row.paid_up_at) == ("canceled", None)
    assert paid(sandbox) == [10000, 10000]
    assert not decide(student, live_session, now=clock.now).allowed


def test_cancelled_while_a_payment_is_missing_it_ends_at_once(course, browser, join, months, sandbox):
    """V10, G2, guide §7: ending it now lets go of the schedule first."""
    row = join(course)
    hosted_card_fails(sandbox, row)
    assert months(1).status == "past_due"
    browser.post(reverse("lms_memberships:cancel", args=[row.pk]))
    row.refresh_from_db()
    assert (row.status, at_stripe(sandbox)["status"]) == ("canceled", "canceled")
    assert schedules(sandbox) == ["released"]
    months(3)
    assert paid(sandbox) == [10000]


def test_a_deleted_account_is_charged_no_further_instalment(course, student, join, months, sandbox, clock, gateway):
    """V10, K6: whoever leaves pays nothing more, and Stripe says so."""
    join(course)
    erasure = erasing.erase(student, now=clock.now)
    assert erasing.carry_out_now(erasure, gateway=gateway, now=clock.now)
    assert at_stripe(sandbox)["status"] == "canceled"
    clock.advance(days=100)
    assert paid(sandbox) == [10000]


def test_taken_back_in_stripes_dashboard_it_gets_its_end_from_the_job(course, browser, join, months, sandbox, clock):
    """V10: nobody pressed a button of ours."""
    row = join(course)
    sandbox.actions.cancel_subscription_at_period_end(row.stripe_id)
    sandbox.actions.keep_subscription(row.stripe_id)
    assert months(1, nightly=True).schedule_id
    months(6)
    assert paid(sandbox) == [10000, 10000, 10000]


def test_a_trial_is_none_of_the_instalments(
    tried_course, student, browser, join, months, clock, live_session, sandbox, postman
):
    """V10, V18: fourteen free days, then three instalments."""
    row = join(tried_course)
    assert row.instalments_paid == 0
    page = account_page(browser)
    assert "Your trial ends on" in page
    assert "0 of 3 instalments are paid" in page
    clock.advance(days=14, hours=2)
    postman.deliver()
    row.refresh_from_db()
    assert (row.status, row.instalments_paid) == ("active", 1)
    row = months(6)
    assert paid(sandbox) == [0, 10000, 10000, 10000]
    assert (row.instalments_paid, row.is_for_good) == (3, True)
    assert decide(student, live_session, now=clock.now).allowed


def test_instalments_that_were_all_refunded_are_not_paid(course, join, months, sandbox, clock, postman):
    """V10, guide §9: paid, and given back: not paid. A part that was given back takes nothing away (G9)."""
    join(course)
    months(1)
    charges = sandbox.store.all("charge", account=sandbox.account_id)
    sandbox.actions.refund_charge(charges[0]["id"], amount=500)
    sandbox.actions.refund_charge(charges[1]["id"])
    row = months(4)
    assert (row.status, row.instalments_paid, row.paid_up_at) == ("canceled", 2, None)


def test_a_part_that_was_given_back_takes_nothing_away(course, join, months, sandbox):
    """V10, G9"""
    join(course)
    charges = sandbox.store.all("charge", account=sandbox.account_id)
    sandbox.actions.refund_charge(charges[0]["id"], amount=500)
    assert months(4).is_for_good


def test_a_discount_lasts_as_long_as_it_should(course, join, months, sandbox, gateway):
    """V19: the schedule's phase names the discount; it would be lost otherwise."""
    sandbox.faults.plan(Fault("status", "POST /v1/subscription_schedules", status=503, count=3))
    row = join(course)
    coupon = gateway.client.v1.coupons.create({"percent_off": 50, "duration": "forever"})
    gateway.client.v1.subscriptions.update(row.stripe_id, {"discounts": [{"coupon": coupon.id}]})
    row = months(6)
    assert paid(sandbox) == [10000, 5000, 5000]
    assert row.is_for_good


@pytest.fixture
def half_price(gateway) -> PromotionCode:
    """As a creator makes it, and gives it to members."""
    coupon = gateway.client.v1.coupons.create({"percent_off": 50, "duration": "forever"})
    made = gateway.client.v1.promotion_codes.create(
        {"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "HALF"}
    )
    return promotions.follow(made.id, gateway=gateway)


def test_a_code_that_is_given_in_the_trial_counts_for_the_instalments(
    tried_course, join, months, clock, sandbox, gateway, half_price, postman
):
    """V19, V10: what is planned names its own discounts, and would take it off again with the end of the trial."""
    discounts.put_on(join(tried_course), half_price, gateway=gateway, now=clock.now)
    row = months(6)
    assert paid(sandbox) == [0, 5000, 5000, 5000]
    assert row.is_for_good
    assert gateway.read_code(half_price.stripe_id).times_redeemed == 1


def test_control_a_code_that_the_plan_does_not_know_is_lost(
    tried_course, join, months, clock, sandbox, gateway, half_price, monkeypatch
):
    """V19, V10, negative control"""
    monkeypatch.setattr(type(gateway), "lead_on_with", lambda *args, **kwargs: None)
    discounts.put_on(join(tried_course), half_price, gateway=gateway, now=clock.now)
    months(6)
    assert paid(sandbox) == [0, 10000, 10000, 10000]


@pytest.mark.parametrize("is_looked_up", [True, False], ids=["looked up", "control"])
def test_a_code_whose_giving_broke_off_before_the_plan_is_written_there_when_it_is_looked_up(
    is_looked_up, tried_course, join, months, clock, sandbox, gateway, half_price
):
    """V19, V10, D1: it stood on the subscription, and no answer came for the plan; with its control."""
    row = join(tried_course)
    sandbox.faults.plan(Fault("status", "POST /v1/subscription_schedules/*", status=500, count=0))
    with pytest.raises(GatewayFailure):
        discounts.put_on(row, half_price, gateway=gateway, now=clock.now)
    sandbox.faults.clear()
    Intent.objects.filter(purpose="put_code_on").update(next_look_at=wall_time() if is_looked_up else None)
    assert resolving.resolve_open(gateway=gateway, finders=FINDERS, undone_by=UNDONE_BY) == int(is_looked_up)
    months(6)
    assert paid(sandbox) == [0, *([5000] * 3 if is_looked_up else [10000] * 3)]
    assert gateway.read_code(half_price.stripe_id).times_redeemed == 1


def test_a_code_that_is_taken_off_again_is_off_for_all_instalments(
    course, join, months, clock, sandbox, gateway, half_price
):
    """V19, V10: and the plan still ends after the last one."""
    row = join(course)
    discounts.put_on(row, half_price, gateway=gateway, now=clock.now)
    row = months(1)
    discounts.take_off(row, gateway=gateway)
    assert months(5).is_for_good
    assert paid(sandbox) == [10000, 5000, 10000]


def test_a_period_that_a_code_made_free_is_none_of_the_instalments(course, browser, months, sandbox, clock, gateway):
    """V10, V19, guide §9: not paid, not counted; three are paid all the same."""
    buy(browser, course)
    coupon = gateway.client.v1.coupons.create({"percent_off": 100, "duration": "once"})
    name = Subscription.objects.get().stripe_id
    gateway.client.v1.subscriptions.update(name, {"discounts": [{"coupon": coupon.id}]})
    months(1, nightly=False)
    clock.daily()
    row = months(6)
    assert paid(sandbox) == [10000, 0, 10000, 10000]
    assert row.is_for_good


def test_cancelled_after_a_free_period_it_is_cancelled(course, browser, months, sandbox, clock, gateway):
    """G13, G18, V10: the dates say that the instalments end there, and nothing but the student has ended it."""
    buy(browser, course)
    coupon = gateway.client.v1.coupons.create({"percent_off": 100, "duration": "once"})
    row = Subscription.objects.get()
    gateway.client.v1.subscriptions.update(row.stripe_id, {"discounts": [{"coupon": coupon.id}]})
    row = months(2)
    assert (paid(sandbox), row.cancel_at) == ([10000, 0, 10000], None)
    browser.post(reverse("lms_memberships:cancel", args=[row.pk]))
    row.refresh_from_db()
    assert row.cancel_at == row.period_end
    clock.daily()
    assert at_stripe(sandbox)["schedule"] is None, "the daily job leaves it ended"
    page = text(browser.get(reverse("lms_memberships:account")).content.decode())
    assert "Next payment" not in page
    assert "cancelled" in set(Email.objects.values_list("kind", flat=True))
    row = months(1)
    assert (row.status, paid(sandbox)) == ("canceled", [10000, 0, 10000])


@pytest.mark.parametrize("seed", range(3))
def test_webhooks_that_come_twice_and_in_any_order_count_once(
    course, browser, sandbox, clock, student, live_session, seed
):
    """V10, B2, A16: everything told at the end, shuffled and doubled."""
    buy(browser, course)
    clock.daily()
    clock.advance(days=100)
    events = sandbox.store.all("event", account=sandbox.account_id) * 2
    random.Random(seed).shuffle(events)  # noqa: S311 - an order, no secret
    for event in events:
        assert post_event(event).status_code == 200
    call_command("memberships_drain", verbosity=0)
    row = Subscription.objects.get()
    assert (row.status, row.instalments_paid, row.is_for_good) == ("canceled", 3, True)
    assert decide(student, live_session, now=clock.now).allowed
    assert {"cancelled", "access_lost"}.isdisjoint(told())


def test_paid_off_unheard_it_is_found_by_the_nightly_job(course, browser, sandbox, clock, student, live_session):
    """V10, A16: not one webhook came, and the student never came back from Stripe's page."""
    status, _location, body = hosted.pay(press_join(browser, course))
    assert status == 303, body[:2000]
    clock.advance(days=2)
    clock.daily()
    clock.advance(days=100)
    clock.daily()
    row = Subscription.objects.get()
    assert (row.status, row.instalments_paid, row.is_for_good) == ("canceled", 3, True)
    assert decide(student, live_session, now=clock.now).allowed


def test_a_quarter_is_three_months(gateway, live_session, join, clock, sandbox, postman):
    """V10, V13"""
    draft = MembershipFactory(title="Slow course", price_amount=30000, interval="quarter", instalments=2)
    join(publish(put_into(draft, live_session), gateway=gateway))
    for _each in range(4):
        clock.advance(days=92)
        postman.deliver()
    assert paid(sandbox) == [30000, 30000]
    assert Subscription.objects.get().is_for_good


def test_in_french(course, browser, join):
    """Z1: the account page says it in the student's language."""
    join(course)
    page = browser.get(reverse("lms_memberships:account"), headers={"accept-language": "fr"}).content.decode()
    assert re.search(r"1 échéance sur 3 est payée", text(page))


def hosted_card_fails(sandbox, row: Subscription) -> None:
    """From the next charge on, the bank says no."""
    sandbox.actions.change_default_card(
        row.customer_id, card_number=hosted.FAILS_LATER_CARD, exp_month="12", exp_year="2034", cvc="123"
    )
