"""Is somebody forgotten, and is nothing charged afterwards? Through the account page, the command, and the drain."""

import json

import pytest
from django.contrib.auth import get_user_model
from django.core import mail
from django.core.management import CommandError, call_command
from django.db.models import ProtectedError
from django.urls import reverse

from lms_memberships import clock as our_clock
from lms_memberships.models import Checkout, Erasure, Invoice, Subscription, WebhookEvent
from lms_memberships.payments.connect import get_gateway
from lms_memberships.personal_data import erasing, stopping
from lms_memberships.sandbox.faults import Fault
from tests.factories import UserFactory
from tests.flows.steps import press_join, text
from tests.personal_data.conftest import PASSWORD
from tests.webhooks_rig import post_event

pytestmark = pytest.mark.django_db

DOWN = {"kind": "status", "path": "*", "status": 503, "count": 1000}


def leave(browser, **form: str):
    return browser.post(reverse("lms_memberships:leave"), {"password": PASSWORD, "understood": "on", **form})


def at_stripe(sandbox, kind: str) -> list[dict]:
    return sandbox.store.all(kind, account=sandbox.account_id)


def drain_again() -> None:
    """As the drain does it, when the wait is over."""
    Erasure.objects.update(next_try_at=our_clock.wall_time())
    call_command("memberships_drain", verbosity=0)


def test_the_page_says_what_stops_and_stays_and_asks_for_the_password(member, browser):
    """K6: nothing happens by a slip, nor by who finds an unlocked computer."""
    page = text(browser.get(reverse("lms_memberships:leave")).content.decode())
    assert "Studio pass" in page
    assert "for 10 years" in page
    assert "This is not your password." in leave(browser, password="guessed").content.decode()
    assert leave(browser, understood="").status_code == 200
    assert not Erasure.objects.exists()


def test_deleting_an_account_ends_the_subscription_at_stripe_first(member, browser, sandbox, clock, postman):
    """K6: cancelled at Stripe, then the name goes; a year later there was no renewal."""
    answer = leave(browser)
    assert "Stripe has confirmed that nothing more will be charged" in answer.content.decode()
    assert [each["status"] for each in at_stripe(sandbox, "subscription")] == ["canceled"]
    member.refresh_from_db()
    assert (member.username, member.email, member.first_name, member.is_active) == (
        f"erased-{member.pk}",
        "",
        "",
        False,
    )
    assert not member.has_usable_password()
    assert browser.get(reverse("lms_memberships:account")).status_code == 302, "signed out"
    clock.advance(days=400)
    postman.deliver()
    assert len(at_stripe(sandbox, "invoice")) == 1, "0 renewals"
    assert not Subscription.objects.get().is_live(clock.now)


def test_while_stripe_is_down_the_account_waits_and_says_so(member, browser, sandbox, clock, postman, membership):
    """K6: pending and shown, nothing bought meanwhile, later cancelled, 0 renewals."""
    sandbox.faults.plan(Fault(**DOWN))
    page = text(leave(browser).content.decode()) + text(
        browser.get(reverse("lms_memberships:account")).content.decode()
    )
    assert "Your account is being deleted" in page
    erasure = Erasure.objects.get()
    assert (erasure.state, erasure.attempts) == ("pending", 1)
    assert erasure.failure
    member.refresh_from_db()
    assert member.email, "whose money still flows keeps their name"
    with pytest.raises(CommandError, match="erasures"):
        drain_again()
    sandbox.faults.clear()
    other = browser.post(reverse("lms_memberships:buy", args=[membership.slug]), follow=True)
    assert "nothing new can be bought" in text(other.content.decode())
    drain_again()
    assert Erasure.objects.get().state == "done"
    clock.advance(days=70)
    postman.deliver()
    assert [each["status"] for each in at_stripe(sandbox, "subscription")] == ["canceled"]
    assert len(at_stripe(sandbox, "invoice")) == 1, "0 renewals"


def test_control_a_name_taken_away_without_stripe_is_charged_again(member, sandbox, clock, monkeypatch, postman):
    """K6, negative control: without the confirmation the money goes on flowing, from nobody."""
    monkeypatch.setattr(stopping, "is_all_over", lambda *args, **kwargs: True)
    erasure = erasing.erase(member, now=clock.now)
    assert erasing.carry_out_now(erasure, gateway=None, now=clock.now)
    clock.advance(days=40)
    postman.deliver()
    assert len(at_stripe(sandbox, "invoice")) == 2


def test_an_answer_that_was_lost_is_looked_for_and_nothing_is_ended_twice(member, sandbox, clock):
    """K6, D1: Stripe had cancelled, and the connection broke."""
    sandbox.faults.plan(Fault("commit_then_drop", path="DELETE /v1/subscriptions/*", count=3))
    erasure = erasing.erase(member, now=clock.now)
    first = erasing.carry_out_now(erasure, gateway=get_gateway(), now=clock.now)
    sandbox.faults.clear()
    if not first:
        drain_again()
    assert Erasure.objects.get().state == "done"
    ended = [event for event in at_stripe(sandbox, "event") if event["type"] == "customer.subscription.deleted"]
    assert len(ended) == 1


def test_an_open_page_is_closed_before_the_name_goes(membership, browser, student, sandbox, clock):
    """K6: nobody pays on it afterwards."""
    press_join(browser, membership)
    leave(browser)
    assert [each["status"] for each in at_stripe(sandbox, "checkout.session")] == ["expired"]
    assert Checkout.objects.get().state == "expired"
    assert Erasure.objects.get().state == "done"


def test_whoever_never_paid_can_go_while_stripe_is_down(browser, student, sandbox, gateway):
    sandbox.faults.plan(Fault(**DOWN))
    leave(browser)
    assert Erasure.objects.get().state == "done"


def test_the_command_fails_until_it_is_done(member, sandbox, capsys):
    """K6, K8: dry run, exit code, report."""
    call_command("memberships_erase", "student@school.test", "--dry-run")
    said = capsys.readouterr().out
    assert "would end at Stripe: sub_" in said
    assert not Erasure.objects.exists()
    sandbox.faults.plan(Fault(**DOWN))
    with pytest.raises(CommandError, match="Not done yet"):
        call_command("memberships_erase", "student", "--yes")
    sandbox.faults.clear()
    capsys.readouterr()
    call_command("memberships_erase", "student", "--yes")
    report = json.loads(capsys.readouterr().out)
    assert {row["what"] for row in report["kept"]} == {"invoices", "subscriptions", "customers at Stripe"}
    assert all(row["why"] for row in report["kept"])


def test_who_runs_the_site_is_not_deleted_by_a_button(admin, client_for, gateway):
    browser = client_for(admin)
    admin.set_password(PASSWORD)
    admin.save()
    browser.force_login(admin)
    answer = browser.post(reverse("lms_memberships:leave"), {"password": PASSWORD, "understood": "on"}, follow=True)
    assert "Take away its rights first" in text(answer.content.decode())
    assert not Erasure.objects.exists()


def test_a_user_cannot_be_deleted_behind_stripes_back(member):
    """K6, G16"""
    with pytest.raises(ProtectedError):
        member.delete()
    assert Subscription.objects.get().user_id == member.pk


def test_fourteen_events_after_the_deletion_change_nothing(member, browser, sandbox, postman, clock):
    """K7: recorded on the tombstone; nobody is made, nobody is written to, nothing fails."""
    leave(browser)
    people = get_user_model().objects.count()
    mail.outbox.clear()
    events = at_stripe(sandbox, "event")
    rest = [event for event in events if not event["type"].startswith("account")]
    late = [{**event, "id": f"evt_late_{number}"} for number, event in enumerate((rest * 14)[:14])]
    answers = [post_event(event).status_code for event in late]
    assert answers == [200] * 14
    call_command("memberships_drain", verbosity=0)
    assert not WebhookEvent.objects.exclude(state__in=["done", "ignored"]).exists()
    assert get_user_model().objects.count() == people
    assert mail.outbox == []
    assert Subscription.objects.get().user_id == member.pk
    member.refresh_from_db()
    assert member.username == f"erased-{member.pk}"


def test_facts_of_invoices_go_when_their_years_are_over(member, browser, clock):
    """K8: kept until the end of the tenth year after the invoice's, then purged."""
    other = UserFactory()
    leave(browser)
    clock.advance(days=9 * 365)
    clock.daily()
    assert Invoice.objects.count() == 1
    clock.advance(days=2 * 366)
    clock.daily()
    assert not Invoice.objects.exists()
    assert not Subscription.objects.exists()
    assert get_user_model().objects.filter(pk=other.pk).exists()
