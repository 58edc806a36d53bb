"""Do members keep their price, and if they are moved, is each told in time and moved once (V38, X11, N1)?"""

from datetime import datetime, timedelta

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from lms_memberships import killpoints
from lms_memberships.access import decide
from lms_memberships.emails import price_changes, switches
from lms_memberships.emails.catalogue import EmailKind
from lms_memberships.models import Email, Intent, Membership, Price, PriceMove, PriceMoveEntry, Subscription
from lms_memberships.payments.connect import get_background_gateway
from lms_memberships.sandbox.faults import Fault
from lms_memberships.subscriptions import price_moves, price_moving
from tests.factories import MembershipFactory, UserFactory, allow, publish, put_into
from tests.flows.steps import buy, text

pytestmark = pytest.mark.django_db

State = PriceMoveEntry.State


@pytest.fixture
def members(membership, client_for) -> list:
    """Three who pay €19.00 a month."""
    people = [UserFactory(username=f"member{number}") for number in range(3)]
    for person in people:
        buy(client_for(person), membership)
    return people


@pytest.fixture
def dearer(membership, members, gateway) -> Membership:
    """€25.00 for new members."""
    membership.price_amount = 2500
    return publish(membership, gateway=gateway)


@pytest.fixture
def notice_on(db):
    switches.set_for_all({EmailKind.PRICE_CHANGE: True})


@pytest.fixture
def browser(creator, client_for) -> Client:
    return client_for(creator)


def old_of(membership: Membership) -> Price:
    return membership.prices.get(amount=1900)


def new_of(membership: Membership) -> Price:
    return membership.prices.get(amount=2500)


def prices_url(membership: Membership) -> str:
    return reverse("lms_memberships_prices", args=[membership.pk])


def move_url(membership: Membership) -> str:
    return reverse("lms_memberships_price_move", args=[membership.pk, old_of(membership).pk])


def move_part(move: PriceMove, what: str = "people") -> str:
    return reverse(f"lms_memberships_price_move_{what}", args=[move.pk])


def asked(membership: Membership, clock, days: int = 30) -> dict[str, object]:
    day = timezone.localdate(clock.now, timezone.get_default_timezone()) + timedelta(days=days)
    return {"target": new_of(membership).pk, "on": day.isoformat()}


def begin(browser: Client, membership: Membership, clock, days: int = 30) -> PriceMove:
    answer = browser.post(move_url(membership), asked(membership, clock, days))
    assert answer.status_code == 302, text(answer.content.decode())
    return PriceMove.objects.latest("pk")


def work() -> None:
    call_command("memberships_drain", verbosity=0)


def states(move: PriceMove) -> list[str]:
    return sorted(move.entries.values_list("state", flat=True))


def updates(sandbox) -> list[str]:
    """The subscriptions whose price was changed at Stripe, once for each change."""
    events = sandbox.store.all("event", account=sandbox.account_id)
    changed = [event["data"] for event in events if event["type"] == "customer.subscription.updated"]
    return [each["object"]["id"] for each in changed if _price(each.get("previous_attributes"), _price(each["object"]))]


def _price(subscription: dict | None, other: str = "") -> str:
    """Its price; empty: it is that other one, or nothing is said of it."""
    items = (subscription or {}).get("items")
    found = items["data"][0]["price"]["id"] if items else ""
    return "" if found == other else found


def billed(gateway, subscription: Subscription) -> list[int]:
    """What each invoice asked for, oldest first."""
    return [each.total.minor for each in reversed(gateway.list_invoices(subscription_id=subscription.stripe_id))]


# ---------------------------------------------------------------- by default nobody is moved
def test_a_new_price_leaves_members_where_they_are_and_the_screens_say_so(
    browser, membership, members, gateway, clock, postman
):
    """N1, V38: with three members, before it is changed, before it is published, and after a renewal."""
    url = Membership.snippet_viewset.get_url_name("step")
    first = reverse(url, args=[membership.pk, "information"])
    assert "3 members pay €19.00 per month, and keep it if you change the price." in text(
        browser.get(first).content.decode()
    )
    typed = {"title": "Studio pass", "price_amount": "25", "currency": "eur", "interval": "month", "instalments": "0"}
    typed |= {"trial_days": "0", "trial_requires_card": "on", "action-next": "action-next"}
    assert browser.post(first, typed).status_code == 302
    last = reverse(url, args=[membership.pk, "publish"])
    assert "3 members keep paying €19.00 per month." in text(browser.get(last).content.decode())
    finish = {"status": "published", "action-publish": "action-publish", "go_live_at": "", "expire_at": ""}
    assert browser.post(last, finish).status_code == 302
    page = text(browser.get(prices_url(membership)).content.decode())
    assert "€25.00 per month On sale 0" in page
    assert "€19.00 per month Not sold any more 3 Move these members to …" in page
    clock.advance(days=32)
    postman.deliver()
    assert {tuple(billed(gateway, each)) for each in Subscription.objects.all()} == {(1900, 1900)}


# ---------------------------------------------------------------- from the choice to the bill
def test_members_are_told_then_moved_and_pay_the_new_price_with_the_next_renewal(
    browser, dearer, members, notice_on, clock, postman, gateway, client_for, live_session, sandbox
):
    """X11, V38: preview, notice with both prices and the way out, the account page, the day, the bill, and access all along."""
    answer = text(browser.get(move_url(dearer), asked(dearer, clock)).content.decode())
    assert "3 members are moved to €25.00 per month." in answer
    assert "€57.00 → €75.00" in answer
    move = begin(browser, dearer, clock)
    work()
    assert states(move) == [State.TOLD] * 3
    told = [each for each in mail.outbox if "price of Studio pass changes" in each.subject]
    assert sorted(each.to[0] for each in told) == sorted(person.email for person in members)
    subscription = Subscription.objects.get(user=members[0])
    assert "€19.00 per month" in told[0].body
    assert "€25.00 per month" in told[0].body
    assert reverse("lms_memberships:cancel", args=[subscription.pk]) in "".join(each.body for each in told)
    entry = move.entries.get(subscription=subscription)
    # Told on the first day, thirty days before: the second renewal from now is the first at the new price.
    assert entry.due_at >= clock.now + timedelta(days=29, hours=23)
    window = client_for(members[0])
    shown = text(window.get(reverse("lms_memberships:account")).content.decode())
    assert "€25.00 per month." in shown
    assert "From " in shown
    clock.advance(days=29)
    postman.deliver()
    assert updates(sandbox) == [], "not a day too early"
    clock.advance(days=2, hours=1)
    work()
    assert states(move) == [State.DONE] * 3
    move.refresh_from_db()
    assert move.state == PriceMove.State.DONE
    before = {each.pk: each.period_end for each in Subscription.objects.all()}
    postman.deliver()
    assert len(updates(sandbox)) == 3
    for each in Subscription.objects.all():
        assert (each.price, each.amount, each.flag, each.membership) == (new_of(dearer), 2500, "", dearer)
        assert each.period_end == before[each.pk], "the period is as it was"
        assert set(billed(gateway, each)) == {1900}, "nothing is charged for the change itself"
        assert decide(each.user, live_session, now=clock.now).allowed
    assert "From " not in text(window.get(reverse("lms_memberships:account")).content.decode()).partition("Price")[0]
    clock.advance(days=32)
    postman.deliver()
    assert {billed(gateway, each)[-1] for each in Subscription.objects.all()} == {2500}
    for each in Subscription.objects.all():
        assert decide(each.user, live_session, now=clock.now).allowed


def test_working_on_changes_nothing_twice(browser, dearer, notice_on, clock, sandbox):
    """X11: the job again and again; one notice and one change for each."""
    move = begin(browser, dearer, clock)
    for _time in range(3):
        work()
    clock.advance(days=31)
    for _time in range(3):
        work()
    assert states(move) == [State.DONE] * 3
    assert Email.objects.filter(kind=EmailKind.PRICE_CHANGE).count() == 3
    assert len(updates(sandbox)) == len(set(updates(sandbox))) == 3


# ---------------------------------------------------------------- a crash in the middle
class Killed(BaseException):
    """What no handler of ours catches."""


def die_after_calls(monkeypatch, number: int) -> None:
    """The process ends when Stripe has answered so many times, before anything is written down."""
    seen: list[str] = []

    def reach(name: str) -> None:
        seen.append(name)
        if name == "intent.called" and seen.count(name) == number:
            raise Killed

    monkeypatch.setattr(killpoints, "reach", reach)


def give_prices(clock) -> None:
    gateway = get_background_gateway()
    while price_moving.move_due(gateway=gateway, undelivered=price_changes.undelivered, now=clock.now):
        pass


@pytest.mark.parametrize("after", [1, 2, 3])
def test_killed_in_the_middle_each_is_changed_once(
    browser, dearer, notice_on, clock, sandbox, monkeypatch, settings, after
):
    """X11: dead between Stripe's answer and our note of it; the next run finds what was done."""
    settings.LMS_MEMBERSHIPS_LEASE_SECONDS = 0
    move = begin(browser, dearer, clock)
    work()
    clock.advance(days=31)
    die_after_calls(monkeypatch, after)
    with pytest.raises(Killed):
        give_prices(clock)
    monkeypatch.undo()
    assert State.TOLD in states(move)
    give_prices(clock)
    assert states(move) == [State.DONE] * 3
    assert len(updates(sandbox)) == len(set(updates(sandbox))) == 3
    assert Intent.objects.filter(purpose="move_price").count() == 3


def test_control_without_looking_and_without_a_key_a_crash_asks_twice(
    browser, dearer, notice_on, clock, sandbox, monkeypatch, settings
):
    """X11, negative control: no intent, no look; the second run sends a second request for the one that was in hand."""
    settings.LMS_MEMBERSHIPS_LEASE_SECONDS = 0
    begin(browser, dearer, clock)
    work()
    clock.advance(days=31)
    sent: list[str] = []

    def ask(entry, gateway):
        sent.append(entry.subscription.stripe_id)
        if len(sent) == 2:
            raise Killed
        return gateway.read_subscription(entry.subscription.stripe_id)

    monkeypatch.setattr(price_moving, "_ask", ask)
    with pytest.raises(Killed):
        give_prices(clock)
    give_prices(clock)
    assert len(sent) > len(set(sent))


def test_a_lost_answer_is_looked_for(browser, dearer, notice_on, clock, sandbox):
    """D1: carried out at Stripe, the line broke; nobody is changed twice."""
    move = begin(browser, dearer, clock)
    work()
    clock.advance(days=31)
    sandbox.faults.plan(Fault("drop", "POST /v1/subscriptions/*", count=2))
    work()
    PriceMoveEntry.objects.update(next_try_at=timezone.now())
    sandbox.faults.clear()
    work()
    assert states(move) == [State.DONE] * 3
    assert len(updates(sandbox)) == len(set(updates(sandbox))) == 3


# ---------------------------------------------------------------- who is left out
def test_who_cancels_meanwhile_is_left_alone(browser, dearer, members, notice_on, clock, client_for, gateway, sandbox):
    """X11: looked at again at the moment of moving, at Stripe; also what our row has not heard of."""
    move = begin(browser, dearer, clock)
    work()
    first, second, third = (Subscription.objects.get(user=person) for person in members)
    assert client_for(members[0]).post(reverse("lms_memberships:cancel", args=[first.pk])).status_code == 302
    # By hand in Stripe's dashboard, and nobody has heard of it here.
    gateway.client.v1.subscriptions.cancel(second.stripe_id)
    move.entries.update(due_at=clock.now)
    work()
    found = {each.subscription_id: (each.state, each.reason) for each in move.entries.all()}
    assert found == {
        first.pk: (State.SKIPPED, price_moves.ENDING),
        second.pk: (State.SKIPPED, price_moves.ENDED),
        third.pk: (State.DONE, ""),
    }
    assert updates(sandbox) == [third.stripe_id]


def test_who_would_be_left_out_is_said_before(browser, dearer, members, notice_on, clock):
    """X11: a schedule, an end, a missing payment, another currency, a trial said plainly; counted by the database."""
    rows = list(Subscription.objects.order_by("pk"))
    cases = [
        ({"schedule_id": "sub_sched_1"}, "A schedule at Stripe"),
        ({"cancel_at": clock.now + timedelta(days=3)}, "It is cancelled"),
        ({"status": "past_due"}, "A payment is missing"),
        ({"status": "paused"}, "It does not run"),
        ({"currency": "usd"}, "another amount, currency or interval"),
    ]
    for changes, words in cases:
        before = {name: getattr(rows[0], name) for name in changes}
        Subscription.objects.filter(pk=rows[0].pk).update(**changes)
        page = text(browser.get(move_url(dearer), asked(dearer, clock)).content.decode())
        assert f"1 member is left out: {words}" in page or f"1 member is left out: It is billed in {words}" in page
        assert "2 members are moved" in page
        assert f"{rows[0].user.get_username()}: " in page
        Subscription.objects.filter(pk=rows[0].pk).update(**before)
    Subscription.objects.filter(pk=rows[0].pk).update(status="trialing", trial_end=clock.now + timedelta(days=5))
    assert "1 of them is on trial" in text(browser.get(move_url(dearer), asked(dearer, clock)).content.decode())


def test_nobody_is_moved_untold(browser, dearer, notice_on, clock, sandbox):
    """X11: one address bounced, one mail never left; the others go on, and these can be tried again."""
    move = begin(browser, dearer, clock)
    work()
    bounced, stuck, _fine = Email.objects.filter(kind=EmailKind.PRICE_CHANGE).order_by("pk")
    Email.objects.filter(pk=bounced.pk).update(state=Email.State.FAILED)
    Email.objects.filter(pk=stuck.pk).update(state=Email.State.OWED, next_try_at=timezone.now() + timedelta(days=99))
    clock.advance(days=31)
    work()
    assert states(move) == [State.DONE, State.FAILED, State.FAILED]
    assert set(move.entries.filter(state=State.FAILED).values_list("reason", flat=True)) == {price_moves.NOT_TOLD}
    assert len(updates(sandbox)) == 1
    page = browser.get(move_part(move)).content.decode()
    assert "nobody is moved untold" in page
    assert browser.post(move_part(move, "again")).status_code == 302
    work()
    assert states(move) == [State.DONE, State.TOLD, State.TOLD]
    entry = move.entries.filter(state=State.TOLD).first()
    assert entry.due_at >= clock.now + timedelta(days=29, hours=23), "the days of notice begin again"
    clock.advance(days=31)
    work()
    assert states(move) == [State.DONE] * 3


def test_a_late_worker_does_not_shorten_the_notice(browser, dearer, notice_on, clock, sandbox):
    """X11: nobody worked for three weeks; the day moves on, not the notice."""
    move = begin(browser, dearer, clock)
    clock.advance(days=21)
    work()
    clock.advance(days=11)
    work()
    assert states(move) == [State.TOLD] * 3
    clock.advance(days=20)
    work()
    assert states(move) == [State.DONE] * 3


def test_without_the_mail_it_cannot_be_begun(browser, dearer, clock):
    """U31, X11: all mails start off, and this one is owed by law."""
    page = browser.get(move_url(dearer), asked(dearer, clock)).content.decode()
    assert f"{reverse('lms_memberships_email_settings')}?membership={dearer.pk}" in page
    assert "Tell them, and move them" not in page
    answer = browser.post(move_url(dearer), asked(dearer, clock))
    assert "switch it on first" in text(answer.content.decode())
    assert not PriceMove.objects.exists()


@pytest.mark.parametrize("days", [29, 367])
def test_the_day_keeps_the_notice(browser, dearer, notice_on, clock, days):
    answer = browser.post(move_url(dearer), asked(dearer, clock, days))
    assert "too early or too far ahead" in text(answer.content.decode())
    assert not PriceMove.objects.exists()


def test_the_notice_is_the_sites_to_set(browser, dearer, notice_on, clock, settings):
    settings.LMS_MEMBERSHIPS_PRICE_CHANGE_NOTICE_DAYS = 60
    assert "too early" in text(browser.post(move_url(dearer), asked(dearer, clock, 59)).content.decode())
    assert begin(browser, dearer, clock, 60)


def test_a_price_on_sale_is_not_left_and_only_alike_prices_are_offered(
    browser, dearer, notice_on, clock, live_session, gateway
):
    """V38: the same currency and interval, of this membership; and never one that others can still join at."""
    stranger = publish(put_into(MembershipFactory(title="Gold", price_amount=2600), live_session), gateway=gateway)
    forged = asked(dearer, clock) | {"target": stranger.prices.get().pk}
    assert "Select a valid choice" in text(browser.post(move_url(dearer), forged).content.decode())
    current = reverse("lms_memberships_price_move", args=[dearer.pk, new_of(dearer).pk])
    assert "cannot be moved" in text(browser.get(current).content.decode())
    elsewhere = reverse("lms_memberships_price_move", args=[dearer.pk, stranger.prices.get().pk])
    assert browser.get(elsewhere).status_code == 404
    dearer.interval = "year"
    yearly = publish(dearer, gateway=gateway)
    assert "There is no price to move them to" in text(browser.get(move_url(yearly)).content.decode())
    assert not PriceMove.objects.exists()


# ---------------------------------------------------------------- called off, tried again, pressed twice
def test_called_off_in_the_middle_those_moved_stay_moved(
    browser, dearer, members, notice_on, clock, client_for, sandbox
):
    """X11"""
    move = begin(browser, dearer, clock)
    work()
    PriceMoveEntry.objects.filter(subscription__user=members[0]).update(due_at=clock.now)
    work()
    assert states(move) == [State.DONE, State.TOLD, State.TOLD]
    assert "Call it off" in browser.get(move_part(move)).content.decode()
    assert browser.post(move_part(move, "call_off")).status_code == 302
    clock.advance(days=40)
    work()
    assert states(move) == [State.DONE, State.SKIPPED, State.SKIPPED]
    assert len(updates(sandbox)) == 1
    shown = text(client_for(members[1]).get(reverse("lms_memberships:account")).content.decode())
    assert "€25.00" not in shown
    assert "nothing left to call off" in text(browser.post(move_part(move, "call_off"), follow=True).content.decode())


def test_one_that_was_in_a_workers_hands_is_not_moved_after_the_end(
    browser, dearer, members, notice_on, clock, sandbox, settings
):
    """X11: its worker died; called off in between, the next worker asks Stripe and leaves it alone."""
    move = begin(browser, dearer, clock)
    work()
    later = timezone.now() + timedelta(seconds=60)
    PriceMoveEntry.objects.update(leased_until=later, lease_token="dead")
    browser.post(move_part(move, "call_off"))
    assert states(move) == [State.TOLD] * 3
    PriceMoveEntry.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    clock.advance(days=31)
    work()
    assert states(move) == [State.SKIPPED] * 3
    assert updates(sandbox) == []


def test_pressed_twice_it_is_begun_once(browser, dearer, notice_on, clock):
    begin(browser, dearer, clock)
    answer = browser.post(move_url(dearer), asked(dearer, clock))
    assert "are being moved already" in text(answer.content.decode())
    assert PriceMove.objects.count() == 1


def test_what_stripe_refuses_is_shown_and_tried_again(browser, dearer, notice_on, clock, sandbox):
    """X11: with Stripe's words; an outage only puts it off."""
    move = begin(browser, dearer, clock)
    work()
    clock.advance(days=31)
    sandbox.faults.plan(Fault("status", "POST /v1/subscriptions/*", count=1, status=400))
    work()
    assert states(move) == [State.DONE, State.DONE, State.FAILED]
    assert "Stripe refused it" in text(browser.get(move_part(move), {"state": "failed"}).content.decode())
    assert browser.post(move_part(move, "again")).status_code == 302
    work()
    assert states(move) == [State.DONE] * 3
    assert "nothing to try again" in text(browser.post(move_part(move, "again"), follow=True).content.decode())


def test_one_that_breaks_does_not_keep_the_others_waiting(browser, dearer, notice_on, clock, monkeypatch, sandbox):
    """X11, F5: a bug with one person, when they are told and when they are moved."""
    move = begin(browser, dearer, clock)
    victim = move.entries.order_by("pk").first()
    real = price_moving._why_not

    def broken(entry, of):
        if entry.pk == victim.pk:
            raise ZeroDivisionError
        return real(entry, of)

    monkeypatch.setattr(price_moving, "_why_not", broken)
    work()
    assert states(move) == [State.PLANNED, State.TOLD, State.TOLD]
    PriceMoveEntry.objects.filter(pk=victim.pk).update(attempts=len(price_moving.WAITS), next_try_at=timezone.now())
    clock.advance(days=31)
    work()
    assert states(move) == [State.DONE, State.DONE, State.FAILED]
    assert "its log says what" in text(browser.get(move_part(move)).content.decode())
    monkeypatch.undo()
    assert browser.post(move_part(move, "again")).status_code == 302
    work()
    assert states(move) == [State.DONE, State.DONE, State.TOLD], "told first, as everybody"


def test_an_outage_puts_it_off(browser, dearer, notice_on, clock, sandbox):
    move = begin(browser, dearer, clock)
    work()
    clock.advance(days=31)
    sandbox.faults.plan(Fault("status", "*/v1/subscriptions/*", count=99, status=503))
    work()
    assert states(move) == [State.TOLD] * 3
    sandbox.faults.clear()
    PriceMoveEntry.objects.update(next_try_at=timezone.now())
    work()
    assert states(move) == [State.DONE] * 3


# ---------------------------------------------------------------- size and rights
def crowd(move: PriceMove, number: int) -> None:
    """As many as a large school has; rows only."""
    old, now = move.old_price, timezone.now()
    people = UserFactory._meta.model.objects.bulk_create(
        UserFactory._meta.model(username=f"many{turn}", email=f"many{turn}@school.test") for turn in range(number)
    )
    rows = Subscription.objects.bulk_create(
        Subscription(
            user=person, membership=move.membership, price=old, stripe_id=f"sub_many_{person.pk}", status="active",
            account=old.account, livemode=old.livemode, amount=1900, currency="eur", interval="month",
            started_at=now, period_end=now + timedelta(days=9), opened_at=now,
        )
        for person in people
    )  # fmt: skip
    PriceMoveEntry.objects.bulk_create(
        PriceMoveEntry(move=move, subscription=row, state=State.TOLD, next_try_at=now, told_at=now) for row in rows
    )


def test_a_thousand_cost_as_many_queries_as_three(browser, dearer, notice_on, clock):
    """X11: the list of people, the prices, the preview, and beginning itself."""
    move = begin(browser, dearer, clock)
    urls = [move_part(move), move_part(move, "people_results"), prices_url(dearer)]
    urls += [f"{move_url(dearer)}?target={new_of(dearer).pk}&on={asked(dearer, clock)['on']}"]

    def counts() -> list[int]:
        found = []
        for url in urls:
            with CaptureQueriesContext(database) as captured:
                assert browser.get(url).status_code == 200
            found.append(len(captured))
        return found

    counts()
    few = counts()
    crowd(move, 1000)
    assert counts() == few
    page = text(browser.get(move_part(move), {"state": "told", "q": "many7"}).content.decode())
    assert "many7" in page
    assert "many800" not in page


def test_the_prices_are_paged(browser, membership, connection):
    now = timezone.now()
    Price.objects.bulk_create(
        Price(membership=membership, account=connection.account_id, livemode=connection.livemode, amount=100 + number,
              currency="eur", interval="month", stripe_id=f"price_{number}", confirmed_at=now, created_at=now)
        for number in range(40)
    )  # fmt: skip
    assert "Page 1 of 2" in text(browser.get(prices_url(membership)).content.decode())
    assert "€19.00 per month" in text(browser.get(prices_url(membership), {"p": "2"}).content.decode())
    assert browser.get(prices_url(membership), {"p": "x"}).status_code == 200


@pytest.mark.parametrize("rights", [("change_membership",), ("set_price_membership", "view_membership")])
def test_whoever_may_not_set_the_price_moves_nobody(dearer, notice_on, clock, client_for, browser, rights):
    """X24: and sees no names."""
    window = client_for(allow(UserFactory(), *rights))
    assert window.get(prices_url(dearer)).status_code in (302, 403)
    window.post(move_url(dearer), asked(dearer, clock))
    assert not PriceMove.objects.exists()
    move = begin(browser, dearer, clock)
    for what in ("people", "people_results"):
        assert window.get(move_part(move, what)).status_code in (302, 403)
    window.post(move_part(move, "call_off"))
    move.refresh_from_db()
    assert move.state == PriceMove.State.PLANNED


def test_the_first_payment_at_the_new_price_is_the_one_after_the_day():
    """X11: what is promised, for each rhythm; the end of a month stays the end of a month."""
    began = datetime(2027, 1, 31, 10, tzinfo=timezone.get_default_timezone())
    monthly = Subscription(period_end=began, interval="month", status="active")
    renewal = price_moving.first_renewal(monthly, after=began + timedelta(days=40))
    assert (renewal.month, renewal.day) == (3, 31)
    yearly = Subscription(period_end=began, interval="year", status="active")
    assert price_moving.first_renewal(yearly, after=began - timedelta(days=200)) == began
    trial = Subscription(period_end=began, trial_end=began, interval="week", status="trialing")
    assert price_moving.first_renewal(trial, after=began) == began + timedelta(weeks=1)
