"""Two accounts become one from the command line, and two again: with a name and a reason in the history (K11)."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from lms_memberships.access import decide
from lms_memberships.models import Deed, Subscription
from lms_memberships.sandbox.faults import Fault
from tests.factories import UserFactory
from tests.flows.steps import buy

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(db):
    return UserFactory(username="boss")


def run(*words: str, **options: object) -> str:
    out = io.StringIO()
    call_command("memberships_merge", *words, stdout=out, **options)
    return out.getvalue()


def test_looked_at_then_moved_then_moved_back(student, other, old, admin, live_session, clock, gateway):
    """K11: grants, subscriptions and trials, and the way back."""
    assert "Subscription.user: 1" in run("old@school.test", "student", "--dry-run")
    assert Subscription.objects.get().user == other, "looking moves nothing"
    said = run("old-account", "student", "--by", "boss", "--reason", "Two addresses", "--yes")
    assert "at Stripe: told" in said
    assert decide(student, live_session, now=clock.now).allowed
    assert not decide(other, live_session, now=clock.now).allowed
    assert gateway.read_subscription(old.stripe_id).metadata["lmsm_user"] == str(student.pk)
    deed = Deed.objects.get()
    assert (deed.by, deed.reason) == (admin, "Two addresses")
    run("old-account", "student", "--undo", "--by", "boss", "--reason", "Not the same person", "--yes")
    assert Subscription.objects.get().user == other
    assert gateway.read_subscription(old.stripe_id).metadata["lmsm_user"] == str(other.pk)
    with pytest.raises(CommandError, match="no merge to undo"):
        run("old-account", "student", "--undo", "--by", "boss", "--reason", "Again", "--yes")


def test_what_keeps_its_name_at_stripe_is_named_before(student, other, old):
    """K11, E9: of another account of Stripe's."""
    assert "keeps the old name" not in run("old-account", "student", "--dry-run")
    Subscription.objects.update(account="acct_of_before")
    assert f"keeps the old name at Stripe: {old.stripe_id}" in run("old-account", "student", "--dry-run")


def test_what_both_pay_for_is_named(student, other, old, admin, membership, client_for, postman):
    """K11: overlapping memberships are never cancelled by it."""
    buy(client_for(student), membership)
    postman.deliver()
    said = json.loads(run("old-account", "student", "--by", "boss", "--reason", "Both", "--json"))
    assert said["Subscription.user"] == 1
    old.refresh_from_db()
    assert (old.user, old.flag, old.status) == (student, "double", "active")
    assert "held by both then: Studio pass" not in json.dumps(said)


def test_asked_and_not_answered_with_yes_nothing_is_done(
    student, other, old, admin, membership, client_for, monkeypatch
):
    """K11: what would be doubled is said before."""
    buy(client_for(student), membership)
    asked: list[str] = []
    monkeypatch.setattr("builtins.input", lambda question: asked.append(question) or "no")
    out = io.StringIO()
    with pytest.raises(CommandError, match="Nothing was done"):
        call_command("memberships_merge", "old-account", "student", "--by", "boss", "--reason", "x", stdout=out)
    assert "held by both then: Studio pass" in out.getvalue()
    assert "old-account" in asked[0]
    assert not Deed.objects.exists()


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["old-account", "student", "--reason", "x", "--yes"], "Say who does it"),
        (["old-account", "student", "--by", "boss", "--yes"], "Please say why"),
        (["student", "student", "--by", "boss", "--reason", "x", "--yes"], "not two accounts"),
        (["student", "old-account", "--by", "boss", "--reason", "x", "--yes"], "holds nothing that could be moved"),
        (["nobody-at-all", "student", "--by", "boss", "--reason", "x", "--yes"], "are called"),
        (["old-account", "student", "--undo", "--by", "boss", "--reason", "x", "--yes"], "no merge to undo"),
    ],
)
def test_what_cannot_be_done_is_said_in_words(student, other, old, admin, words, why):
    """K11"""
    with pytest.raises(CommandError, match=why):
        run(*words)
    assert not Deed.objects.exists()


def test_while_stripe_is_away_it_is_done_here_and_told_later(student, other, old, admin, gateway, sandbox, clock):
    """K11, E1: the daily job tells Stripe."""
    sandbox.faults.plan(Fault("status", "POST /v1/*", status=503, count=99))
    said = run("old-account", "student", "--by", "boss", "--reason", "x", "--yes")
    sandbox.faults.clear()
    assert "tried again by memberships_drain" in said
    assert Subscription.objects.get().user == student
    clock.daily()
    assert gateway.read_subscription(old.stripe_id).metadata["lmsm_user"] == str(student.pk)
