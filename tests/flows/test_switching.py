"""Does a student get to another tier for exactly what was shown, once, and never loses the old one before? (V29–V33, G15, H7)"""

import re
from datetime import datetime, timedelta

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from lms_memberships.emails import switches
from lms_memberships.memberships.ladder_models import Ladder, Tier
from lms_memberships.models import Delivery, Email, PriceOption, Subscription, TierChange
from lms_memberships.payments.models import Intent
from lms_memberships.payments.schedules import InstalmentsRequest
from lms_memberships.portal import switching as pages
from lms_memberships.sandbox.faults import Fault
from lms_memberships.subscriptions import changing_tiers, tier_writes
from tests import hosted
from tests.access.school import course
from tests.factories import MembershipFactory, UserFactory, publish, put_into
from tests.flows.steps import buy, text

pytestmark = pytest.mark.django_db

MONTH_AND_A_BIT = {"days": 31, "hours": 3}
CARD = {"exp_month": "12", "exp_year": "2034", "cvc": "123"}


@pytest.fixture(autouse=True)
def every_mail():
    """So that a mail that must not be sent is missed by choice."""
    switches.switch_all_on()


@pytest.fixture
def ladder(db) -> Ladder:
    return Ladder.objects.create(title="Studio")


@pytest.fixture
def tier(ladder, gateway, live_session):
    """Make one, above those that are there."""

    def make(title: str, amount: int, *options: dict, **fields: object):
        draft = put_into(MembershipFactory(title=title, price_amount=amount, **fields), live_session)
        for each in options:
            draft.price_options.add(PriceOption(**{"currency": "eur", **each}))
        if options:
            draft.save()
        made = publish(draft, gateway=gateway)
        Tier.objects.create(ladder=ladder, membership=made, sort_order=ladder.tiers.count())
        return made

    return make


@pytest.fixture
def bronze(tier):
    return tier("Bronze", 900)


@pytest.fixture
def silver(bronze, tier):
    return tier("Silver", 1900)


@pytest.fixture
def gold(silver, tier):
    return tier("Gold", 4900)


@pytest.fixture
def browser(student, client_for):
    return client_for(student)


@pytest.fixture
def act(django_capture_on_commit_callbacks):
    """Let the tasks run that start after commit."""

    def do(function, *args, **kwargs):
        with django_capture_on_commit_callbacks(execute=True):
            return function(*args, **kwargs)

    return do


@pytest.fixture
def held(browser, act, silver, gold) -> Subscription:
    """Silver, bought with a good card."""
    act(buy, browser, silver)
    return Subscription.objects.get()


def address(row: Subscription) -> str:
    return reverse("lms_memberships:switch", args=[row.pk])


def look_at(browser, row: Subscription, to, **more: object) -> str:
    """The page that says what it costs."""
    answer = browser.get(address(row), {"to": to.slug, **more})
    assert answer.status_code == 200, answer.get("Location")
    return answer.content.decode()


def form_of(page: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))


def change(browser, row: Subscription, to, **more: object):
    """Look, then press."""
    page = look_at(browser, row, to, **more)
    return browser.post(address(row), form_of(page))


def account_page(browser) -> str:
    return text(browser.get(reverse("lms_memberships:account")).content.decode())


def at_stripe(sandbox, number: int = 0) -> dict:
    return sandbox.store.all("subscription", account=sandbox.account_id)[number]


def price_at_stripe(sandbox) -> int:
    return at_stripe(sandbox)["items"]["data"][0]["price"]["unit_amount"]


def invoices(sandbox) -> list[dict]:
    """The newest first."""
    return sandbox.store.all("invoice", account=sandbox.account_id)


def told() -> set[str]:
    return set(Email.objects.values_list("kind", flat=True))


def give_card(sandbox, row: Subscription, number: str) -> None:
    sandbox.actions.change_default_card(at_stripe(sandbox)["customer"], card_number=number, **CARD)


def euros(minor: int) -> str:
    return f"€{minor / 100:.2f}"


def test_up_now_costs_what_was_shown_and_opens_at_once(held, browser, act, gold, sandbox, clock, postman):
    """V29, V32, H7, X9: today, next and then come from Stripe's preview, and the charge is the same to the cent."""
    clock.advance(days=10)
    page = look_at(browser, held, gold)
    said = text(page)
    assert "Silver: what you do not use any more" in said
    assert "Gold: the rest of this period" in said
    Email.objects.all().delete()
    answer = act(browser.post, address(held), form_of(page))
    assert answer["Location"] == reverse("lms_memberships:account")
    invoice = invoices(sandbox)[0]
    assert (invoice["billing_reason"], invoice["status"]) == ("subscription_update", "paid")
    assert 0 < invoice["amount_paid"] < 4900 - 1900
    assert f"You pay {euros(invoice['amount_paid'])} today." in said
    assert f"Change to Gold and pay {euros(invoice['amount_paid'])}" in said
    assert "€49.00. After that €49.00 per month." in said
    held.refresh_from_db()
    assert (held.membership, held.amount, held.status) == (gold, 4900, "active")
    assert Subscription.objects.count() == 1
    assert "Done: your membership is now Gold." in account_page(browser)
    postman.deliver()
    assert "membership_changed" in told()
    assert told() <= {"membership_changed", "payment_succeeded"}
    assert at_stripe(sandbox)["metadata"]["lmsm_membership"] == str(gold.uuid)
    assert TierChange.objects.get().state == "done"


def test_the_new_tiers_items_follow(held, browser, act, gold):
    """V29: what only the new tier has is handed over, as after a purchase."""
    before = set(Delivery.objects.filter(subscription=held).values_list("item_id", flat=True))
    put_into(gold, course())
    act(change, browser, held, gold)
    after = set(Delivery.objects.filter(subscription=held).values_list("item_id", flat=True))
    assert after - before == set(gold.bundle_items.values_list("item_id", flat=True))


def test_a_decline_leaves_the_old_tier(held, browser, act, silver, gold, sandbox, clock, postman):
    """G15: nothing changes until it is paid, the page says so, and after 23 hours it comes to nothing."""
    give_card(sandbox, held, hosted.FAILS_LATER_CARD)
    clock.advance(days=5)
    Email.objects.all().delete()
    answer = act(change, browser, held, gold)
    assert answer["Location"] == address(held)
    held.refresh_from_db()
    assert (held.membership, held.is_live(clock.now), held.status) == (silver, True, "active")
    page = text(browser.get(address(held)).content.decode())
    assert "Your bank has not paid, and nothing has changed: Silver goes on." in page
    assert "waits for your payment" in account_page(browser)
    postman.deliver()
    assert told() == set()
    assert "On its way" not in text(browser.get(reverse("lms_memberships:invoices")).content.decode())
    clock.advance(hours=24)
    postman.deliver()
    held.refresh_from_db()
    assert (held.membership, TierChange.objects.get().state) == (silver, "dropped")
    assert "Change membership" in account_page(browser)
    assert price_at_stripe(sandbox) == 1900
    assert "cancelled" not in told()


def test_what_expired_unheard_is_said_to_whoever_comes_back(held, browser, act, gold, sandbox, clock):
    """G15: no webhook came; the page asks Stripe itself."""
    give_card(sandbox, held, hosted.FAILS_LATER_CARD)
    act(change, browser, held, gold)
    clock.advance(hours=24)
    assert browser.get(address(held))["Location"] == reverse("lms_memberships:account")
    assert "came to nothing: Silver goes on" in account_page(browser)


def test_the_banks_question_is_answered_on_stripes_page(held, browser, act, silver, gold, sandbox, clock):
    """G15: 3-D Secure; the old tier stays, and the new one opens once the bank is content."""
    give_card(sandbox, held, "4000002760003184")
    clock.advance(days=5)
    answer = act(change, browser, held, gold)
    invoice = invoices(sandbox)[0]
    assert (answer.status_code, answer["Location"]) == (303, invoice["hosted_invoice_url"])
    held.refresh_from_db()
    assert held.membership == silver
    assert browser.get(address(held), {"pay": "1"})["Location"] == invoice["hosted_invoice_url"]
    asked = sandbox.actions.pay_hosted_invoice(invoice["id"], card_number="4000002760003184", **CARD)
    assert sandbox.actions.approve_authentication(asked.authentication_id).kind == "paid"
    act(browser.get, address(held))
    held.refresh_from_db()
    assert held.membership == gold
    assert "Done: your membership is now Gold." in account_page(browser)


def test_down_with_the_end_of_the_period(held, browser, act, bronze, silver, sandbox, clock, postman):
    """V30: said on the account page with its day, and true from that day on, without a cancellation in between."""
    Email.objects.all().delete()
    said = text(look_at(browser, held, bronze))
    assert "Nothing is charged today. You keep Silver until" in said
    assert "you pay €9.00, and after that €9.00 per month." in said
    before = len(invoices(sandbox))
    act(change, browser, held, bronze)
    held.refresh_from_db()
    assert (held.membership, held.cancel_at, len(invoices(sandbox))) == (silver, None, before)
    page = account_page(browser)
    assert "Changes to Bronze on" in page
    assert "From then on you pay €9.00 per month." in page
    assert "Next payment" not in page
    assert "Keep Silver" in page
    clock.advance(**MONTH_AND_A_BIT)
    act(postman.deliver)
    held.refresh_from_db()
    assert (held.membership, held.amount, held.is_live(clock.now)) == (bronze, 900, True)
    assert invoices(sandbox)[0]["amount_paid"] == 900
    assert TierChange.objects.get().state == "done"
    assert "membership_changed" in told()
    assert {"cancelled", "admin_cancelled", "bought", "access_lost"}.isdisjoint(told())
    act(postman.deliver)
    assert at_stripe(sandbox)["schedule"] is None
    assert at_stripe(sandbox)["metadata"]["lmsm_membership"] == str(bronze.uuid)


def test_a_planned_change_is_taken_back(held, browser, act, bronze, silver, sandbox, clock, postman):
    """V30: kept after all; also by a second press."""
    act(change, browser, held, bronze)
    for _press in range(2):
        act(browser.post, reverse("lms_memberships:keep", args=[held.pk]))
    assert at_stripe(sandbox)["schedule"] is None
    assert TierChange.objects.get().state == "dropped"
    assert "You keep Silver." in account_page(browser)
    clock.advance(**MONTH_AND_A_BIT)
    postman.deliver()
    held.refresh_from_db()
    assert (held.membership, held.amount) == (silver, 1900)
    act(change, browser, held, bronze)
    assert TierChange.objects.filter(state="planned").count() == 1


def test_down_now_gives_credit(held, browser, act, bronze, sandbox, clock):
    """V33, H7: a negative invoice is credited, said beforehand, and taken off the next payment."""
    clock.advance(days=10)
    said = text(look_at(browser, held, bronze, when="now"))
    answer = act(change, browser, held, bronze, when="now")
    assert answer.status_code == 302
    invoice = invoices(sandbox)[0]
    assert invoice["total"] < 0
    assert f"Nothing is charged today. {euros(-invoice['total'])} is credited to you" in said
    held.refresh_from_db()
    assert held.membership == bronze
    clock.advance(days=25)
    assert invoices(sandbox)[0]["amount_paid"] == 900 + invoice["total"]


def test_credit_is_used_by_the_way_up(held, browser, act, bronze, gold, sandbox, clock):
    """H7: the customer's balance is said, and what is due is less than the sum."""
    act(change, browser, held, bronze, when="now")
    held.refresh_from_db()
    said = text(look_at(browser, held, gold))
    assert "From your credit" in said
    act(change, browser, held, gold)
    invoice = invoices(sandbox)[0]
    assert invoice["amount_paid"] < invoice["total"]
    assert f"You pay {euros(invoice['amount_paid'])} today." in said


def test_the_creator_may_fix_when(held, browser, act, ladder, bronze, gold, sandbox):
    """V29, V30: with one way there is no choice, and what the browser asks for changes nothing."""
    Ladder.objects.update(up_when="period_end", down_when="now")
    page = look_at(browser, held, gold, when="now")
    assert "Rather" not in page
    assert "You keep Silver until" in text(page)
    assert "what you do not use any more" in text(look_at(browser, held, bronze, when="period_end"))
    Ladder.objects.update(up_when="ask")
    assert "Rather change at the end of the period" in text(look_at(browser, held, gold))


def test_from_months_to_years(held, browser, act, tier, sandbox, clock):
    """V29, H7: no monthly price up there: they choose, what is unused is given back, and a new year begins today."""
    diamond = tier("Diamond", 30000, {"amount": 9000, "interval": "quarter"}, interval="year")
    clock.advance(days=10)
    page = browser.get(address(held), {"to": diamond.slug}).content.decode()
    assert "How would you like to pay Diamond?" in text(page)
    choice = diamond.prices.get(interval="year").pk
    said = text(look_at(browser, held, diamond, choice=choice))
    act(change, browser, held, diamond, choice=choice)
    invoice = invoices(sandbox)[0]
    assert 30000 - 1900 < invoice["amount_paid"] < 30000
    assert f"You pay {euros(invoice['amount_paid'])} today." in said.replace(",", "")
    held.refresh_from_db()
    assert (held.membership, held.interval) == (diamond, "year")
    assert timedelta(days=364) < held.period_end - clock.now < timedelta(days=367)


def test_from_months_to_years_later(held, browser, act, tier, sandbox, clock, postman):
    """V30: planned, the year begins with the end of the month that is paid."""
    diamond = tier("Diamond", 30000, interval="year")
    said = text(look_at(browser, held, diamond, when="period_end"))
    assert "you pay €300.00, and after that €300.00 per year." in said
    act(change, browser, held, diamond, when="period_end")
    clock.advance(**MONTH_AND_A_BIT)
    act(postman.deliver)
    held.refresh_from_db()
    assert (held.membership, held.interval, invoices(sandbox)[0]["amount_paid"]) == (diamond, "year", 30000)


@pytest.fixture
def discounted(held, gateway) -> Subscription:
    """Half the price for ever."""
    coupon = gateway.client.v1.coupons.create({"percent_off": 50, "duration": "forever"})
    gateway.client.v1.subscriptions.update(held.stripe_id, {"discounts": [{"coupon": coupon.id}]})
    return held


@pytest.mark.parametrize("when", ["now", "period_end"])
def test_a_discount_is_kept(discounted, browser, act, gold, sandbox, clock, postman, when):
    """V29, V30, H7: said in the preview, and still there a month later."""
    said = text(look_at(browser, discounted, gold, when=when))
    assert "€24.50" in said
    act(change, browser, discounted, gold, when=when)
    clock.advance(**MONTH_AND_A_BIT)
    act(postman.deliver)
    discounted.refresh_from_db()
    assert (discounted.membership, invoices(sandbox)[0]["amount_paid"]) == (gold, 2450)


def test_in_a_trial_nothing_is_charged_and_it_goes_on(browser, act, tier, sandbox, clock, postman):
    """V29, X9: the end of the trial stays where it is, and then the new price is paid."""
    silver, gold = tier("Silver", 1900, trial_days=14), tier("Gold", 4900)
    act(buy, browser, silver)
    row = Subscription.objects.get()
    ends = row.trial_end
    said = text(look_at(browser, row, gold))
    assert "Nothing is charged today. Your free trial goes on until" in said
    assert "Then you pay €49.00" in said
    act(change, browser, row, gold)
    row.refresh_from_db()
    assert (row.membership, row.status, row.trial_end) == (gold, "trialing", ends)
    clock.advance(days=14, hours=3)
    postman.deliver()
    assert invoices(sandbox)[0]["amount_paid"] == 4900


def test_a_trial_that_changes_with_its_end(browser, act, tier, sandbox, clock, postman):
    """V30: the trial is neither ended nor made longer by the plan."""
    bronze, silver = tier("Bronze", 900), tier("Silver", 1900, trial_days=14)
    act(buy, browser, silver)
    row = Subscription.objects.get()
    act(change, browser, row, bronze)
    row.refresh_from_db()
    assert (row.membership, row.status) == (silver, "trialing")
    assert "Changes to Bronze on" in account_page(browser)
    clock.advance(days=14, hours=3)
    act(postman.deliver)
    row.refresh_from_db()
    assert (row.membership, row.status, invoices(sandbox)[0]["amount_paid"]) == (bronze, "active", 900)


def test_cancelling_lets_the_plan_go(held, browser, act, bronze, silver, sandbox, clock, postman):
    """V30, G13: an end goes before a change."""
    act(change, browser, held, bronze)
    act(browser.post, reverse("lms_memberships:cancel", args=[held.pk]))
    held.refresh_from_db()
    assert held.cancel_at is not None
    assert TierChange.objects.get().state == "dropped"
    page = account_page(browser)
    assert "Changes to Bronze" not in page
    assert "Take the cancellation back first" in text(browser.get(address(held)).content.decode())
    clock.advance(**MONTH_AND_A_BIT)
    act(postman.deliver)
    held.refresh_from_db()
    assert (held.status, held.membership) == ("canceled", silver)


def test_a_cancellation_in_the_moment_of_planning_stays(held, browser, act, bronze, gateway, sandbox, monkeypatch):
    """V30: cancelled in Stripe's dashboard between the look and the plan: the end is not lost by it."""
    begun = changing_tiers._begin

    def cancelled_meanwhile(*args, **kwargs):
        sandbox.actions.cancel_subscription_at_period_end(held.stripe_id)
        return begun(*args, **kwargs)

    monkeypatch.setattr(changing_tiers, "_begin", cancelled_meanwhile)
    act(change, browser, held, bronze)
    theirs = at_stripe(sandbox)
    assert (theirs["schedule"], theirs["cancel_at"] is not None) == (None, True)
    assert TierChange.objects.get().state == "dropped"
    assert "cancelled meanwhile" in account_page(browser)


def test_whoever_is_leaving_is_sold_nothing_meanwhile(held, browser, act, gold, sandbox, clock):
    """G24, V29: their cancellation is noted and Stripe has not confirmed it: what they paid now would go back with less."""
    clock.advance(days=10)
    shown = form_of(look_at(browser, held, gold))
    sandbox.faults.plan(Fault("status", "POST /v1/subscriptions/*", status=503, count=0))
    browser.post(reverse("lms_memberships:cancel", args=[held.pk]))
    sandbox.faults.clear()
    before = len(invoices(sandbox))
    answer = act(browser.post, address(held), shown)
    assert answer.status_code == 302
    assert "It is cancelled. Take the cancellation back first" in text(browser.get(answer.url).content.decode())
    assert (len(invoices(sandbox)), TierChange.objects.count()) == (before, 0)


def test_two_tabs_change_once(held, browser, act, gold, sandbox, clock):
    """V29, G15: both were shown what it costs; the second press finds it done."""
    clock.advance(days=10)
    tabs = [form_of(look_at(browser, held, gold)) for _tab in range(2)]
    answers = [act(browser.post, address(held), tab) for tab in tabs]
    assert all(answer.status_code == 302 for answer in answers)
    updates = [each for each in invoices(sandbox) if each["billing_reason"] == "subscription_update"]
    assert len(updates) == 1
    assert Intent.objects.filter(purpose="change_tier").count() == 1


@pytest.fixture
def pressed_twice(held, browser, act, gold, sandbox, clock, monkeypatch):
    """Two tabs, shown a moment apart: the second is pressed while the first waits for Stripe. The bank pays neither."""
    give_card(sandbox, held, hosted.FAILS_LATER_CARD)
    clock.advance(days=10)
    first = form_of(look_at(browser, held, gold))
    clock.advance(seconds=3)
    second = form_of(look_at(browser, held, gold))
    asked = tier_writes.change_now

    def pressed_meanwhile(*args, **kwargs):
        monkeypatch.setattr(tier_writes, "change_now", asked)
        browser.post(address(held), second)
        asked(*args, **kwargs)

    monkeypatch.setattr(tier_writes, "change_now", pressed_meanwhile)

    def press() -> int:
        act(browser.post, address(held), first)
        made = [each for each in invoices(sandbox) if each["billing_reason"] == "subscription_update"]
        return len(made)

    return press


def test_the_second_of_two_that_are_under_way_waits(pressed_twice):
    """V29, G15: one request, and so one invoice that can be paid."""
    assert pressed_twice() == 1
    assert [each.state for each in TierChange.objects.all()] == ["waiting"]


def test_control_without_the_one_running_change_both_are_made(pressed_twice, monkeypatch):
    """V29, negative control: each press begins a change of its own, and two invoices wait for the same money."""

    def unguarded(subscription, quote, *, now):
        return TierChange.objects.create(
            subscription=subscription,
            user_id=subscription.user_id,
            membership=quote.price.membership,
            price=quote.price,
            when=quote.when,
            created_at=now,
            state="done",
        )

    monkeypatch.setattr(changing_tiers, "_begin", unguarded)
    assert pressed_twice() == 2


def test_what_was_shown_too_long_ago_is_shown_anew(held, browser, act, gold, sandbox, monkeypatch):
    """H7, X9: no button charges yesterday's amount."""
    form = form_of(look_at(browser, held, gold))
    monkeypatch.setattr(pages, "SHOWN_FOR", timedelta(seconds=-1))
    answer = act(browser.post, address(held), form, follow=True)
    assert "these amounts were no longer today" in text(answer.content.decode())
    assert "Change to Gold and pay" in text(answer.content.decode())
    assert price_at_stripe(sandbox) == 1900
    assert not TierChange.objects.exists()


def test_what_would_cost_anything_else_now_is_shown_anew(held, browser, act, gold, gateway, sandbox):
    """H7, X9: a discount came in between; also a form that somebody has made up."""
    form = form_of(look_at(browser, held, gold))
    coupon = gateway.client.v1.coupons.create({"percent_off": 50, "duration": "forever"})
    gateway.client.v1.subscriptions.update(held.stripe_id, {"discounts": [{"coupon": coupon.id}]})
    for sent in (form, {**form, "shown": "made-up"}, {**form, "when": "period_end"}):
        answer = act(browser.post, address(held), sent)
        assert answer["Location"].startswith(f"{address(held)}?")
    assert price_at_stripe(sandbox) == 1900


def test_the_moment_that_was_shown_is_the_one_that_is_charged(held, browser, act, gold, sandbox, clock):
    """Guide §7: minutes go by between the two; the proration date stays."""
    clock.advance(days=3)
    form = form_of(look_at(browser, held, gold))
    clock.advance(minutes=4)
    act(browser.post, address(held), form)
    asked = Intent.objects.get(purpose="change_tier").parameters["at"]
    starts = [line["period"]["start"] for line in invoices(sandbox)[0]["lines"]["data"]]
    assert set(starts) == {int(datetime.fromisoformat(asked).timestamp())}
    assert clock.now.timestamp() - starts[0] > 200


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"status": "past_due"}, "Please pay it first"),
        ({"status": "paused"}, "not active"),
        ({"is_recurring": False}, "does not renew"),
        ({"price": None}, "special price"),
    ],
)
def test_who_has_to_do_something_first_reads_what(held, browser, gold, changes, words, sandbox):
    """V29"""
    Subscription.objects.update(**changes)
    for answer in (browser.get(address(held)), browser.post(address(held), {"to": gold.slug})):
        assert words in text(answer.content.decode())
    assert price_at_stripe(sandbox) == 1900


def test_instalments_are_finished_first(browser, act, tier, sandbox):
    """V29, V10"""
    glazing, gold = tier("Course", 10000, instalments=3), tier("Gold", 4900)
    act(buy, browser, glazing)
    row = Subscription.objects.get()
    assert "in instalments" in text(browser.get(address(row), {"to": gold.slug}).content.decode())


def test_another_persons_is_not_there(held, client_for, gold):
    """S19"""
    eve = client_for(UserFactory())
    for name in ("switch", "keep"):
        assert eve.post(reverse(f"lms_memberships:{name}", args=[held.pk]), {"to": gold.slug}).status_code == 404
    assert eve.get(address(held)).status_code == 404


def test_a_ladder_that_is_off_offers_nothing(held, browser, gold, ladder):
    """V49"""
    assert "Change membership" in account_page(browser)
    Ladder.objects.update(is_on=False)
    assert "Change membership" not in account_page(browser)
    assert "no other membership" in text(browser.get(address(held), {"to": gold.slug}).content.decode())


def test_only_what_fits_is_offered(held, browser, gold, ladder, tier):
    """V29: on sale, renewing, in the currency that is paid."""
    tier("Dollars", 5000, currency="usd")
    tier("Once", 5000, interval="one_time")
    tier("Later", 5000)
    type(gold).objects.filter(title="Later").update(live=False)
    page = text(browser.get(address(held)).content.decode())
    assert "Gold" in page
    assert [word for word in ("Dollars", "Once", "Later") if word in page] == []


def test_a_full_tier_takes_nobody_and_a_planned_change_keeps_its_place(
    held, browser, act, gold, client_for, sandbox, bronze
):
    """W17, J5: the place is theirs from the plan on."""
    type(gold).objects.filter(pk=gold.pk).update(max_members=1)
    act(change, browser, held, gold, when="period_end")
    other = client_for(UserFactory())
    answer = other.post(reverse("lms_memberships:buy", args=[gold.slug]), follow=True)
    assert "sold out" in text(answer.content.decode())
    act(browser.post, reverse("lms_memberships:keep", args=[held.pk]))
    act(buy, other, gold)
    act(change, browser, held, gold)
    assert "sold out" in account_page(browser)
    held.refresh_from_db()
    assert held.membership.title == "Silver"


def test_pages_ask_a_constant_number_of_queries(held, browser, tier):
    """W14: three more tiers cost no query."""

    def count(where: str) -> int:
        browser.get(where)
        with CaptureQueriesContext(database) as seen:
            browser.get(where)
        return len(seen)

    where = (address(held), reverse("lms_memberships:account"))
    before = [count(each) for each in where]
    for number in range(3):
        tier(f"More {number}", 6000 + number)
    assert [count(each) for each in where] == before


def test_what_somebody_planned_at_stripe_stays(held, browser, gold, gateway, sandbox):
    """V29: a schedule of the dashboard's making is neither let go of nor overwritten."""
    made = gateway.begin_schedule(held.stripe_id, key="theirs")
    gateway.end_after(made.id, InstalmentsRequest("month", 1, 3), key="their end")
    answer = browser.get(address(held), {"to": gold.slug}, follow=True)
    assert "Take the cancellation back first" in text(answer.content.decode()) or "planned" in text(
        answer.content.decode()
    )
    assert (at_stripe(sandbox)["schedule"], price_at_stripe(sandbox)) == (made.id, 1900)
