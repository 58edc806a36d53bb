"""What if somebody lets people change prices in Stripe's portal, and they do? Followed, and never taken for granted (N3, G12, P17)."""

import pytest
from django.urls import reverse
from wagtail.models import ModelLogEntry

from lms_memberships.emails import switches
from lms_memberships.emails.kinds import EmailKind
from lms_memberships.history import PRICE_UNKNOWN
from lms_memberships.models import Email, PortalConfiguration, Stranger, Subscription
from lms_memberships.subscriptions import attention, lifecycle, settling, settling_attention, syncing
from tests import hosted
from tests.factories import MembershipFactory, publish, put_into
from tests.faults import crowd
from tests.flows.steps import buy, text
from tests.flows.test_portal import enter

pytestmark = pytest.mark.django_db

OFFICE = "office@school.test"
MONTH = {"days": 31, "hours": 3}


@pytest.fixture
def browser(student, client_for):
    return client_for(student)


@pytest.fixture
def held(browser, membership) -> Subscription:
    buy(browser, membership)
    return Subscription.objects.get()


@pytest.fixture
def gold(gateway, live_session):
    return publish(put_into(MembershipFactory(title="Gold", price_amount=4900), live_session), gateway=gateway)


@pytest.fixture
def strange(gateway) -> str:
    """A price that somebody has made in Stripe's dashboard."""
    product = gateway.client.v1.products.create({"name": "Something else"})
    params = {"product": product.id, "currency": "eur", "unit_amount": 500, "recurring": {"interval": "month"}}
    return gateway.client.v1.prices.create(params).id


@pytest.fixture
def switch_in_the_portal(browser, held, sandbox):
    """The owner switches it on in the dashboard, the student changes to that price in the portal, and comes back."""

    def do(price: str) -> str:
        enter(browser, "home", held)
        sandbox.actions.portal.let_people_switch(PortalConfiguration.objects.get().stripe_id)
        url = enter(browser, "home", held)
        status, _, page = hosted.post(f"{url}/change/{held.stripe_id}", {"price": price})
        assert status == 303, page[:2000]
        answer = browser.get(reverse("lms_memberships:portal_back"), follow=True)
        held.refresh_from_db()
        return text(answer.content.decode())

    return do


def mails() -> list[tuple[str, str]]:
    """To whom, and about what, those about a price that nobody knows went out."""
    sent = Email.objects.filter(kind=EmailKind.ADMIN_PRICE_UNKNOWN, state="sent")
    return list(sent.values_list("recipient", "subject"))


@pytest.fixture(autouse=True)
def _office(settings) -> None:
    settings.LMS_MEMBERSHIPS_ADMIN_EMAILS = [OFFICE]
    switches.switch_all_on()


def test_another_memberships_price_is_followed(switch_in_the_portal, held, gold, clock):
    """N3, G12: what is paid for is what is held, at once and without anybody's help."""
    page = switch_in_the_portal(gold.prices.get().stripe_id)
    assert (held.membership, held.flag) == (gold, "")
    assert held.is_live(clock.now)
    assert "Gold" in page


def test_an_unknown_price_keeps_what_is_paid_and_raises_an_alert(
    switch_in_the_portal, held, strange, membership, clock, postman, admin, client_for, browser
):
    """G12, N3, P17: open until the end of what was paid, no day more; noted where a creator looks."""
    promised = held.access_until
    switch_in_the_portal(strange)
    assert (held.membership, held.flag, held.access_until) == (membership, "unknown_price", promised)
    assert held.is_live(clock.now)
    account = reverse("lms_memberships:account")
    assert "You keep access until" in text(browser.get(account).content.decode())
    assert ModelLogEntry.objects.filter(action=PRICE_UNKNOWN).count() == 1
    health = text(client_for(admin).get(reverse("lms_memberships_health")).content.decode())
    assert held.stripe_id in health
    postman.deliver()
    assert mails() == [(OFFICE, f"{held.user.get_full_name()} pays an unknown price for {membership.title}")]
    assert ModelLogEntry.objects.filter(action=PRICE_UNKNOWN).count() == 1, "told once"
    assert len(mails()) == 1
    for _ in range(2):
        clock.advance(**MONTH)
        postman.deliver()
    assert len(mails()) == 1
    held.refresh_from_db()
    assert (held.status, held.flag, held.access_until) == ("active", "unknown_price", promised)
    assert not held.is_live(clock.now)
    page = text(browser.get(account).content.decode())
    assert "access is closed" in page
    assert "Next payment on" not in page, "P7: nobody is told that all is well"


def test_back_at_a_known_price_it_is_open_and_no_longer_noted(switch_in_the_portal, held, strange, gateway, clock):
    """G12: mended in Stripe."""
    switch_in_the_portal(strange)
    snapshot = gateway.read_subscription(held.stripe_id)
    old = held.membership.prices.get().stripe_id
    gateway.client.v1.subscriptions.update(held.stripe_id, {"items": [{"id": snapshot.item_id, "price": old}]})
    lifecycle.reconcile(gateway.read_subscription(held.stripe_id), gateway=gateway, now=clock.now)
    held.refresh_from_db()
    assert (held.flag, held.is_live(clock.now)) == ("", True)


def change_to(price: str, held, gateway, postman) -> None:
    """In Stripe's dashboard; the webhooks of it have come."""
    item = gateway.read_subscription(held.stripe_id).item_id
    gateway.client.v1.subscriptions.update(held.stripe_id, {"items": [{"id": item, "price": price}]})
    postman.deliver()
    held.refresh_from_db()


@pytest.mark.parametrize("is_known_between", [False, True])
def test_another_unknown_price_is_news_again(is_known_between, held, strange, gateway, postman, clock):
    """G12, P17: one that was left so once hides no other; straight from one to the next, or by way of a known one."""
    product = gateway.client.v1.products.create({"name": "And another"})
    params = {"product": product.id, "currency": "eur", "unit_amount": 500, "recurring": {"interval": "month"}}
    other = gateway.client.v1.prices.create(params).id
    change_to(strange, held, gateway, postman)
    assert settling_attention.leave(held.pk, now=clock.now)
    postman.deliver()
    settling.follow_subscription(held.stripe_id, gateway=gateway, now=clock.now)
    assert (attention._prices(clock.now).count(), len(mails())) == (0, 1), "read again, it is left as it is"
    if is_known_between:
        change_to(held.membership.prices.get().stripe_id, held, gateway, postman)
    change_to(other, held, gateway, postman)
    assert (attention._prices(clock.now).count(), len(mails())) == (1, 2)
    assert ModelLogEntry.objects.filter(action=PRICE_UNKNOWN).count() == 2


def test_what_was_flagged_before_its_price_was_noted_is_no_news(held, strange, gateway, postman, clock):
    """G12, E2: after an upgrade nobody hears of everything once more, and what was left so stays left."""
    change_to(strange, held, gateway, postman)
    Subscription.objects.update(unknown_price_id="", left_alone_at=clock.now)
    settling.follow_subscription(held.stripe_id, gateway=gateway, now=clock.now)
    held.refresh_from_db()
    assert (held.unknown_price_id, held.left_alone_at is None, len(mails())) == (strange, False, 1)


def test_three_of_it_are_followed_as_one(held, gateway, postman, clock):
    """G12: in the dashboard somebody sets the quantity to 3."""
    item = gateway.read_subscription(held.stripe_id).item_id
    gateway.client.v1.subscriptions.update(held.stripe_id, {"items": [{"id": item, "quantity": 3}]})
    postman.deliver()
    held.refresh_from_db()
    assert (held.amount, held.flag, held.is_live(clock.now)) == (5700, "", True)
    assert Subscription.objects.count() == 1


# ---------------------------------------------------------------- never ours
@pytest.fixture
def stranger(gateway, membership) -> str:
    """Somebody was put on our price in Stripe's dashboard."""
    return _subscribe(gateway, membership.prices.get().stripe_id)


def _subscribe(gateway, price: str, **more: object) -> str:
    api = gateway.client.v1
    customer = api.customers.create({"email": "eve@elsewhere.test"}).id
    card = api.payment_methods.attach("pm_card_visa", {"customer": customer}).id
    asked = {"customer": customer, "items": [{"price": price}], "default_payment_method": card}
    return api.subscriptions.create({**asked, **more}).id


def compare(gateway, clock) -> None:
    syncing.synchronise(
        syncing.plan_everything(), gateway=gateway, now=clock.now, watcher=crowd.Nobody(), is_fresh=True
    )


def waiting() -> set[str]:
    return set(Stranger.objects.waiting().values_list("stripe_id", flat=True))


def test_what_was_never_ours_opens_nothing_and_waits_to_be_claimed(stranger, postman):
    """N3, G12: at our price, and nobody here is known to have bought it."""
    postman.deliver()
    assert not Subscription.objects.exists()
    assert waiting() == {stranger}


def test_what_is_somebodys_or_nothing_of_ours_does_not_wait(held, stranger, strange, gateway, clock):
    """N3: neither a student's own, nor what the account sells beside us, nor what is over."""
    _subscribe(gateway, strange)
    over = _subscribe(gateway, held.membership.prices.get().stripe_id)
    gateway.client.v1.subscriptions.cancel(over)
    named = _subscribe(gateway, strange, metadata={"lmsm_membership": str(held.membership.uuid)})
    _subscribe(gateway, strange, metadata={"lmsm_membership": "nonsense"})
    compare(gateway, clock)
    assert waiting() == {stranger, named}


def test_whose_buyer_is_not_here_waits_too(held, gateway, clock):
    """N3, E7: the comparison after a restored backup finds one that names a membership, and somebody unknown."""
    price = held.membership.prices.get().stripe_id
    lost = _subscribe(gateway, price, metadata={"lmsm_membership": str(held.membership.uuid), "lmsm_user": "987654"})
    compare(gateway, clock)
    assert waiting() == {lost}
    assert Subscription.objects.get() == held, "it opens nothing"


def test_one_that_was_moved_to_somebody_elses_product_waits_no_more(stranger, strange, postman, gateway):
    """N3: nobody has to claim what is not at our prices any more."""
    postman.deliver()
    item = gateway.read_subscription(stranger).item_id
    gateway.client.v1.subscriptions.update(stranger, {"items": [{"id": item, "price": strange}]})
    postman.deliver()
    assert waiting() == set()
