"""Does nobody go on with a paused membership whose payment their bank takes back, and pay for what stays closed? (X14, G7)"""

import pytest
from django.urls import reverse

from lms_memberships.models import Membership, Subscription
from lms_memberships.subscriptions import lifecycle, pausing
from tests.flows.backwards import bought, charge_of
from tests.flows.steps import text

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(client_for, student):
    return client_for(student)


@pytest.fixture
def paused(browser, membership, postman) -> Subscription:
    Membership.objects.update(may_pause=True)
    row = bought(browser, membership, postman)
    browser.post(reverse("lms_memberships:pause", args=[row.pk]))
    postman.deliver()
    row.refresh_from_db()
    assert row.status == "paused"
    return row


def go_on(browser, row: Subscription) -> str:
    answer = browser.post(reverse("lms_memberships:continue", args=[row.pk]), follow=True)
    return text(answer.content.decode())


def is_offered(browser, row: Subscription) -> bool:
    page = browser.get(reverse("lms_memberships:account")).content.decode()
    return reverse("lms_memberships:continue", args=[row.pk]) in page


def bills(sandbox) -> int:
    return len(sandbox.store.all("invoice", account=sandbox.account_id))


def test_what_is_disputed_does_not_go_on(paused, browser, sandbox, postman):
    """G7, X14: neither offered nor charged; the credit of that payment would be theirs twice."""
    assert is_offered(browser, paused)
    dispute = sandbox.actions.open_dispute(charge_of(sandbox, paused))
    postman.deliver()
    before = bills(sandbox)
    assert not is_offered(browser, paused)
    assert "disputed at the bank" in go_on(browser, paused)
    assert bills(sandbox) == before
    paused.refresh_from_db()
    assert paused.status == "paused"
    sandbox.actions.change_dispute(dispute["id"], "won")
    postman.deliver()
    assert is_offered(browser, paused), "decided in the seller's favour"
    assert "Good to have you back" in go_on(browser, paused)


def test_what_staff_have_closed_does_not_go_on(paused, browser, sandbox, now):
    """X14: revoked, and Stripe has not confirmed its end yet."""
    lifecycle.rewrite(paused.pk, lambda row: lifecycle.close(row, now), now=now)
    before = bills(sandbox)
    assert not is_offered(browser, paused)
    assert "closed by the seller" in go_on(browser, paused)
    assert bills(sandbox) == before


def test_control_without_the_look_it_is_charged(paused, browser, sandbox, postman, monkeypatch):
    """G7, negative control."""
    sandbox.actions.open_dispute(charge_of(sandbox, paused))
    postman.deliver()
    before = bills(sandbox)
    monkeypatch.setattr(pausing, "_refuse_taken_back", lambda subscription: None)
    go_on(browser, paused)
    assert bills(sandbox) > before
