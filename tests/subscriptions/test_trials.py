"""Is a free trial had once, whatever the account and the address are called? (X12, J6)."""

from datetime import timedelta

import pytest
from django.db import transaction
from wagtail.models import ModelLogEntry

from lms_memberships.models import Subscription, TrialTaken
from lms_memberships.payments.gateway import SubscriptionStatus
from lms_memberships.personal_data import forgetting
from lms_memberships.subscriptions import checkout, lifecycle, trials
from tests.factories import MembershipFactory, UserFactory
from tests.subscriptions import said
from tests.subscriptions.said import NOW

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def pass_(db):
    return MembershipFactory(title="Studio pass", live=True, trial_days=14)


@pytest.fixture
def try_out(nobody_answers):
    """Begin a trial as Stripe would tell it."""

    def begin(user, membership, **changes: object) -> Subscription:
        attempt = said.attempt(user, membership, trial_days=14)
        snapshot = said.subscription(
            attempt,
            f"sub_{attempt.pk}",
            **{
                "status": SubscriptionStatus.TRIALING,
                "trial_end": NOW + 14 * DAY,
                "latest_invoice": said.invoice(subscription_id=f"sub_{attempt.pk}", **said.NOTHING),
                **changes,
            },
        )
        return lifecycle.reconcile(snapshot, gateway=nobody_answers, now=NOW)

    return begin


def days(user, membership) -> int:
    return checkout.trial_days_for(user, membership)


def test_the_first_trial_is_free_and_the_second_is_none(pass_, student, try_out):
    """X12: cancel and join again."""
    assert days(student, pass_) == 14
    row = try_out(student, pass_)
    assert TrialTaken.objects.get().user == student
    Subscription.objects.filter(pk=row.pk).update(status="canceled", access_until=NOW)
    assert days(student, pass_) == 0


def test_another_membership_has_a_trial_of_its_own(pass_, student, try_out):
    """X12, negative control: per person and membership."""
    try_out(student, pass_)
    assert days(student, MembershipFactory(trial_days=7)) == 7
    assert days(UserFactory(), pass_) == 14


def test_what_was_bought_without_a_trial_takes_none(pass_, student, try_out):
    """Negative control"""
    try_out(student, pass_, status=SubscriptionStatus.ACTIVE, trial_end=None)
    assert not TrialTaken.objects.exists()


SAME = {
    "another tag": "ada+second@school.test",
    "capitals": "ADA@School.Test",
    "full-width letters": "ａda@school.test",
}
OTHERS = {"a dot": "a.da@school.test", "another domain": "ada@other.test", "another person": "adam@school.test"}


@pytest.mark.parametrize("address", SAME.values(), ids=SAME)
def test_a_second_account_of_the_same_mailbox_has_none(pass_, try_out, address):
    """J6: +tag address, capitals."""
    try_out(UserFactory(email="ada+first@school.test"), pass_)
    assert days(UserFactory(email=address), pass_) == 0


@pytest.mark.parametrize("address", OTHERS.values(), ids=OTHERS)
def test_another_mailbox_has_its_own(pass_, try_out, address):
    """J6, negative control"""
    try_out(UserFactory(email="ada@school.test"), pass_)
    assert days(UserFactory(email=address), pass_) == 14


def test_googles_dots_are_none(pass_, try_out):
    """J6: Google delivers all of them to one mailbox."""
    try_out(UserFactory(email="ada.lind@gmail.com"), pass_)
    assert days(UserFactory(email="adalind+x@googlemail.com"), pass_) == 0


def test_people_without_an_address_are_not_one_person(pass_, try_out):
    one, other = UserFactory(email=""), UserFactory(email="")
    try_out(one, pass_)
    assert (days(one, pass_), days(other, pass_)) == (0, 14)


def test_a_new_address_makes_no_new_person(pass_, student, try_out):
    """J6"""
    try_out(student, pass_)
    student.email = "brand-new@school.test"
    student.save()
    assert days(student, pass_) == 0


def test_the_table_holds_no_address_and_another_key_another_hash(pass_, student, try_out, settings):
    """J6: a keyed hash."""
    try_out(student, pass_)
    row = TrialTaken.objects.get()
    assert len(row.mailbox) == 64
    settings.SECRET_KEY = "another"
    assert trials.hash_of(trials.mailbox_of(student)) != row.mailbox


def test_a_new_secret_key_forgets_nobody(pass_, try_out, settings):
    try_out(UserFactory(email="ada@school.test"), pass_)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another"
    assert days(UserFactory(email="ada+2@school.test"), pass_) == 0


def test_it_outlives_the_account(pass_, student, try_out):
    """J6, X12: deleted, and signed up again with the same address."""
    email = student.email
    try_out(student, pass_)
    with transaction.atomic():
        forgetting.forget(student.pk)
    assert TrialTaken.objects.get().user is None
    assert days(UserFactory(email=email), pass_) == 0


def test_another_account_before_the_payment_page_keeps_the_trial(pass_, student):
    """J6: two accounts of one mailbox at once; the second sees no trial, and is charged nothing that it was not told."""
    twin = UserFactory(email=student.email.replace("@", "+twin@"))
    said.attempt(student, pass_, trial_days=14)
    assert days(twin, pass_) == 0
    assert days(student, pass_) == 14
    assert days(UserFactory(), pass_) == 14


def test_who_was_promised_a_trial_that_is_gone_is_told_before_they_pay(pass_, student, try_out):
    """J6, X9"""
    twin = UserFactory(email=student.email.replace("@", "+twin@"))
    draft = said.attempt(twin, pass_, trial_days=14)
    try_out(student, pass_)
    with pytest.raises(trials.OfferHasChanged), transaction.atomic():
        trials.lock_offer(draft)
    draft.trial_days = 0
    with transaction.atomic():
        trials.lock_offer(draft)


def test_two_that_began_all_the_same_leave_one_row(pass_, student, try_out):
    """J6: the unique constraint; nobody's purchase fails, and none of them has another."""
    twin = UserFactory(email=student.email.replace("@", "+twin@"))
    try_out(student, pass_)
    assert try_out(twin, pass_).is_live(NOW)
    assert TrialTaken.objects.count() == 1
    assert (days(student, pass_), days(twin, pass_)) == (0, 0)


# ------------------------------------------------------------------ before trials were noted


def test_an_old_trial_still_counts(pass_, student, try_out):
    try_out(student, pass_)
    TrialTaken.objects.all().delete()
    assert days(student, pass_) == 0
    assert trials.note_old_ones() == 1
    assert TrialTaken.objects.get().taken_at == NOW
    assert trials.note_old_ones() == 0
    assert days(student, pass_) == 0


# ------------------------------------------------------------------ the override


def test_staff_may_allow_another_and_say_why(pass_, student, admin, try_out, now):
    """X12: with a reason, in the history; once."""
    try_out(student, pass_)
    trials.allow_again(TrialTaken.objects.get(), by=admin, reason="Was ill all week", now=now)
    assert days(student, pass_) == 14
    entry = ModelLogEntry.objects.get(action="lms_memberships.trial_allowed")
    assert "Was ill all week" in str(entry.message)
    assert student.get_username() not in str(entry.data)
    trials.note_old_ones()
    assert days(student, pass_) == 14
    Subscription.objects.update(status="canceled", access_until=NOW)
    try_out(student, pass_)
    assert days(student, pass_) == 0
    assert TrialTaken.objects.count() == 2


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_without_a_reason_there_is_none(pass_, student, admin, try_out, now, reason):
    try_out(student, pass_)
    with pytest.raises(trials.ReasonMissing):
        trials.allow_again(TrialTaken.objects.get(), by=admin, reason=reason, now=now)
    assert days(student, pass_) == 0
