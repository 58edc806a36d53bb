"""Does the link in a mail cancel one membership without a sign-in, once, and nothing else? (X14, S35, S22)"""

import re
from datetime import timedelta

import pytest
from django.core import signing
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from lms_memberships import events
from lms_memberships.emails import switches
from lms_memberships.models import Departure, Email, Subscription
from lms_memberships.portal.switching import SALT as OTHER_PURPOSE
from lms_memberships.sandbox.faults import Fault
from lms_memberships.subscriptions import cancel_links, changes, told
from tests.flows.steps import buy, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def held(student, client_for, membership) -> Subscription:
    switches.switch_all_on()
    buy(client_for(student), membership)
    return Subscription.objects.get()


@pytest.fixture
def stranger() -> Client:
    return Client(enforce_csrf_checks=True)


def path(token: str) -> str:
    return reverse("lms_memberships:cancel_link", args=[token])


def press(browser: Client, address: str):
    """With the token of the form, as a browser sends it."""
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', browser.get(address).content.decode())
    return browser.post(address, {"csrfmiddlewaretoken": found.group(1)} if found else {}, follow=True)


def test_the_mail_about_a_payment_brings_a_link_that_cancels(held, stranger, mailoutbox, postman):
    """X14: from the mail to the end of the membership, without a sign-in."""
    postman.deliver()
    body = next(each.body for each in mailoutbox if "payment" in each.subject)
    address = re.search(r"Cancel without signing in: https?://[^/]+(/\S+)", body).group(1)
    shown = text(stranger.get(address).content.decode())
    assert "Cancel Studio pass?" in shown
    assert "Your progress" in shown
    done = text(press(stranger, address).content.decode())
    assert "Studio pass is cancelled" in done
    held.refresh_from_db()
    assert held.cancel_at == held.period_end
    assert Departure.objects.get().way == "link"


def test_looking_changes_nothing_and_tells_nothing_of_the_person(held, stranger, student, sandbox):
    """S35: a mail scanner follows links; title and date are all that it sees."""
    address = path(cancel_links.token_of(held))
    for _ in range(3):
        answer = stranger.get(address)
        stranger.head(address)
    page = answer.content.decode()
    assert answer["Referrer-Policy"] == "same-origin"
    assert "noindex" in answer["X-Robots-Tag"]
    assert "no-store" in answer["Cache-Control"]
    for word in (student.email, student.username + "@", "Ada", "Lind", "19.00", held.stripe_id, held.customer_id):
        assert word not in page
    held.refresh_from_db()
    assert held.cancel_at is None
    assert Departure.objects.count() == 0
    assert stranger.post(address).status_code == 403, "without the token of the form nothing is sent"


def test_pressed_again_it_is_what_was_asked_for_and_after_a_return_it_is_nothing(held, stranger, gateway, now):
    """X14, G18: used up by coming back, so that an old mail ends nothing that somebody has chosen anew."""
    address = path(cancel_links.token_of(held))
    press(stranger, address)
    again = stranger.get(address)
    assert "Studio pass is cancelled" in text(again.content.decode())
    assert stranger.get(address).status_code == 200
    held.refresh_from_db()
    changes.resume(held, gateway=gateway, now=now)
    assert stranger.get(address).status_code == 404
    assert press(stranger, address).status_code in {403, 404}
    held.refresh_from_db()
    assert held.cancel_at is None
    # The control: the next mail's link works.
    press(stranger, path(cancel_links.token_of(held)))
    held.refresh_from_db()
    assert held.cancel_at is not None


def test_a_reminder_leaves_the_link_of_an_earlier_mail_as_it_is(held, stranger, gateway, clock):
    """X14, X17: a receipt's link, after a mail about the card; and it still cancels once."""
    address = path(cancel_links.token_of(held))
    found = gateway.client.v1.subscriptions.retrieve(held.stripe_id)
    card = {"exp_month": clock.now.month, "exp_year": clock.now.year}
    gateway.client.v1.payment_methods.update(found.default_payment_method, {"card": card})
    for _night in range(2):
        clock.daily()
    assert Email.objects.filter(kind="card_expires").count() == 1
    assert stranger.get(address).status_code == 200
    press(stranger, address)
    held.refresh_from_db()
    assert held.cancel_at is not None
    changes.resume(held, gateway=gateway, now=clock.now)
    assert stranger.get(address).status_code == 404


@pytest.mark.parametrize("fact", [events.PaymentMissing, events.RenewalSoon, events.AccessLost, events.AccessGained])
def test_only_a_cancellation_or_a_return_uses_it_up(fact, held, clock):
    """X14: whatever else is told of it."""
    token = cancel_links.token_of(held)
    told.take_turns(held, [fact])
    held.save()
    assert cancel_links.find(token, now=clock.now) == held
    for change in (events.SubscriptionCancelled, events.SubscriptionResumed):
        told.take_turns(held, [change])
    held.save()
    assert cancel_links.find(token, now=clock.now) is None
    assert cancel_links.find(cancel_links.token_of(held), now=clock.now) == held


def test_links_that_were_sent_before_it_was_counted_go_on_as_they_were(held, clock):
    """X14, E2: of a row of which no cancellation was noted, those of its present turn alone."""
    good = cancel_links.token_of(held)
    held.turn -= 1
    old = cancel_links.token_of(held)
    Subscription.objects.update(cancel_turn=None)
    assert (cancel_links.find(good, now=clock.now), cancel_links.find(old, now=clock.now)) == (held, None)
    held.refresh_from_db()
    told.take_turns(held, [events.CardExpiresSoon])
    held.save()
    assert (cancel_links.find(good, now=clock.now), cancel_links.find(old, now=clock.now)) == (held, None)


def test_tampered_for_another_purpose_too_old_or_of_another_period_it_is_unknown(held, stranger, clock, monkeypatch):
    """X14: one answer for all of them."""
    good = cancel_links.token_of(held)
    parts = [held.pk, held.turn, cancel_links._period(held)]
    wrong = [
        good[:-1] + ("A" if good[-1] != "A" else "B"),
        "x" + good,
        "nothing",
        "x" * 5000,
        signing.dumps(parts, salt=OTHER_PURPOSE),
        signing.dumps([held.pk + 1, *parts[1:]], salt=cancel_links.SALT),
        signing.dumps([held.pk, held.turn + 1, parts[2]], salt=cancel_links.SALT),
        signing.dumps([held.pk, held.turn, parts[2] + 1], salt=cancel_links.SALT),
        signing.dumps("nonsense", salt=cancel_links.SALT),
        signing.dumps(parts[:2], salt=cancel_links.SALT),
    ]
    assert cancel_links.find(good, now=clock.now) == held, "the control"
    assert [token[:20] for token in wrong if cancel_links.find(token, now=clock.now) is not None] == []
    assert len({text(stranger.get(path(token)).content.decode()) for token in wrong[:4]}) == 1
    monkeypatch.setattr(cancel_links, "LIVES", timedelta(seconds=-1))
    assert cancel_links.find(good, now=clock.now) is None
    assert not Departure.objects.exists()


def test_another_period_brings_another_link(held, clock, postman):
    """X14: the link of January's payment does not end what was paid for in February."""
    old = cancel_links.token_of(held)
    clock.advance(days=31, hours=3)
    postman.deliver()
    held.refresh_from_db()
    assert cancel_links.find(old, now=clock.now) is None
    assert cancel_links.find(cancel_links.token_of(held), now=clock.now) == held


def test_whoever_tries_many_is_stopped(held, stranger):
    """S22, S37: guesses are counted; the link itself goes on working."""
    codes = [stranger.get(path(f"guess{number}")).status_code for number in range(12)]
    assert codes[0] == 404
    assert codes[-1] == 429
    assert stranger.get(path(cancel_links.token_of(held))).status_code == 200


def test_with_stripe_down_it_is_noted_and_finished(held, stranger, sandbox):
    """G24"""
    address = path(cancel_links.token_of(held))
    sandbox.faults.plan(Fault("status", "*", status=503, count=0))
    assert "not confirmed" in text(press(stranger, address).content.decode())
    sandbox.faults.clear()
    call_command("memberships_drain", verbosity=0)
    held.refresh_from_db()
    assert held.cancel_at is not None


def test_where_there_is_nothing_to_cancel_there_is_no_link(held, gateway, now):
    assert cancel_links.link_of(held)
    cancelled = changes.cancel(held, gateway=gateway, now=now)
    assert cancel_links.link_of(cancelled) == ""
    assert cancel_links.link_of(Subscription(is_recurring=False, stripe_id="pi_1", status="active")) == ""
