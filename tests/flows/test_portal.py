"""Does a student reach Stripe's portal, only their own part of it, and is the card that they leave there charged? (P6, S21)"""

import logging

import pytest
from django.core.management import CommandError
from django.test import Client
from django.urls import reverse

from lms_memberships.clock import wall_time
from lms_memberships.models import Customer, PortalConfiguration, Subscription
from lms_memberships.payments.customers import customer_for
from lms_memberships.payments.models import Intent, WebhookEvent
from lms_memberships.sandbox.faults import Fault
from lms_memberships.subscriptions import cards
from lms_memberships.webhooks import inbox
from tests import hosted
from tests.factories import MembershipFactory, UserFactory, publish, put_into
from tests.flows.steps import buy, press_join, text

pytestmark = pytest.mark.django_db

MONTH = {"days": 31, "hours": 3}
MASTERCARD = "5555555555554444"
PORTAL = "lms_memberships:portal"


@pytest.fixture
def browser(student, client_for) -> Client:
    return client_for(student)


@pytest.fixture
def held(browser, membership) -> Subscription:
    buy(browser, membership)
    return Subscription.objects.get()


def press(browser: Client, flow: str = "card", held: Subscription | None = None, **extra: object):
    form = {"flow": flow} | ({"subscription": held.pk} if held is not None else {})
    return browser.post(reverse(PORTAL), {**form, **extra})


def enter(browser: Client, *args: object, **kwargs: object) -> str:
    """The address of Stripe's page."""
    answer = press(browser, *args, **kwargs)
    assert answer.status_code == 303, text(browser.get(answer["Location"]).content.decode())
    return answer["Location"]


def fill_in(url: str, number: str = MASTERCARD) -> str:
    """Another card, and where Stripe then leads."""
    form = {"card_number": number, "expiry": "12 / 34", "cvc": "123", "button": "save"}
    status, location, page = hosted.post(f"{url}/card", form)
    assert status == 303, page[:2000]
    return location


def come_back(browser: Client, location: str) -> str:
    """What the account page then says."""
    return text(browser.get(hosted.path_of(location), follow=True).content.decode())


def account_page(browser: Client) -> str:
    return text(browser.get(reverse("lms_memberships:account")).content.decode())


def charged(sandbox) -> list[str]:
    """The last digits of the cards that were really charged, oldest first."""
    found = sandbox.store.all("charge", account=sandbox.account_id)
    paid = [each for each in reversed(found) if each["status"] == "succeeded"]
    return [each["payment_method_details"]["card"]["last4"] for each in paid]


def own_card(sandbox, held: Subscription) -> str:
    found = sandbox.store.one("subscription", held.stripe_id, account=sandbox.account_id)
    method = sandbox.store.one("payment_method", found["default_payment_method"], account=sandbox.account_id)
    return method["card"]["last4"]


# ---------------------------------------------------------------- the card
def test_the_card_that_was_left_is_charged_next(browser, held, sandbox, clock):
    """P6: also where the subscription had a card of its own, as every checkout gives it."""
    assert own_card(sandbox, held) == "4242"
    page = come_back(browser, fill_in(enter(browser, "card", held)))
    assert "Your new card is charged from now on." in page
    assert own_card(sandbox, held) == "4444"
    clock.advance(**MONTH)
    assert charged(sandbox) == ["4242", "4444"]


def test_without_following_it_the_old_card_would_be_charged(browser, held, sandbox, clock):
    """P6, negative control: that is what Stripe does by itself."""
    fill_in(enter(browser, "card", held))
    clock.advance(**MONTH)
    assert charged(sandbox) == ["4242", "4242"]


def test_whoever_does_not_come_back_is_followed_by_stripes_word(browser, held, sandbox, clock, postman):
    """P6: the window was closed on Stripe's page."""
    fill_in(enter(browser, "card", held))
    postman.deliver()
    assert own_card(sandbox, held) == "4444"
    clock.advance(**MONTH)
    assert charged(sandbox) == ["4242", "4444"]
    assert Intent.objects.get(purpose="use_card").state == Intent.State.CONFIRMED


def test_both_ways_change_it_once(browser, held, postman, sandbox):
    """P6, B1."""
    come_back(browser, fill_in(enter(browser, "card", held)))
    postman.deliver()
    postman.delivered.clear()
    postman.deliver()
    written = [each for each in sandbox.requests.all() if each["path"] == f"/v1/subscriptions/{held.stripe_id}"]
    assert len([each for each in written if each["method"] == "POST"]) == 1


def test_every_subscription_of_theirs_follows(browser, held, gateway, live_session, sandbox):
    """P6, P18: one customer, one card."""
    other = publish(put_into(MembershipFactory(title="Second pass"), live_session), gateway=gateway)
    buy(browser, other)
    come_back(browser, fill_in(enter(browser, "card", held)))
    assert {own_card(sandbox, each) for each in Subscription.objects.all()} == {"4444"}


def test_a_newer_card_of_the_subscriptions_own_stays(browser, held, sandbox, gateway, clock):
    """P6: an invoice that was paid with another card after that says more than the customer's old choice."""
    come_back(browser, fill_in(enter(browser, "card", held)))
    clock.advance(hours=1)
    newer = gateway.client.v1.payment_methods.create(
        {"type": "card", "card": {"token": "tok_visa"}},
    )
    gateway.client.v1.payment_methods.attach(newer.id, {"customer": held.customer_id})
    gateway.client.v1.subscriptions.update(held.stripe_id, {"default_payment_method": newer.id})
    gateway.client.v1.customers.update(held.customer_id, {"name": "Ada L."})
    cards.follow(held.customer_id, gateway=gateway, now=clock.now)
    assert own_card(sandbox, held) == "4242"
    Customer.objects.update(card_id=None)
    cards.follow(held.customer_id, gateway=gateway, now=clock.now)
    assert own_card(sandbox, held) == "4242", "also when the customer was never looked at before"


def test_an_old_choice_that_was_never_seen_is_followed_if_it_is_newer(browser, held, sandbox, gateway, clock):
    """P6: a site that is updated meets customers who changed their card long ago."""
    clock.advance(hours=1)
    fill_in(enter(browser, "card", held))
    Customer.objects.update(card_id=None)
    cards.follow(held.customer_id, gateway=gateway, now=clock.now)
    assert own_card(sandbox, held) == "4444"


def test_one_that_has_just_ended_keeps_no_other_from_the_new_card(browser, held, gateway, live_session, sandbox):
    """P6: what is over takes no card, and we have not heard of its end yet."""
    other = publish(put_into(MembershipFactory(title="Second pass"), live_session), gateway=gateway)
    buy(browser, other)
    second = Subscription.objects.exclude(pk=held.pk).get()
    url = enter(browser, "card", second)
    gateway.cancel_now(held.stripe_id)
    assert "Your new card" in come_back(browser, fill_in(url))
    assert own_card(sandbox, second) == "4444"
    held.refresh_from_db()
    assert held.status == "canceled"


def test_a_card_that_is_refused_is_not_announced_and_tried_again(browser, held, sandbox, clock, postman):
    """P6: the person knows which card is charged, and the next look sets the new one."""
    location = fill_in(enter(browser, "card", held))
    sandbox.faults.plan(Fault("status", "POST /v1/subscriptions/*", status=400, count=0))
    page = come_back(browser, location)
    assert "Your new card is charged from now on." not in page
    assert f"could not be set for “{held.membership.title}”" in page
    with pytest.raises(CommandError, match="webhooks"):
        postman.deliver()
    assert own_card(sandbox, held) == "4242"
    waiting = WebhookEvent.objects.filter(type="customer.updated", state="received")
    assert "CardNotTaken" in waiting.first().error, "it is told of once more, until it is done or somebody looks"
    sandbox.faults.clear()
    waiting.update(next_try_at=wall_time())
    inbox.work_off(now=clock.now)
    assert own_card(sandbox, held) == "4444"
    clock.advance(**MONTH)
    assert charged(sandbox) == ["4242", "4444"]


def test_coming_back_once_more_tries_once_more(browser, held, sandbox):
    """P6: without any word of Stripe's too: what was refused does not count as seen."""
    location = fill_in(enter(browser, "card", held))
    fault = Fault("status", "POST /v1/subscriptions/*", status=400, count=0)
    sandbox.faults.plan(fault)
    come_back(browser, location)
    sandbox.faults.clear()
    enter(browser)
    assert "Your new card is charged from now on." in come_back(browser, location)
    assert own_card(sandbox, held) == "4444"


def test_stripes_word_may_come_before_the_browser(browser, held, postman, clock, sandbox):
    """P6: the person is told all the same, of the card and of what is still unpaid."""
    sandbox.actions.change_default_card(held.customer_id, card_number="4000000000000341", exp_month="12", exp_year="2034", cvc="123")  # fmt: skip
    postman.deliver()
    clock.advance(**MONTH)
    postman.deliver()
    location = fill_in(enter(browser, "card", held))
    postman.deliver()
    page = come_back(browser, location)
    assert "Your new card is charged from now on." in page
    assert "A payment is still missing" in page
    enter(browser)
    assert "Your new card" not in come_back(browser, location), "nothing was changed this time"


def test_a_trial_without_a_card_gets_one_and_goes_on(browser, gateway, live_session, clock, sandbox):
    """P6, G5: it is read again at once, so that nobody is told that their access closes."""
    draft = MembershipFactory(title="Trial pass", trial_days=14, trial_requires_card=False)
    trial = publish(put_into(draft, live_session), gateway=gateway)
    _, location, _ = hosted.start_without_card(press_join(browser, trial))
    browser.get(hosted.path_of(location))
    held = Subscription.objects.get()
    assert not held.has_card
    assert "Add a card" in account_page(browser)
    come_back(browser, fill_in(enter(browser, "card", held)))
    held.refresh_from_db()
    assert held.has_card
    assert "Then you pay" in account_page(browser)
    clock.advance(days=14, hours=3)
    assert charged(sandbox) == ["4444"]


def test_while_a_payment_is_missing_it_says_that_it_can_be_paid_now(browser, held, sandbox, clock, postman):
    """P6, X17: and Stripe's next try takes the new card by itself."""
    failing = {"card_number": hosted.FAILS_LATER_CARD, "exp_month": "12", "exp_year": "2034", "cvc": "123"}
    sandbox.actions.change_default_card(held.customer_id, **failing)
    postman.deliver()
    clock.advance(**MONTH)
    postman.deliver()
    page = come_back(browser, fill_in(enter(browser, "card", held)))
    assert "A payment is still missing. You can pay it now" in page
    assert "Pay now" in page
    clock.advance(days=8)
    postman.deliver()
    held.refresh_from_db()
    assert held.status == "active"
    assert charged(sandbox)[-1] == "4444"


def test_with_an_instalment_plan_the_next_one_is_charged_to_it(browser, gateway, live_session, sandbox, clock, postman):
    """P6, V10: the schedule that ends it would bring the old card back."""
    draft = MembershipFactory(title="In three", interval="month", instalments=3)
    plan = publish(put_into(draft, live_session), gateway=gateway)
    buy(browser, plan)
    postman.deliver()
    clock.daily()
    held = Subscription.objects.get()
    assert held.schedule_id
    come_back(browser, fill_in(enter(browser, "card", held)))
    clock.advance(**MONTH)
    clock.advance(**MONTH)
    assert charged(sandbox) == ["4242", "4444", "4444"]


def test_coming_back_without_a_change_says_nothing(browser, held, sandbox):
    """P6."""
    enter(browser, "card", held)
    before = held.turn
    page = come_back(browser, reverse("lms_memberships:portal_back"))
    assert "new card" not in page
    held.refresh_from_db()
    assert held.turn == before


def test_while_stripe_does_not_answer_the_way_back_is_open(browser, held, sandbox):
    """P6, D7."""
    from lms_memberships.sandbox.faults import Fault

    url = enter(browser, "card", held)
    back = fill_in(url)
    sandbox.faults.plan(Fault("status", "GET *", status=503, count=0))
    assert "My memberships" in come_back(browser, back)
    sandbox.faults.clear()


# ---------------------------------------------------------------- who is let in
def test_get_leads_nowhere(browser, held):
    """S21."""
    assert browser.get(reverse(PORTAL)).status_code == 405


def test_without_the_token_of_the_form_nothing_is_opened(student, held, sandbox):
    """S21: POST and CSRF."""
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(student)
    before = len(sandbox.requests.all())
    assert press(strict, "card", held).status_code == 403
    assert len(sandbox.requests.all()) == before


def test_strangers_sign_in_first(held, sandbox):
    """S21."""
    answer = press(Client(), "card", held)
    assert (answer.status_code, "login" in answer["Location"]) == (302, True)


def test_a_customer_that_the_browser_names_is_not_looked_at(browser, held, sandbox, gateway, client_for):
    """S21: whose billing data it is comes from the person's own rows, and from nowhere else."""
    victim = UserFactory()
    theirs = customer_for(victim, gateway=gateway, language="en")
    enter(browser, "card", held, customer=theirs, customer_id=theirs)
    opened = sandbox.store.all("billing_portal.session", account=sandbox.account_id)
    assert [each["customer"] for each in opened] == [held.customer_id]


@pytest.mark.parametrize("flow", ["card", "details", "cancel", "home", "nonsense"])
def test_another_persons_subscription_is_as_unknown_as_none(held, client_for, sandbox, flow):
    """S19, S21."""
    other = client_for(UserFactory())
    answers = [press(other, flow, subscription=each) for each in (held.pk, 987654, "1'", "9" * 40)]
    assert {each.status_code for each in answers} == {404}
    assert len({text(each.content.decode()) for each in answers}) == 1
    assert sandbox.store.all("billing_portal.session", account=sandbox.account_id) == []


def test_whoever_paid_nothing_is_told_so(client_for, membership):
    """S21: no customer is made for a look."""
    other = client_for(UserFactory())
    answer = press(other, "details")
    assert answer.status_code == 302
    assert "you have not paid anything here yet" in account_page(other)
    assert not Customer.objects.exists()


def test_what_was_given_leads_to_nobodys_billing_data(browser, held):
    """S21: whoever paid for it is somebody else."""
    Subscription.objects.update(origin=Subscription.Origin.GIFT)
    assert press(browser, "card", held).status_code == 302
    page = account_page(browser)
    assert "you have not paid anything here yet" in page
    assert "Change card" not in page


def test_manage_leads_to_whoever_paid_for_it(browser, held, gateway, sandbox):
    """P18: a subscription that runs under another customer of theirs is managed there."""
    elsewhere = gateway.client.v1.customers.create({"email": "ada@elsewhere.test"}).id
    Subscription.objects.update(customer_id=elsewhere)
    held.refresh_from_db()
    enter(browser, "details", held)
    enter(browser, "details")
    opened = [each["customer"] for each in sandbox.store.all("billing_portal.session", account=sandbox.account_id)]
    assert opened == [Customer.objects.get().stripe_id, elsewhere]


def test_what_was_paid_in_another_account_says_so(browser, held):
    """P18."""
    Subscription.objects.update(account="acct_other")
    assert press(browser, "card", held).status_code == 302
    assert "paid in another Stripe account" in account_page(browser)


def test_the_address_is_kept_nowhere(browser, held, caplog):
    """S21: it is a login to billing data."""
    with caplog.at_level(logging.DEBUG):
        answer = press(browser, "card", held)
    word = answer["Location"].rpartition("/")[2]
    assert len(word) > 40
    assert word not in caplog.text
    assert "no-store" in answer["Cache-Control"]
    assert word not in str(list(Intent.objects.values()))
    assert word not in str(dict(browser.session))


# ---------------------------------------------------------------- the other ways in
def test_details_and_tax_id_are_changed_there(browser, held, sandbox):
    """P5, V41."""
    assert "Billing details and tax id" in account_page(browser)
    url = enter(browser, "details")
    form = {"name": "Ada SARL", "email": "ada@work.test", "country": "FR", "tax_id": "FR12345678901"}
    status, location, _ = hosted.post(f"{url}/details", form)
    assert (status, hosted.path_of(location)) == (303, reverse("lms_memberships:portal_back"))
    assert "new card" not in come_back(browser, location)
    customer = sandbox.store.one("customer", held.customer_id, account=sandbox.account_id)
    assert (customer["name"], customer["address"]["country"]) == ("Ada SARL", "FR")


def test_a_cancellation_there_is_followed_on_the_way_back(browser, held, clock):
    """P6, G18."""
    url = enter(browser, "cancel", held)
    _, location, _ = hosted.post(f"{url}/cancel/{held.stripe_id}", {"feedback": "unused"})
    come_back(browser, location)
    held.refresh_from_db()
    assert held.cancel_at == held.period_end
    assert held.is_live(clock.now)


def test_what_ends_already_cannot_be_cancelled_there(browser, held):
    """G18: Stripe's refusal is said, and nothing breaks."""
    url = enter(browser, "cancel", held)
    hosted.post(f"{url}/cancel/{held.stripe_id}", {})
    assert press(browser, "cancel", held).status_code == 302
    assert "My memberships" in account_page(browser)


def test_a_cancellation_of_nothing_is_the_front_page(browser, held, sandbox):
    """S21: a word from outside chooses among our ways in."""
    enter(browser, "cancel")
    assert sandbox.store.all("billing_portal.session", account=sandbox.account_id)[0]["flow"] is None


def test_our_configuration_is_always_named(browser, held, sandbox):
    """P14, N3: never the account's own, whatever the owner has clicked together."""
    for flow in ("card", "details", "cancel", "home"):
        enter(browser, flow, held)
    asked = [each["params"] for each in sandbox.requests.all() if each["path"] == "/v1/billing_portal/sessions"]
    assert {each["configuration"] for each in asked} == {PortalConfiguration.objects.get().stripe_id}
    made = [each for each in sandbox.requests.all() if each["path"] == "/v1/billing_portal/configurations"]
    assert len(made) == 1, "made once, at the first need"


def test_one_that_was_switched_off_or_lost_is_mended_on_the_way(browser, held, sandbox, gateway):
    """P14: a student with a card to change does not wait for an owner."""
    enter(browser, "card", held)
    row = PortalConfiguration.objects.get()
    gateway.client.v1.billing_portal.configurations.update(row.stripe_id, {"active": False})
    enter(browser, "card", held)
    row.refresh_from_db()
    PortalConfiguration.objects.update(stripe_id="bpc_lost")
    enter(browser, "card", held)
    # Found again by what it bears, not made a second time.
    assert PortalConfiguration.objects.get().stripe_id == row.stripe_id
