"""Does whoever leaves a trial read what is true of it: that nothing was paid? (X14, P11)"""

import pytest
from django.urls import reverse

from lms_memberships.models import Subscription
from lms_memberships.portal.dates import day
from tests import hosted
from tests.factories import MembershipFactory, publish, put_into
from tests.flows.steps import buy, press_join, text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fourteen_days")]

GOES_BACK = "all that you paid goes back"


@pytest.fixture
def browser(student, client_for):
    return client_for(student)


@pytest.fixture
def tried(gateway, live_session):
    """A week free, with a card or without."""

    def make(**fields: object):
        draft = MembershipFactory(title="Tried", trial_days=7, **fields)
        return publish(put_into(draft, live_session), gateway=gateway)

    return make


def page(browser, row, name: str) -> str:
    return text(browser.get(reverse(f"lms_memberships:{name}", args=[row.pk])).content.decode())


@pytest.mark.parametrize("needs_card", [True, False])
def test_cancelling_speaks_of_the_trial_and_of_nothing_paid(browser, tried, needs_card, clock):
    """X14: until the trial ends, and that is when it ends."""
    made = tried(trial_requires_card=needs_card)
    if needs_card:
        buy(browser, made)
    else:
        _status, location, _body = hosted.start_without_card(press_join(browser, made))
        browser.get(hosted.path_of(location))
    row = Subscription.objects.get()
    assert row.has_card == needs_card, "the control"
    said = page(browser, row, "cancel")
    assert f"you keep access until your trial ends on {day(row.trial_end, 'en')}." in said
    assert "what is paid" not in said
    browser.post(reverse("lms_memberships:cancel", args=[row.pk]))
    row.refresh_from_db()
    assert row.cancel_at == row.trial_end


def test_once_it_is_paid_cancelling_speaks_of_that(browser, tried, clock, postman):
    """X14, the other side."""
    buy(browser, tried())
    clock.advance(days=8)
    postman.deliver()
    row = Subscription.objects.get()
    said = page(browser, row, "cancel")
    assert "until the end of what is paid" in said
    assert "your trial" not in said


def test_withdrawing_from_a_trial_promises_no_money(browser, tried, sandbox):
    """X14: what the answer says, the question says too."""
    buy(browser, tried())
    row = Subscription.objects.get()
    asked = page(browser, row, "withdraw")
    assert "You have paid nothing for it, so nothing goes back." in asked
    assert GOES_BACK not in asked
    answer = browser.post(reverse("lms_memberships:withdraw", args=[row.pk]))
    assert "You had paid nothing for it." in text(answer.content.decode())
    assert sandbox.store.all("refund", account=sandbox.account_id) == []


def test_withdrawing_after_the_first_payment_promises_it(browser, tried, clock, postman):
    """X14, the other side: tried for a week, then paid."""
    buy(browser, tried())
    clock.advance(days=8)
    postman.deliver()
    asked = page(browser, Subscription.objects.get(), "withdraw")
    assert GOES_BACK in asked
    assert "paid nothing" not in asked
