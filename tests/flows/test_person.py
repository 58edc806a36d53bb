"""What do staff do for one person: give, extend, end, revoke? Each asks once, is done once, and is refused in words (X20)."""

import uuid
from datetime import timedelta

import pytest
from django.core import mail
from django.urls import reverse
from django.utils import timezone
from wagtail.models import ModelLogEntry

from lms_memberships.access import decide
from lms_memberships.emails import switches
from lms_memberships.models import Deed, Intent, Invoice, Membership, Subscription
from lms_memberships.payments.connect import NotConnected
from lms_memberships.personal_data import erasing, exporting
from lms_memberships.sandbox.faults import Fault
from lms_memberships.subscriptions import given_access, giving, lifecycle, revoking
from lms_memberships.subscriptions.deeds import Wish
from tests import hosted
from tests.factories import MembershipFactory, UserFactory, publish, put_into
from tests.flows.desk import helper, key_on, press, read, url
from tests.flows.steps import buy, text

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _mail_is_on(db) -> None:
    switches.switch_all_on()


@pytest.fixture
def desk(client_for):
    return client_for(helper())


@pytest.fixture
def held(client_for, student, membership, postman) -> Subscription:
    """Bought: 19 euros a month."""
    buy(client_for(student), membership)
    postman.deliver()
    return Subscription.objects.get(membership=membership)


@pytest.fixture
def trial(client_for, student, live_session, gateway, postman) -> Subscription:
    """On trial for seven days, with a card."""
    tried = publish(put_into(MembershipFactory(title="Tried", trial_days=7), live_session), gateway=gateway)
    buy(client_for(student), tried)
    postman.deliver()
    return Subscription.objects.get(membership=tried)


def day_in(now, days: int) -> str:
    return (timezone.localdate(now) + timedelta(days=days)).isoformat()


def at_stripe(sandbox, stripe_id: str, kind: str = "subscription") -> dict:
    return next(each for each in sandbox.store.all(kind, account=sandbox.account_id) if each["id"] == stripe_id)


def subjects() -> list[str]:
    return [each.subject for each in mail.outbox]


# ------------------------------------------------------------------ given


def test_access_is_given_until_a_day_with_a_reason(desk, student, membership, live_session, clock):
    """X20, N8: its own object with who, why and until when; it ends by itself, on that day's evening."""
    said = press(desk, "give", student, membership=membership.pk, until=day_in(clock.now, 5), reason="Won the raffle")
    assert "“Studio pass” is open to them until" in said
    row = Subscription.objects.get()
    deed = Deed.objects.get()
    assert (row.origin, row.stripe_id, row.is_recurring) == ("given", "", False)
    assert (deed.kind, deed.reason, deed.subscription_id) == ("gave", "Won the raffle", row.pk)
    assert deed.by is not None
    assert deed.until == row.access_until
    assert timezone.localtime(row.access_until).hour == 0
    assert decide(student, live_session, now=row.access_until - timedelta(minutes=1)).allowed
    assert not decide(student, live_session, now=row.access_until).allowed
    assert "Won the raffle" in read(desk, "", student)
    entry = ModelLogEntry.objects.get(action="lms_memberships.deed_gave")
    assert str(membership.pk) == entry.object_id
    assert "Won the raffle" in entry.formatter.format_message(entry)


def test_given_for_good_and_sent_twice_it_is_given_once(desk, student, membership):
    """X20: the form's key is one wish."""
    page = desk.get(url("give", student)).content.decode()
    fields = {"membership": membership.pk, "reason": "Founder", "key": key_on(page)}
    for _again in range(2):
        assert desk.post(url("give", student), fields).status_code == 302
    assert Subscription.objects.get().is_for_good
    assert Deed.objects.count() == 1
    assert ModelLogEntry.objects.filter(action="lms_memberships.deed_gave").count() == 1


def test_the_same_form_with_something_else_in_it_is_refused(desk, student, membership, live_session, gateway):
    """X20: back in the browser, changed, pressed again: neither done nor called done."""
    other = publish(put_into(MembershipFactory(title="Other"), live_session), gateway=gateway)
    page = desk.get(url("give", student)).content.decode()
    fields = {"membership": membership.pk, "reason": "Founder", "key": key_on(page)}
    desk.post(url("give", student), fields)
    for change in ({"membership": other.pk}, {"reason": "Another"}, {"until": "2998-01-01"}):
        answer = desk.post(url("give", student), {**fields, **change})
        assert "sent already" in text(answer.content.decode()), change
    assert "sent already" in text(desk.post(url("give", UserFactory()), fields).content.decode())
    assert Subscription.objects.count() == 1


def test_without_the_key_the_second_press_gives_again(desk, student, membership):
    """X20, negative control."""
    for _again in range(2):
        press(desk, "give", student, membership=membership.pk)
    assert Subscription.objects.count() == 2


def test_a_reason_is_asked_for(desk, student, membership):
    """N8"""
    assert "This field is required" in press(desk, "give", student, membership=membership.pk, reason=" ")
    assert not Subscription.objects.exists()


def test_a_day_that_is_over_is_refused_in_words(desk, student, membership, clock):
    said = press(desk, "give", student, membership=membership.pk, until=day_in(clock.now, -2))
    assert "This day is over" in said
    assert not Deed.objects.exists()


def test_it_takes_a_place_and_without_one_is_refused(desk, student, membership, client_for, postman):
    """J7: the same count as for whoever buys."""
    Membership.objects.update(max_members=1)
    buy(client_for(UserFactory()), membership)
    postman.deliver()
    assert "No place is left" in press(desk, "give", student, membership=membership.pk)
    assert not Subscription.objects.filter(origin="given").exists()
    assert not Deed.objects.exists()


@pytest.mark.parametrize("first", ["given", "bought"])
def test_ending_one_way_never_ends_the_other(first, desk, student, held, membership, live_session, clock, postman):
    """X2, G22: what is paid, what is given; whichever ends."""
    press(desk, "give", student, membership=membership.pk, until=day_in(clock.now, 300))
    given = Subscription.objects.get(origin="given")
    mail.outbox.clear()
    if first == "given":
        assert "What was given has ended" in press(desk, "take_back", student, given.pk)
    else:
        press(desk, "end", student, held.pk)
        postman.deliver()
    held.refresh_from_db()
    given.refresh_from_db()
    assert held.is_live(clock.now) == (first == "given")
    assert given.is_live(clock.now) == (first == "bought")
    assert decide(student, live_session, now=clock.now).allowed
    assert not [each for each in subjects() if "access" in each.lower() and "ended" in each.lower()]


def test_what_was_given_ends_now_and_they_are_told_once(desk, student, membership, live_session, clock):
    """N8, F4: not “you cancelled”, and nothing at Stripe."""
    press(desk, "give", student, membership=membership.pk)
    row = Subscription.objects.get()
    mail.outbox.clear()
    for _again in range(2):
        press(desk, "take_back", student, row.pk, reason="Mistake")
    clock.daily()
    assert not decide(student, live_session, now=clock.now).allowed
    assert [each.to for each in mail.outbox if each.to == [student.email]] == [[student.email]]
    assert "cancel" not in " ".join(subjects()).lower()
    assert not Intent.objects.filter(subject__contains="given").exists()
    shown = read(desk, "", student)
    assert "Mistake" in shown
    assert "Ended on" in shown


def test_what_was_bought_is_not_taken_back_as_if_given(desk, student, held, clock):
    """N8"""
    address = url("take_back", student, held.pk)
    answer = desk.post(address, {"reason": "x", "key": uuid.uuid4()})
    assert "This was not given" in text(answer.content.decode())
    held.refresh_from_db()
    assert held.is_live(clock.now)


def test_a_deleted_account_is_given_nothing(student, membership, clock, admin):
    """K7"""
    student.is_active, student.email = False, ""
    student.save()
    with pytest.raises(given_access.AccountIsGone):
        given_access.give(student.pk, membership, until=None, wish=Wish(admin, "x", uuid.uuid4()), now=clock.now)


def test_no_form_writes_a_status(desk, student, held, clock):
    """N8: by whatever name it is sent, what Stripe says stays what it is."""
    fields = {"status": "active", "access_until": "2999-01-01", "stripe_id": "sub_x", "origin": "given"}
    for what in ("cancel", "trial", "take_back", "revoke"):
        desk.post(url(what, student, held.pk), fields)
    row = Subscription.objects.get()
    assert (row.status, row.access_until, row.stripe_id, row.origin) == (
        held.status, held.access_until, held.stripe_id, "bought",
    )  # fmt: skip


# ------------------------------------------------------------------ trials


def test_a_trial_is_extended_at_stripe_and_nothing_is_charged(desk, student, trial, sandbox, clock, postman):
    """X20: guide §5; the first payment comes at the new end, and they are reminded before it (G6)."""
    shown = read(desk, "trial", student, trial.pk)
    assert "€19.00" in shown
    end = trial.trial_end
    said = press(desk, "trial", student, trial.pk, until=day_in(end, 10), reason="Was ill")
    assert "The trial lasts until" in said
    trial.refresh_from_db()
    assert trial.trial_end > end + timedelta(days=9)
    assert trial.status == "trialing"
    assert trial.is_live(end + timedelta(days=8))
    assert at_stripe(sandbox, trial.stripe_id)["trial_end"] == int(trial.trial_end.timestamp())
    assert [each["total"] for each in sandbox.store.all("invoice", account=sandbox.account_id)] == [0]
    mail.outbox.clear()
    clock.advance(days=8)
    postman.deliver()
    clock.daily()
    assert not [each for each in subjects() if "trial" in each.lower()]
    clock.advance(days=7)
    postman.deliver()
    clock.daily()
    assert len([each for each in mail.outbox if "trial" in each.subject.lower() and each.to == [student.email]]) == 1
    clock.advance(days=4)
    postman.deliver()
    assert sorted(each["total"] for each in sandbox.store.all("invoice", account=sandbox.account_id)) == [0, 1900]


def test_pressed_twice_it_is_extended_once(desk, student, trial, sandbox):
    """X20, D1"""
    page = desk.get(url("trial", student, trial.pk)).content.decode()
    fields = {"until": day_in(trial.trial_end, 5), "reason": "x", "key": key_on(page)}
    for _again in range(2):
        assert desk.post(url("trial", student, trial.pk), fields).status_code == 302
    assert Deed.objects.count() == 1
    assert Intent.objects.filter(purpose="extend_trial").count() == 1


def test_what_cannot_be_extended_says_why(desk, student, trial, held, clock):
    assert "No trial is running" in read(desk, "trial", student, held.pk)
    assert "after the one" in press(desk, "trial", student, trial.pk, until=day_in(clock.now, 1))
    assert "two years" in press(desk, "trial", student, trial.pk, until=day_in(clock.now, 800))
    assert not Deed.objects.exists()
    Subscription.objects.filter(pk=trial.pk).update(schedule_id="sub_sched_1")
    assert "planned at Stripe" in read(desk, "trial", student, trial.pk)


def test_what_stripe_refuses_is_said_and_kept(desk, student, trial, sandbox):
    """X20: nothing changes here, and the deed says that it was not done."""
    path = "POST /v1/subscriptions/*"
    sandbox.faults.plan(Fault("status", path, status=503, count=9))
    page = desk.get(url("trial", student, trial.pk)).content.decode()
    fields = {"until": day_in(trial.trial_end, 5), "reason": "Ill", "key": key_on(page)}
    answer = desk.post(url("trial", student, trial.pk), fields)
    assert answer.status_code == 200
    end = trial.trial_end
    trial.refresh_from_db()
    assert trial.trial_end == end
    assert Deed.objects.get().settled_at is None
    assert "not done" in read(desk, "", student)
    sandbox.faults.clear()
    assert key_on(answer.content.decode()) == fields["key"], "the same wish is sent again"
    assert desk.post(url("trial", student, trial.pk), fields).status_code == 302
    trial.refresh_from_db()
    assert trial.trial_end > end
    assert Deed.objects.get().settled_at is not None


# ------------------------------------------------------------------ cancelled, kept, ended


def test_cancelled_at_the_end_of_the_period_and_kept_after_all(desk, student, held, sandbox, clock):
    """P25: access stays until then; and the way back."""
    assert "stays open until then" in read(desk, "cancel", student, held.pk)
    assert "€19.00" in read(desk, "cancel", student, held.pk)
    assert "Cancelled" in press(desk, "cancel", student, held.pk, reason="Asked on the phone")
    held.refresh_from_db()
    assert held.cancel_at is not None
    assert held.is_live(clock.now)
    assert at_stripe(sandbox, held.stripe_id)["cancel_at_period_end"]
    assert "It is cancelled already" in read(desk, "cancel", student, held.pk)
    assert "It goes on" in press(desk, "keep", student, held.pk)
    held.refresh_from_db()
    assert held.cancel_at is None
    assert [deed.kind for deed in Deed.objects.order_by("pk")] == ["cancelled", "resumed"]


def test_cancelled_at_once_it_is_over_at_stripe(desk, student, held, sandbox, clock, live_session):
    """P23, G24: over here only when Stripe says so."""
    shown = read(desk, "end", student, held.pk)
    assert "nothing is given back" in shown
    assert "It has ended" in press(desk, "end", student, held.pk)
    held.refresh_from_db()
    assert (held.status, at_stripe(sandbox, held.stripe_id)["status"]) == ("canceled", "canceled")
    assert not decide(student, live_session, now=clock.now).allowed
    assert sandbox.store.all("refund", account=sandbox.account_id) == []


def test_while_stripe_is_down_it_is_not_called_cancelled(desk, student, held, sandbox, clock):
    """G24: refused in words; then it works."""
    sandbox.faults.plan(Fault("status", "DELETE /v1/subscriptions/*", status=503, count=9))
    press(desk, "end", student, held.pk)
    held.refresh_from_db()
    assert (held.status, held.is_live(clock.now)) == ("active", True)
    assert Deed.objects.get().settled_at is None
    sandbox.faults.clear()
    press(desk, "end", student, held.pk)
    held.refresh_from_db()
    assert (held.status, at_stripe(sandbox, held.stripe_id)["status"]) == ("canceled", "canceled")


def test_what_is_over_is_cancelled_again_without_an_error(desk, student, held, gateway):
    """G18: three times, and after somebody did it in Stripe's dashboard."""
    gateway.client.v1.subscriptions.cancel(held.stripe_id)
    for what in ("end", "end", "cancel"):
        answer = desk.post(url(what, student, held.pk), {"reason": "x", "key": uuid.uuid4()})
        assert answer.status_code == 302, text(answer.content.decode())
    held.refresh_from_db()
    assert held.status == "canceled"


def test_of_what_is_not_paid_the_page_says_what_becomes_of_it(desk, student, held, sandbox, clock, postman):
    """G20: Stripe asks nobody any more, and says so; no access comes of it."""
    hosted_failure(held, sandbox, clock, postman)
    held.refresh_from_db()
    assert held.status == "past_due"
    shown = read(desk, "end", student, held.pk)
    assert "Not paid €19.00" in shown
    assert "stays open at Stripe" in shown
    press(desk, "end", student, held.pk)
    held.refresh_from_db()
    assert held.status == "canceled"
    assert Invoice.objects.filter(status="open").count() == 1


def hosted_failure(held, sandbox, clock, postman) -> None:
    """The next renewal is declined."""
    card = {"card_number": hosted.FAILS_LATER_CARD, "exp_month": "12", "exp_year": "2034", "cvc": "123"}
    sandbox.actions.change_default_card(held.customer_id, **card)
    clock.advance(days=32)
    postman.deliver()


# ------------------------------------------------------------------ revoked


def test_revoked_it_closes_at_once_and_is_ended_at_stripe(desk, student, held, sandbox, clock, live_session, postman):
    """P24: they are told that access has ended, and not that they cancelled."""
    mail.outbox.clear()
    assert "Access closes now" in read(desk, "revoke", student, held.pk)
    assert "nothing more is charged" in press(desk, "revoke", student, held.pk, reason="Shared the password")
    assert not decide(student, live_session, now=clock.now).allowed
    held.refresh_from_db()
    assert held.revoked_at is not None
    assert (held.status, at_stripe(sandbox, held.stripe_id)["status"]) == ("canceled", "canceled")
    postman.deliver()
    clock.daily()
    mine = [each.subject for each in mail.outbox if each.to == [student.email]]
    assert len(mine) == 1
    assert "cancel" not in mine[0].lower()
    deed = Deed.objects.get()
    assert (deed.kind, deed.reason) == ("revoked", "Shared the password")
    assert deed.settled_at is not None
    page = client_text(client_of(student))
    assert "The school has closed it" in page


def client_of(user):
    from django.test import Client

    window = Client()
    window.force_login(user)
    return window


def client_text(window) -> str:
    return text(window.get(reverse("lms_memberships:account")).content.decode())


def test_with_stripe_down_it_stays_closed_and_is_ended_later(
    desk, student, held, sandbox, clock, live_session, postman, gateway
):
    """P24, G24: neither a webhook nor a sync nor a renewal opens it again; the job ends it."""
    sandbox.faults.plan(Fault("status", "DELETE /v1/subscriptions/*", status=503, count=99))
    said = press(desk, "revoke", student, held.pk)
    assert "tried again by itself" in said
    assert not decide(student, live_session, now=clock.now).allowed
    lifecycle.reconcile(gateway.read_subscription(held.stripe_id), gateway=gateway, now=clock.now)
    postman.deliver()
    held.refresh_from_db()
    assert held.status == "active"
    assert not held.is_live(clock.now)
    clock.advance(days=32)
    postman.deliver()
    assert not decide(student, live_session, now=clock.now).allowed
    assert "Stripe has not confirmed yet" in read(desk, "", student)
    sandbox.faults.clear()
    clock.daily()
    held.refresh_from_db()
    assert (held.status, at_stripe(sandbox, held.stripe_id)["status"]) == ("canceled", "canceled")
    assert Deed.objects.get().settled_at is not None


def test_without_the_mark_a_sync_would_open_it_again(desk, student, held, sandbox, clock, gateway):
    """P24, negative control: what Stripe still says opens it."""
    sandbox.faults.plan(Fault("status", "DELETE /v1/subscriptions/*", status=503, count=99))
    press(desk, "revoke", student, held.pk)
    Subscription.objects.update(revoked_at=None)
    lifecycle.reconcile(gateway.read_subscription(held.stripe_id), gateway=gateway, now=clock.now)
    held.refresh_from_db()
    assert held.is_live(clock.now)


def test_without_a_connection_it_is_closed_all_the_same(desk, student, held, clock, live_session, monkeypatch):
    """P24"""

    def nobody():
        raise NotConnected

    monkeypatch.setattr("lms_memberships.creator.person.ending.connect.get_gateway", nobody)
    assert "Access is closed" in press(desk, "revoke", student, held.pk)
    assert not decide(student, live_session, now=clock.now).allowed
    assert revoking.is_anything_due()


def test_revoked_nobody_is_dunned(desk, student, held, sandbox, clock, postman):
    """G20: what could still be collected is voided, and noted."""
    hosted_failure(held, sandbox, clock, postman)
    assert "is voided" in read(desk, "revoke", student, held.pk)
    press(desk, "revoke", student, held.pk)
    unpaid = Invoice.objects.get(billing_reason="subscription_cycle")
    assert unpaid.status == "void"
    assert at_stripe(sandbox, unpaid.stripe_id, "invoice")["status"] == "void"
    assert Deed.objects.get().details["voided"] == [unpaid.stripe_id]
    clock.daily()
    mail.outbox.clear()
    clock.advance(days=30)
    postman.deliver()
    clock.daily()
    assert [each for each in mail.outbox if each.to == [student.email]] == []


def test_what_was_paid_once_is_revoked_too(desk, student, client_for, live_session, gateway, postman, clock):
    """P24: nothing at Stripe stands for it, and reading the payment again opens nothing."""
    once = publish(put_into(MembershipFactory(title="Once", interval="one_time"), live_session), gateway=gateway)
    buy(client_for(student), once)
    postman.deliver()
    row = Subscription.objects.get(membership=once)
    press(desk, "revoke", student, row.pk)
    row.refresh_from_db()
    assert (row.status, row.is_live(clock.now)) == ("canceled", False)
    assert Deed.objects.get().settled_at is not None
    postman.deliver()
    clock.daily()
    assert not decide(student, live_session, now=clock.now).allowed


def test_revoked_twice_is_revoked_once(desk, student, held):
    page = desk.get(url("revoke", student, held.pk)).content.decode()
    fields = {"reason": "x", "key": key_on(page)}
    for _again in range(2):
        assert desk.post(url("revoke", student, held.pk), fields).status_code == 302
    assert Deed.objects.count() == 1
    assert "nothing to revoke" in press(desk, "revoke", student, held.pk)


def test_revoking_leaves_what_was_given(desk, student, held, membership, clock, live_session):
    """X2, G22"""
    giving_now(student, membership, clock)
    press(desk, "revoke", student, held.pk)
    assert decide(student, live_session, now=clock.now).allowed


def giving_now(student, membership, clock) -> None:
    from django.db import transaction

    with transaction.atomic():
        giving.give(student, membership, until=None, language="", now=clock.now)


def test_what_staff_did_is_handed_over_and_loses_the_name(desk, student, membership, gateway, clock):
    """K8: in the export as it is; after the account is deleted it says why, and not who."""
    press(desk, "give", student, membership=membership.pk, reason="Ada Lind was ill")
    [row] = exporting.export_person(student)["done_by_staff"]
    assert row["reason"] == "Ada Lind was ill"
    assert erasing.carry_out_now(erasing.erase(student, now=clock.now), gateway=gateway, now=clock.now)
    assert Deed.objects.get().reason == "[erased] was ill"
    entry = ModelLogEntry.objects.get(action="lms_memberships.deed_gave")
    assert "Ada" not in entry.formatter.format_message(entry)
