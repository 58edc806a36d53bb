"""What else can be bought while a membership rests, and whose is its place? Paid once, and no more people than places."""

import pytest
from django.urls import reverse

from lms_memberships.memberships import ladder_making
from lms_memberships.models import Checkout, Ladder, Membership, Subscription
from lms_memberships.payments.customers import customer_for
from lms_memberships.subscriptions import people, places, queries, settling, tiers
from tests import hosted
from tests.factories import MembershipFactory, UserFactory, publish, put_into
from tests.flows.steps import buy, press_join, text
from tests.subscriptions import said

pytestmark = pytest.mark.django_db

CARD = {"exp_month": "12", "exp_year": "2034", "cvc": "123"}
DECLINED = "4000000000000341"


@pytest.fixture
def browser(student, client_for):
    return client_for(student)


@pytest.fixture
def pair(gateway, live_session, now):
    """A lower and a higher tier, both on sale, both can rest."""
    made = [
        MembershipFactory(title=title, price_amount=price, may_pause=True)
        for title, price in (("Low", 900), ("High", 1900))
    ]
    sold = [publish(put_into(one, live_session), gateway=gateway) for one in made]
    ladder_making.save(Ladder(title="Two"), sold, now=now)
    return sold


@pytest.fixture
def resting(pair, browser) -> Subscription:
    """Low, bought and paused."""
    buy(browser, pair[0])
    row = Subscription.objects.get()
    assert "is paused" in press(browser, row, "pause")
    row.refresh_from_db()
    return row


@pytest.fixture
def studio(gateway, live_session) -> Membership:
    """One place."""
    draft = MembershipFactory(title="Studio", max_members=1, may_pause=True)
    return publish(put_into(draft, live_session), gateway=gateway)


def press(browser, row, name: str) -> str:
    answer = browser.post(reverse(f"lms_memberships:{name}", args=[row.pk]), follow=True)
    return text(answer.content.decode())


def is_refused(browser, membership) -> bool:
    answer = browser.post(reverse("lms_memberships:buy", args=[membership.slug]), follow=True)
    return "sold out at the moment" in text(answer.content.decode())


def charged(sandbox) -> int:
    return len(sandbox.store.all("charge", account=sandbox.account_id))


def statuses() -> list[tuple[str, str]]:
    rows = Subscription.objects.order_by("membership__price_amount")
    return [(row.membership.title, str(row.status)) for row in rows]


# ------------------------------------------------------------------ X8, X14: another tier


def test_who_has_bought_another_tier_meanwhile_does_not_go_on(resting, pair, browser, sandbox):
    """X8, X14: of a ladder one is paid."""
    buy(browser, pair[1])
    before = charged(sandbox)
    assert "You have “High” by now" in press(browser, resting, "continue")
    assert statuses() == [("Low", "paused"), ("High", "active")]
    assert charged(sandbox) == before


def test_control_without_the_look_both_are_paid(resting, pair, browser, monkeypatch):
    """X8, negative control"""
    buy(browser, pair[1])
    monkeypatch.setattr(tiers, "billed_other_tier", lambda *args, **kwargs: None)
    press(browser, resting, "continue")
    assert statuses() == [("Low", "active"), ("High", "active")]


def test_a_page_that_is_open_for_another_tier_is_closed_by_going_on(resting, pair, browser):
    """X8: the other order: the page first, then Continue."""
    page = press_join(browser, pair[1])
    assert "goes on" in press(browser, resting, "continue")
    assert hosted.pay(page)[0] != 303
    assert statuses() == [("Low", "active")]
    assert not Checkout.objects.running().exists()


def test_a_page_that_was_paid_and_not_seen_yet_counts(resting, pair, browser):
    """X8: paid at Stripe, and neither the browser nor a webhook is back."""
    assert hosted.pay(press_join(browser, pair[1]))[0] == 303
    assert "You have “High” by now" in press(browser, resting, "continue")
    assert statuses() == [("Low", "paused"), ("High", "active")]


def test_going_on_that_waits_for_its_payment_is_let_go_by_buying_another(pair, browser, sandbox, clock):
    """X8, C9: the invoice of going on could still be paid, beside what is bought instead."""
    buy(browser, pair[0])
    row = Subscription.objects.get()
    clock.advance(days=20)
    press(browser, row, "pause")
    sandbox.actions.change_default_card(row.customer_id, card_number=DECLINED, **CARD)
    assert browser.post(reverse("lms_memberships:continue", args=[row.pk])).status_code == 303
    assert "open" in invoices(sandbox)
    assert statuses() == [("Low", "paused")]
    buy(browser, pair[1])
    assert "open" not in invoices(sandbox)
    assert statuses() == [("Low", "paused"), ("High", "active")]


def test_who_has_gone_on_in_another_window_buys_no_second_tier(resting, pair, browser, gateway, now, monkeypatch):
    """X8: the looks before the page is planned have seen nothing; the one under the lock has."""
    looked, seen = tiers.billed_other_tier, []

    def blind_at_first(*args, **kwargs):
        seen.append(args)
        return None if len(seen) < 3 else looked(*args, **kwargs)

    gateway.unpause(resting.stripe_id, key="another-window")
    settling.follow_subscription(resting.stripe_id, gateway=gateway, now=now)
    monkeypatch.setattr(tiers, "billed_other_tier", blind_at_first)
    answer = browser.post(reverse("lms_memberships:buy", args=[pair[1].slug]), follow=True)
    assert "You have “Low” already" in text(answer.content.decode())
    assert len(seen) == 3
    assert not Checkout.objects.running().exists()


def invoices(sandbox) -> list[str]:
    return [each["status"] for each in sandbox.store.all("invoice", account=sandbox.account_id)]


# ------------------------------------------------------------------ J5, J7: the place


def test_a_membership_that_rests_keeps_its_place(studio, browser, client_for, clock):
    """J7, J5: nobody else takes it, and going on makes no member too many."""
    buy(browser, studio)
    row = Subscription.objects.get()
    press(browser, row, "pause")
    assert places.places_of(studio, now=clock.now).left == 0
    assert is_refused(client_for(UserFactory()), studio)
    assert "goes on" in press(browser, row, "continue")
    assert places.places_of(studio, now=clock.now).taken == 1
    press(browser, row, "pause")
    press(browser, row, "cancel")
    assert places.places_of(studio, now=clock.now).left == 1, "cancelled, it is free"


def test_control_without_a_kept_place_going_on_is_refused(studio, browser, client_for, clock, monkeypatch):
    """J7, negative control: somebody else has it, and then going on asks for a place as every other way in."""
    buy(browser, studio)
    row = Subscription.objects.get()
    press(browser, row, "pause")
    monkeypatch.setattr(queries.SubscriptionQuerySet, "resting", lambda rows: rows.none())
    buy(client_for(UserFactory()), studio)
    assert "sold out at the moment" in press(browser, row, "continue")
    assert places.places_of(studio, now=clock.now).taken == 1


def test_a_trial_that_ran_out_without_a_card_keeps_none(studio, student, browser, client_for, gateway, clock, sandbox):
    """J7, G5: paused by Stripe, and never paid for: the place is free, and going on asks for one."""
    row = trial_that_pauses(studio, student, gateway=gateway, clock=clock)
    assert row.opened_at is not None
    assert places.places_of(studio, now=clock.now).left == 1
    buy(client_for(UserFactory()), studio)
    assert "sold out at the moment" in press(browser, row, "continue")
    row.refresh_from_db()
    assert row.status == "paused"


def test_a_trial_that_ran_out_is_told_of_no_credit(membership, student, browser, gateway, clock):
    """X9: nothing was paid, so nothing was credited: the whole price is asked for."""
    row = trial_that_pauses(membership, student, gateway=gateway, clock=clock)
    shown = text(browser.get(reverse("lms_memberships:continue", args=[row.pk])).content.decode())
    assert "you pay €19.00 now, and after that €19.00 per month." in shown
    assert "credited to you" not in shown


def trial_that_pauses(membership, student, *, gateway, clock) -> Subscription:
    """Made by hand: ours ends such a trial, but an imported one may be made so."""
    attempt = said.attempt(student, membership, state="complete", created_at=clock.now)
    made = gateway.client.v1.subscriptions.create(
        {
            "customer": customer_for(student, gateway=gateway, language="en"),
            "items": [{"price": membership.prices.get().stripe_id}],
            "trial_period_days": 7,
            "trial_settings": {"end_behavior": {"missing_payment_method": "pause"}},
            "metadata": {people.ATTEMPT_KEY: str(attempt.uuid)},
        }
    )
    settling.follow_subscription(made.id, gateway=gateway, now=clock.now)
    clock.advance(days=8)
    row = settling.follow_subscription(made.id, gateway=gateway, now=clock.now)
    assert row.status == "paused"
    return row


# ------------------------------------------------------------------ V48: a kept place is no held tier


def test_who_has_lapsed_from_a_tier_that_keeps_places_may_buy_any_tier(pair, browser, clock, postman):
    """V48, V28: nothing is held: the page offers both, and the other one is sold."""
    low, high = pair
    Membership.objects.update(on_lapse="keep")
    buy(browser, low)
    row = Subscription.objects.get()
    press(browser, row, "cancel")
    clock.advance(days=32)
    postman.deliver()
    clock.daily()
    row.refresh_from_db()
    assert row.status == "canceled"
    shown = browser.get(reverse("lms_memberships:tiers", args=[Ladder.objects.get().pk])).content.decode()
    assert "You have this one" not in text(shown)
    for each in pair:
        assert each.get_absolute_url() in shown
        page = browser.get(each.get_absolute_url()).content.decode()
        assert "Change to" not in text(page)
        assert reverse("lms_memberships:buy", args=[each.slug]) in page
    buy(browser, high)
    assert statuses() == [("Low", "canceled"), ("High", "active")]


def test_a_given_higher_tier_does_not_hide_the_one_that_is_paid(pair, browser, student, gateway, live_session, now):
    """X8: of three, the highest is a gift and the lowest is paid: the one between would be paid beside it."""
    low, high = pair
    middle = publish(put_into(MembershipFactory(title="Middle", price_amount=1400), live_session), gateway=gateway)
    ladder = Ladder.objects.get()
    ladder_making.save(ladder, [low, middle, high], now=now)
    buy(browser, low)
    Subscription.objects.create(
        user=student, membership=high, origin="given", is_recurring=False, status="active", started_at=now,
        opened_at=now, access_until=now.replace(year=now.year + 1), account="", livemode=False,
    )  # fmt: skip
    answer = browser.post(reverse("lms_memberships:buy", args=[middle.slug]), follow=True)
    assert "You have “Low” already" in text(answer.content.decode())
