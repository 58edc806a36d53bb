"""How do two accounts of one person become one, and two again? In one transaction, with doubles named (K11)."""

import uuid
from datetime import timedelta

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection, models
from django.test.utils import CaptureQueriesContext
from wagtail.models import ModelLogEntry
from wagtail.users.models import UserProfile

from lms_memberships.access import decide
from lms_memberships.models import Customer, Deed, Delivery, Invoice, Subscription, TrialTaken
from lms_memberships.personal_data import erasing
from lms_memberships.sandbox.faults import Fault
from lms_memberships.subscriptions import lifecycle, merging
from lms_memberships.subscriptions.deeds import Wish
from tests import hosted
from tests.factories import MembershipFactory, allow, publish, put_into
from tests.flows.desk import helper, key_on, press, read, url
from tests.flows.steps import buy, press_join

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client_for):
    return client_for(helper())


def merge(desk, student, other, **fields: object) -> str:
    return press(desk, "merge", student, other=other.pk, **fields)


def test_every_column_that_names_a_person_is_moved_or_stays_for_a_reason():
    """K11: whoever adds a table says which."""
    found = {
        f"{model.__name__}.{column.name}"
        for model in apps.get_app_config("lms_memberships").get_models()
        for column in model._meta.concrete_fields
        if isinstance(column, models.ForeignKey) and column.related_model._meta.label == settings.AUTH_USER_MODEL
    }
    assert found == set(merging.MOVED) | set(merging.STAYS)


def test_what_keeps_its_name_at_stripe_is_named_before(desk, student, other, old):
    """K11, E9: of another account of Stripe's; and nothing is said where all can be named."""
    assert "still named after the other account" not in read(desk, "merge", student, other=other.pk)
    Subscription.objects.update(account="acct_of_before")
    shown = read(desk, "merge", student, other=other.pk)
    assert f"still named after the other account there: “Studio pass” ({old.stripe_id})" in shown


def test_what_would_be_moved_is_shown_and_then_moved(desk, student, other, old, live_session, clock, gateway):
    """K11: one account holds it all; Stripe knows whose it is; the course's system hears of the other account."""
    assert "old@school.test" in read(desk, "merge", student, q="old@")
    shown = read(desk, "merge", student, other=other.pk)
    assert "“Studio pass”: live" in shown
    assert "Invoices 1" in shown
    assert Subscription.objects.get().user == other, "looking moves nothing"
    assert "The accounts are merged" in merge(desk, student, other, reason="Two addresses")
    old.refresh_from_db()
    assert (old.user, old.status, old.flag) == (student, "active", "")
    assert Invoice.objects.get().user == student
    assert Customer.objects.get().user == student
    assert decide(student, live_session, now=clock.now).allowed
    assert not decide(other, live_session, now=clock.now).allowed
    assert gateway.read_subscription(old.stripe_id).metadata["lmsm_user"] == str(student.pk)
    assert gateway.read_customer(old.customer_id).metadata["lmsm_user"] == str(student.pk)
    deed = Deed.objects.get()
    assert (deed.kind, deed.user, deed.details["from"]) == ("merged", student, other.pk)
    assert deed.settled_at is not None
    assert Delivery.objects.filter(subscription=old).exclude(attempts=0).exists()


def test_what_has_ended_is_not_called_active_before_it_is_moved(desk, student, other, old, clock):
    """K11, X20: in the words of the list; Stripe calls a refund of one payment, and what was given, active."""
    yesterday = clock.now - timedelta(days=1)
    Subscription.objects.filter(pk=old.pk).update(access_until=yesterday, revoked_at=yesterday)
    given = {"user": other, "membership": old.membership, "origin": "given", "status": "active", "is_recurring": False}
    Subscription.objects.create(**given, started_at=yesterday, opened_at=yesterday, access_until=yesterday)
    shown = read(desk, "merge", student, other=other.pk)
    assert "“Studio pass”: ended, “Studio pass”: ended" in shown
    assert "active" not in shown.partition("They hold or held")[2].partition("Subscriptions")[0]


def test_in_french_titles_stand_in_french_quotes(client_for, student, other, old, clock):
    """K11, X20: on the page before a merge and in the history, with narrow spaces before colons."""
    staff = helper()
    UserProfile.objects.create(user=staff, preferred_language="fr")
    desk = client_for(staff)
    page = desk.get(url("merge", student), {"other": other.pk}).content.decode()
    assert "«\u202fStudio pass\u202f»\u202f: en cours" in page
    Deed.objects.create(
        key=uuid.uuid4(),
        user=other,
        by=staff,
        subscription=old,
        kind="cancelled",
        done_at=clock.now,
        settled_at=clock.now,
    )
    page = desk.get(url("", other)).content.decode()
    assert "«\u202fStudio pass\u202f»\u202f: résilié à la fin de la période" in page
    assert "“Studio pass”" not in page


def test_renewals_follow_the_account(desk, student, other, old, clock, postman):
    """K11: the webhook of the next month is the new account's."""
    merge(desk, student, other)
    clock.advance(days=32)
    postman.deliver()
    assert Invoice.objects.filter(user=student).count() == 2
    assert not Invoice.objects.filter(user=other).exists()


def test_whoever_was_left_can_buy_again_as_somebody_new(desk, student, other, old, membership, client_for, postman):
    """X8: their old customer is the other account's now, and is not found again."""
    merge(desk, student, other)
    buy(client_for(other), membership)
    postman.deliver()
    assert Customer.objects.count() == 2
    assert Subscription.objects.get(user=other).customer_id != old.customer_id


def test_what_both_pay_for_is_a_named_double(
    desk, student, other, old, membership, client_for, postman, sandbox, clock
):
    """K11, X8: never silently cancelled or refunded; somebody ends one of the two."""
    buy(client_for(student), membership)
    postman.deliver()
    assert "They pay for this twice then" in read(desk, "merge", student, other=other.pk)
    merge(desk, student, other)
    old.refresh_from_db()
    assert old.flag == "double"
    assert "They hold this membership twice" in read(desk, "", student)
    clock.advance(days=32)
    postman.deliver()
    old.refresh_from_db()
    assert (old.flag, old.status) == ("double", "active")
    assert sandbox.store.all("refund", account=sandbox.account_id) == []
    press(desk, "end", student, old.pk)
    assert Subscription.objects.filter(user=student, status="active").count() == 1


def test_given_beside_paid_is_no_double(desk, student, other, old, membership):
    """X2"""
    press(desk, "give", student, membership=membership.pk)
    merge(desk, student, other)
    old.refresh_from_db()
    assert old.flag == ""


def test_a_trial_that_was_had_is_had(desk, student, other, live_session, gateway, client_for, postman):
    """X12: not once more with the other account."""
    tried = publish(put_into(MembershipFactory(title="Tried", trial_days=7), live_session), gateway=gateway)
    buy(client_for(other), tried)
    postman.deliver()
    merge(desk, student, other)
    assert TrialTaken.objects.get().user == student


def test_pressed_twice_it_is_merged_once(desk, student, other, old):
    page = desk.get(url("merge", student), {"other": other.pk}).content.decode()
    fields = {"other": other.pk, "reason": "x", "key": key_on(page)}
    for _again in range(2):
        assert desk.post(url("merge", student), fields).status_code == 302
    assert Deed.objects.count() == 1


def test_a_merge_is_undone(desk, student, other, old, membership, client_for, postman, clock, live_session, gateway):
    """K11: what was moved goes back, the double loses its name, and what came since stays."""
    buy(client_for(student), membership)
    postman.deliver()
    merge(desk, student, other)
    deed = Deed.objects.get()
    assert "Undo this merge" in read(desk, "merge", student)
    assert "The merge is undone" in press(desk, "part", student, deed.pk, reason="Not the same person")
    old.refresh_from_db()
    assert (old.user, old.flag) == (other, "")
    assert Subscription.objects.filter(user=student).count() == 1
    assert decide(other, live_session, now=clock.now).allowed
    assert gateway.read_subscription(old.stripe_id).metadata["lmsm_user"] == str(other.pk)
    assert "no merge to undo" in press(desk, "part", student, deed.pk)
    assert "Undo this merge" not in read(desk, "merge", student)


def test_a_merge_and_its_undoing_stand_in_the_history(desk, student, other, old, clock):
    """X24, K11: at the account that it was done for; erased, only that it was done is known."""
    merge(desk, student, other, reason="Two addresses")
    press(desk, "part", student, Deed.objects.get().pk, reason="Not the same person")
    (merged,) = ModelLogEntry.objects.for_instance(student).filter(action="lms_memberships.deed_merged")
    (parted,) = ModelLogEntry.objects.for_instance(other).filter(action="lms_memberships.deed_parted")
    assert merged.message == "Two accounts of one person were merged: Two addresses"
    assert parted.message == "The merge of two accounts was undone: Not the same person"
    assert merged.user is not None
    assert read(desk, "", student).count("Two addresses") == 1, "the deed has its own line there"
    ModelLogEntry.objects.update(data={})
    assert ModelLogEntry.objects.get(pk=merged.pk).message == "Two accounts of one person were merged: –"


def test_while_an_erasure_runs_it_is_refused(desk, student, other, old, clock):
    """K6, K11: of either account."""
    erasing.erase(other, now=clock.now)
    assert "being deleted" in read(desk, "merge", student, other=other.pk)
    assert "being deleted" in merge(desk, student, other)
    assert "being deleted" in merge(desk, other, student)
    old.refresh_from_db()
    assert old.user == other


def test_who_stands_before_a_payment_page_is_waited_for(desk, student, other, membership, client_for, clock, postman):
    """C6: what is paid there would come to the account that was left."""
    address = press_join(client_for(other), membership)
    assert "payment page" in merge(desk, student, other)
    hosted.pay(address)
    postman.deliver()
    assert "The accounts are merged" in merge(desk, student, other)


@pytest.mark.parametrize("is_superuser", [True, False])
def test_staff_are_not_merged_into_somebody(desk, student, other, is_superuser):
    if is_superuser:
        other.is_superuser = True
        other.save()
    else:
        allow(other, "view_membership")
    assert "rights in the admin" in merge(desk, student, other)
    assert not Deed.objects.exists()


def test_an_account_with_itself_is_refused(desk, student):
    assert "not two accounts" in merge(desk, student, student)


def test_with_stripe_down_it_is_merged_and_told_later(desk, student, other, old, sandbox, clock, gateway):
    """K11: rows first; the job tells Stripe."""
    sandbox.faults.plan(Fault("status", "POST /v1/*", status=503, count=99))
    assert "tried again by itself" in merge(desk, student, other)
    old.refresh_from_db()
    assert old.user == student
    lifecycle.reconcile(gateway.read_subscription(old.stripe_id), gateway=gateway, now=clock.now)
    old.refresh_from_db()
    assert old.user == student, "the old number at Stripe decides nothing"
    sandbox.faults.clear()
    clock.daily()
    assert gateway.read_subscription(old.stripe_id).metadata["lmsm_user"] == str(student.pk)
    assert Deed.objects.get().settled_at is not None


def test_all_or_nothing(student, other, old, admin, clock, monkeypatch):
    """K11: what fails in between moves nothing."""

    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(merging.events, "publish", fail)
    with pytest.raises(RuntimeError):
        merging.merge(other.pk, student.pk, wish=Wish(admin, "x", uuid.uuid4()), now=clock.now)
    old.refresh_from_db()
    assert old.user == other
    assert Invoice.objects.get().user == other
    assert not Deed.objects.exists()


def test_the_preview_costs_the_same_however_much_they_hold(desk, student, other, old, membership):
    desk.get(url("merge", student), {"other": other.pk})
    counts = []
    for more in range(2):
        with CaptureQueriesContext(connection) as captured:
            desk.get(url("merge", student), {"other": other.pk})
        counts.append(len(captured))
        for number in range(5):
            Invoice.objects.create(
                user=other, membership=membership, subscription=old, stripe_id=f"in_{more}_{number}", status="paid",
                currency="eur", total=1, amount_paid=1, amount_due=0, created_at=old.started_at,
                read_started_at=old.started_at,
            )  # fmt: skip
    assert counts[0] == counts[1]
