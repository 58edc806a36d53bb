"""What does somebody hear who buys or has bought, while the site cannot reach Stripe? Never how the site is set up (S56)."""

import pytest
from django.urls import reverse

from lms_memberships.models import Checkout, Subscription
from lms_memberships.payments import premises
from lms_memberships.payments.connect import NotConnected
from lms_memberships.sandbox.faults import Fault
from tests.flows.steps import buy, text

pytestmark = pytest.mark.django_db

#: Words of whoever runs the site.
OURS = ("Stripe account", "Stripe key", "the key", "Settings", "copy of another site", "API")

WAYS = ("no key", "another site", "revoked key")


def shut(way: str, settings, sandbox) -> None:
    """Take Stripe away in one of the ways that a creator has to hear about."""
    if way == "no key":
        settings.LMS_MEMBERSHIPS_STRIPE_SECRET_KEY = ""
    elif way == "another site":
        settings.LMS_MEMBERSHIPS_BASE_URL = "https://staging.school.example"
    else:
        sandbox.faults.plan(Fault("status", status=401, count=0))


def told(answer) -> str:
    return " ".join(str(each) for each in answer.context["messages"])


@pytest.fixture
def school(settings) -> None:
    """The database's own site."""
    settings.LMS_MEMBERSHIPS_BASE_URL = "https://school.example"
    premises.is_frozen()


@pytest.fixture
def member(school, membership, student, client_for):
    browser = client_for(student)
    browser.back = buy(browser, membership)
    return browser


@pytest.mark.parametrize(("way", "action"), [*((way, "cancel") for way in WAYS), ("no key", "invoice")])
def test_a_member_hears_that_it_could_not_be_done(way, action, member, settings, sandbox):
    """S56, E9, D12: in a sentence, on a page that opens."""
    row = Subscription.objects.get()
    shut(way, settings, sandbox)
    if action == "cancel":
        answer = member.post(reverse("lms_memberships:cancel", args=[row.pk]), follow=True)
    else:
        answer = member.get(reverse("lms_memberships:invoice", args=[row.invoices.get().pk]), follow=True)
    assert answer.status_code == 200
    assert told(answer)
    page = text(answer.content.decode())
    assert [words for words in OURS if words in page] == []
    row.refresh_from_db()
    assert row.status == "active"
    assert row.cancel_at is None


@pytest.mark.parametrize("way", WAYS)
def test_who_comes_back_from_paying_is_not_called_unknown(way, member, settings, sandbox):
    """C1, S56: they have paid; until Stripe can be asked, the page says that it waits."""
    press = Checkout.objects.get()
    press.state = Checkout.State.OPEN
    press.subscription = None
    press.save()
    shut(way, settings, sandbox)
    answer = member.get(member.back)
    page = text(answer.content.decode())
    assert answer.status_code == 200
    assert "do not know" not in page
    assert [words for words in OURS if words in page] == []


def test_control_a_sentence_of_ours_would_be_noticed(member, settings, sandbox, monkeypatch):
    """S56, negative control: as it was when buyers were told what creators are told."""
    monkeypatch.setattr(NotConnected, "for_buyers", str(NotConnected.message))
    shut("no key", settings, sandbox)
    answer = member.post(reverse("lms_memberships:resume", args=[Subscription.objects.get().pk]), follow=True)
    assert [words for words in OURS if words in text(answer.content.decode())] == ["Stripe account"]
