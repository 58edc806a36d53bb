"""Does a purchase that costs nothing today go the same single way, and does who comes back start anew? (G21, G23)"""

import pytest
from django.core import mail
from django.urls import reverse

from lms_memberships.access import decide
from lms_memberships.emails import switches
from lms_memberships.emails.models import Email
from lms_memberships.models import Invoice, Subscription
from tests import hosted
from tests.factories import MembershipFactory, publish, put_into
from tests.flows.steps import buy
from tests.webhooks_rig import post_event

pytestmark = pytest.mark.django_db

NOTHING_PAID = ["access_gained", "admin_bought", "bought"]


@pytest.fixture
def mails(settings):
    """Kinds of the mails so far, each as often as it was owed."""
    settings.LMS_MEMBERSHIPS_ADMIN_EMAILS = ["office@school.test"]
    switches.switch_all_on()
    return lambda: sorted(Email.objects.values_list("kind", flat=True))


@pytest.mark.parametrize("duration", ["once", "forever"])
@pytest.mark.parametrize("trial_days", [0, 14])
def test_a_start_for_nothing_is_a_start_like_any_other(
    gateway, live_session, student, client_for, postman, mails, clock, duration, trial_days
):
    """G21: 100 % once and for ever, with and without a trial: one subscription, one zero invoice, no second mail."""
    wanted = MembershipFactory(trial_days=trial_days)
    membership = publish(put_into(wanted, live_session), gateway=gateway)
    coupon = gateway.client.v1.coupons.create({"percent_off": 100, "duration": duration})
    gateway.client.v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "ALL"})
    browser = client_for(student)
    answer = browser.post(reverse("lms_memberships:buy", args=[membership.slug]), {"promo": "ALL"})
    _status, location, body = hosted.pay(answer["Location"])
    assert location, body
    back = hosted.path_of(location)
    browser.get(back)
    browser.get(back)
    postman.deliver()
    postman.delivered.clear()
    postman.deliver()
    clock.daily()
    bought = Subscription.objects.get()
    assert (bought.status, bought.is_open_told) == ("trialing" if trial_days else "active", True)
    assert decide(student, live_session, now=clock.now).allowed
    assert Invoice.objects.get().amount_paid == 0
    assert Invoice.objects.get().payment_intent_id == ""
    assert mails() == NOTHING_PAID
    assert len(mail.outbox) == len(NOTHING_PAID)


def test_who_comes_back_starts_anew(gateway, live_session, student, client_for, postman, clock):
    """G23, J6: a new row beside the old one, no second trial; the old one's events, late and backwards, take nothing."""
    wanted = MembershipFactory(trial_days=7)
    membership = publish(put_into(wanted, live_session), gateway=gateway)
    browser = client_for(student)
    buy(browser, membership)
    old = Subscription.objects.get()
    postman.deliver()
    gateway.cancel_now(old.stripe_id)
    withheld = postman.waiting()
    postman.deliver()
    assert not decide(type(student).objects.get(pk=student.pk), live_session, now=clock.now).allowed
    buy(browser, membership)
    new = Subscription.objects.exclude(pk=old.pk).get()
    for event in [*reversed(postman.waiting()), *reversed(withheld)]:
        assert post_event(event).status_code == 200
    clock.daily()
    old.refresh_from_db()
    new.refresh_from_db()
    assert (old.status, new.status) == ("canceled", "active")
    assert new.trial_end is None
    assert new.is_live(clock.now)
    assert not old.is_live(clock.now)
    assert decide(type(student).objects.get(pk=student.pk), live_session, now=clock.now).allowed
