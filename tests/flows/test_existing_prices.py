"""Can a creator sell at a price that exists in Stripe, from the wizard to the renewal, and does it stay theirs (W4, W14)?"""

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from lms_memberships.access import decide
from lms_memberships.memberships import publishing
from lms_memberships.memberships.publishing import SaleState, sale_state
from lms_memberships.models import Membership, Price, PromotionCode, Subscription
from lms_memberships.payments.gateway import GatewayFailure
from lms_memberships.sandbox.faults import Fault
from tests import hosted
from tests.factories import MembershipFactory, UserFactory, allow, publish, put_into
from tests.flows.giving import offer
from tests.flows.steps import buy, press_join, text

pytestmark = pytest.mark.django_db

PUBLISH = {"status": "published", "action-publish": "action-publish", "go_live_at": "", "expire_at": ""}
STEP_ONE = {
    "title": "Studio pass",
    "currency": "eur",
    "interval": "quarter",
    "trial_days": "0",
    "trial_requires_card": "on",
    "action-next": "action-next",
}


@pytest.fixture
def theirs(gateway):
    """As the owner makes a product and a price in Stripe's dashboard."""
    stripe = gateway.client.v1

    def make(name: str = "Kiln club", **price: object):
        product = stripe.products.create({"name": name, "description": "Ours since 2019"})
        recurring = {"interval": "month", "interval_count": 3}
        wanted = {"currency": "eur", "unit_amount": 4500, "recurring": recurring, "nickname": "Quarterly", **price}
        return stripe.prices.create({"product": product.id, **{k: v for k, v in wanted.items() if v is not None}})

    return make


@pytest.fixture
def draft(gateway, live_session) -> Membership:
    membership = put_into(MembershipFactory(title="Studio pass", price_amount=None), live_session)
    membership.save_revision(clean=False)
    return Membership.objects.get(pk=membership.pk)


@pytest.fixture
def browser(creator, client_for) -> Client:
    return client_for(creator)


def address(membership: Membership, what: str = "prices") -> str:
    return reverse(f"lms_memberships_stripe_{what}", args=[membership.pk])


def step(membership: Membership, slug: str = "information") -> str:
    return reverse(Membership.snippet_viewset.get_url_name("step"), args=[membership.pk, slug])


def use(browser: Client, membership: Membership, price, how: str = "first", **options):
    return browser.post(address(membership, "price_use"), {"price": price.id, "as": how}, **options)


def newest(membership: Membership) -> Membership:
    return Membership.objects.get(pk=membership.pk).get_latest_revision_as_object()


def release(browser: Client, membership: Membership) -> Membership:
    answer = browser.post(step(membership, "publish"), PUBLISH)
    assert answer.status_code == 302, text(answer.content.decode())
    membership = Membership.objects.get(pk=membership.pk)
    assert membership.live
    return membership


def at_stripe(sandbox, kind: str) -> list:
    return sandbox.store.all(kind, account=sandbox.account_id)


# ---------------------------------------------------------------- from the list to the renewal
def test_a_price_of_stripes_is_sold_as_it_is(
    browser, draft, theirs, client_for, student, sandbox, clock, postman, live_session, connection
):
    """W4, W14: chosen in step 1, published, bought and renewed; nothing is made at Stripe for it, and nothing changed."""
    price = theirs()
    product = dict(sandbox.store.one("product", price.product, account=sandbox.account_id))
    assert "Use a price from Stripe" in browser.get(step(draft)).content.decode()
    listed = text(browser.get(address(draft)).content.decode())
    for words in ("Kiln club", "Quarterly", "€45.00 every 3 months", "EUR", "Use as the price"):
        assert words in listed
    answer = use(browser, draft, price, follow=True)
    assert f"made in Stripe ({price.id})" in text(answer.content.decode())
    assert 'value="45.00"' in answer.content.decode()
    membership = release(browser, draft)
    row = Price.objects.get()
    assert (row.stripe_id, row.product_id, row.is_adopted) == (price.id, price.product, True)
    assert (len(at_stripe(sandbox, "price")), len(at_stripe(sandbox, "product"))) == (1, 1)
    assert sale_state(membership, connection)[0] is SaleState.ON_SALE
    assert "€45.00 every 3 months" in text(Client().get(membership.get_absolute_url()).content.decode())
    buy(client_for(student), membership)
    postman.deliver()
    clock.advance(days=95)
    postman.deliver()
    subscription = Subscription.objects.get()
    assert (subscription.price, subscription.flag, subscription.invoices.count()) == (row, "", 2)
    assert decide(student, live_session, now=clock.now).allowed
    assert sandbox.store.one("product", price.product, account=sandbox.account_id) == product


def test_another_amount_is_a_new_price_and_the_old_one_is_left_alone(
    browser, draft, theirs, sandbox, student, client_for
):
    """W4: the adoption falls away; who bought at it keeps it, and it stays active at Stripe."""
    price = theirs()
    use(browser, draft, price)
    membership = release(browser, draft)
    buy(client_for(student), membership)
    assert browser.post(step(membership), STEP_ONE | {"price_amount": "45.00"}).status_code == 302
    assert newest(membership).stripe_price_id == price.id, "nothing was changed"
    assert browser.post(step(membership), STEP_ONE | {"price_amount": "49"}).status_code == 302
    assert newest(membership).stripe_price_id == ""
    release(browser, membership)
    ours = Price.objects.get(amount=4900)
    assert (ours.is_adopted, ours.product_id) == (False, f"lmsm_{membership.uuid.hex}")
    assert sandbox.store.one("price", price.id, account=sandbox.account_id)["active"]
    assert Subscription.objects.get().price.stripe_id == price.id


def test_it_can_be_a_further_price(browser, gateway, live_session, theirs, student, client_for):
    """W4, X10: beside one of ours; each has its product, and each is sold."""
    membership = publish(put_into(MembershipFactory(title="Studio pass"), live_session), gateway=gateway)
    price = theirs()
    assert use(browser, membership, price, "further").status_code == 302
    assert "has a price with this amount" in text(
        use(browser, membership, price, "further", follow=True).content.decode()
    )
    assert newest(membership).price_options.get().stripe_price_id == price.id
    release(browser, membership)
    adopted = Price.objects.get(is_adopted=True)
    window = client_for(student)
    url = window.post(reverse("lms_memberships:buy", args=[membership.slug]), {"choice": adopted.pk})["Location"]
    assert hosted.pay(url)[0] == 303
    assert Price.objects.count() == 2


def test_a_further_price_with_another_amount_is_ours(browser, draft, theirs):
    """W4: the row of the table stays Stripe's as long as its amount does."""
    row = Membership.objects.get(pk=draft.pk)
    row.price_amount = 1900
    row.save()
    row.save_revision(clean=False)
    price = theirs()
    use(browser, draft, price, "further")
    typed = STEP_ONE | {"interval": "month", "price_amount": "19", "further_prices-count": "1"}
    option = {"further_prices-0-currency": "eur", "further_prices-0-interval": "quarter"}
    for amount, kept in (("45", price.id), ("46", "")):
        assert browser.post(step(draft), typed | option | {"further_prices-0-amount": amount}).status_code == 302
        assert newest(draft).price_options.get().stripe_price_id == kept


def test_a_code_for_the_membership_is_for_the_product_of_the_creator(browser, draft, theirs, student, client_for):
    """W4, V19: a coupon names products, and this one's is not ours."""
    price = theirs()
    use(browser, draft, price)
    membership = release(browser, draft)
    owner = client_for(allow(UserFactory(), "add_promotioncode", "view_promotioncode"))
    token = "6b2c39d7-9e54-4c5c-9b0f-4f8e2f6a4a11"
    asked = {"token": token, "code": "KILN", "percent": "20", "currency": "eur", "duration": "once"}
    assert (
        owner.post(reverse("lms_memberships_promotions_add"), asked | {"memberships": [membership.pk]}).status_code
        == 302
    )
    assert PromotionCode.objects.get().products == [price.product]
    url = client_for(student).post(membership.get_absolute_url() + "buy/", {"promo": "KILN"})["Location"]
    assert "€36.00" in hosted.get(url)


def test_archived_in_between_it_is_off_sale_with_the_reason(
    browser, draft, theirs, gateway, student, client_for, connection
):
    """W4, C8: read again when it is published, and when somebody wants to pay at it."""
    price = theirs()
    use(browser, draft, price)
    membership = release(browser, draft)
    gateway.client.v1.prices.update(price.id, {"active": False})
    answer = client_for(student).post(reverse("lms_memberships:buy", args=[membership.slug]), follow=True)
    assert answer.status_code == 200
    state, why = sale_state(membership, connection)
    assert (state, "archived" in why) == (SaleState.FAILED, True)
    with pytest.raises(GatewayFailure, match="archived"):
        publishing.prepare(membership, gateway=gateway, now=membership.created_at)
    gateway.client.v1.prices.update(price.id, {"active": True})
    publishing.prepare(membership, gateway=gateway, now=membership.created_at)
    assert press_join(client_for(student), membership)


def test_archived_before_publishing_it_stays_a_draft(browser, draft, theirs, gateway):
    price = theirs()
    use(browser, draft, price)
    gateway.client.v1.prices.update(price.id, {"active": False})
    page = browser.post(step(draft, "publish"), PUBLISH).content.decode()
    assert "archived" in page
    assert not Membership.objects.get(pk=draft.pk).live
    assert not Price.objects.exclude(confirmed_at=None).exists()


def test_without_a_choice_stripe_is_asked_nothing(browser, draft, sandbox):
    """W4: a form without a price, as a script may send it."""
    sandbox.requests.clear()
    answer = browser.post(address(draft, "price_use"))
    assert sandbox.requests.all() == []
    assert "Choose a price." in browser.get(answer.url).content.decode()


def test_a_price_of_another_account_is_not_found(browser, draft):
    """W4: after a change of account or mode; nothing is made in its place."""
    row = Membership.objects.get(pk=draft.pk)
    row.price_amount, row.interval, row.stripe_price_id = 4500, "quarter", "price_elsewhere"
    row.save()
    row.save_revision(clean=False)
    page = browser.post(step(draft, "publish"), PUBLISH).content.decode()
    assert "does not know this price in the connected account" in page
    assert not Membership.objects.get(pk=draft.pk).live


def test_a_price_with_another_amount_than_the_draft_is_not_sold(browser, draft, theirs):
    """W4: by an old version that was brought back, say."""
    price = theirs()
    row = Membership.objects.get(pk=draft.pk)
    row.price_amount, row.interval, row.stripe_price_id = 4400, "quarter", price.id
    row.save()
    row.save_revision(clean=False)
    assert "has another amount than this draft" in browser.post(step(draft, "publish"), PUBLISH).content.decode()
    assert not Price.objects.exclude(confirmed_at=None).exists()


# ---------------------------------------------------------------- what cannot be used is named
ODD = {
    "tiers": ({"billing_scheme": "tiered", "unit_amount": None, "tiers_mode": "graduated"}, "depends on the quantity"),
    "usage": ({"recurring": {"interval": "month", "interval_count": 1, "usage_type": "metered"}}, "billed by usage"),
    "any amount": (
        {"unit_amount": None, "custom_unit_amount": {"minimum": None, "maximum": None, "preset": None}},
        "chooses",
    ),
    "packages": ({"transform_quantity": {"divide_by": 5, "round": "up"}}, "packages"),
    "nothing": ({"unit_amount": 0}, "no amount"),
    "half a cent": ({"unit_amount": None, "unit_amount_decimal": "4500.5"}, "no amount"),
    "every day": ({"recurring": {"interval": "day", "interval_count": 9}}, "interval that cannot be chosen"),
    "archived": ({"active": False}, "archived"),
}


@pytest.mark.parametrize("name", ODD)
def test_what_cannot_be_shown_is_greyed_with_the_reason(browser, draft, theirs, sandbox, name):
    """W4, guide §3: in the list, and again when somebody presses all the same."""
    changes, words = ODD[name]
    price = theirs()
    stored = sandbox.store.one("price", price.id, account=sandbox.account_id)
    recurring = {**stored["recurring"], **changes.get("recurring", {})}
    sandbox.store.commit({(sandbox.account_id, "price", price.id): {**stored, **changes, "recurring": recurring}})
    # By its id, since what is archived is not in the list.
    page = text(browser.get(address(draft), {"q": price.id}).content.decode())
    assert words in page
    assert "Use as the price" not in page
    answer = use(browser, draft, price, follow=True)
    assert words in text(answer.content.decode())
    assert newest(draft).stripe_price_id == ""


def test_whose_it_is_counts(browser, draft, theirs, gateway, live_session):
    """W4: a price or a product of another membership, of this one, of another site; and a product that is archived."""
    other = publish(put_into(MembershipFactory(title="Gold"), live_session), gateway=gateway)
    theirs_of_another = theirs(metadata={"lmsm_membership": "b0a1d1c0-0000-4000-8000-000000000000"})
    sibling = gateway.client.v1.prices.create(
        {
            "product": other.prices.get().product_id,
            "currency": "eur",
            "unit_amount": 700,
            "recurring": {"interval": "month"},
        }
    )
    archived = theirs("Old club")
    gateway.client.v1.products.update(archived.product, {"active": False})
    expected = {
        other.prices.get().stripe_id: "It is a price of “Gold”.",
        sibling.id: "Its product belongs to “Gold”.",
        theirs_of_another.id: "Another site made it",
        archived.id: "Its product is archived",
    }
    for price_id, words in expected.items():
        page = text(browser.get(address(draft), {"q": price_id}).content.decode())
        assert words in page, price_id
        assert "Use as the price" not in page


def test_what_a_gift_costs_is_not_what_the_membership_costs(browser, gateway, live_session):
    """W4, X15: whoever pays for a gift would be a member, and nobody could give it any more."""
    membership = offer(publish(put_into(MembershipFactory(title="Gold"), live_session), gateway=gateway), gateway)
    gift = membership.gift_offers.first().stripe_id
    page = text(browser.get(address(membership), {"q": gift}).content.decode())
    assert "It is what a gift costs." in page
    assert "Use as the price" not in page


def test_one_price_is_one_memberships(browser, draft, theirs, live_session, gateway):
    """W4: also when two drafts want it, and the second publishes."""
    price = theirs()
    use(browser, draft, price)
    second = put_into(MembershipFactory(title="Second", price_amount=4500, interval="quarter"), live_session)
    second.stripe_price_id = price.id
    second.save()
    with pytest.raises(GatewayFailure, match="It is a price of"):
        publishing.prepare(second, gateway=gateway, now=second.created_at)
    assert not Price.objects.filter(membership=second).exclude(stripe_id="").exists()


def test_what_is_sold_already_is_not_taken_over(browser, gateway, theirs, live_session):
    """One row for an amount and interval: its members stay with what they have."""
    membership = publish(
        put_into(MembershipFactory(title="Studio pass", price_amount=4500, interval="quarter"), live_session),
        gateway=gateway,
    )
    price = theirs()
    assert "sold at this amount" in text(use(browser, membership, price, follow=True).content.decode())


# ---------------------------------------------------------------- the list
def test_the_list_is_paged_searched_and_constant_in_queries(browser, draft, theirs, sandbox):
    """W4: a busy account."""
    for number in range(30):
        theirs(f"Club {number}", unit_amount=1000 + number)
    first = browser.get(address(draft)).content.decode()
    assert (first.count("Use as the price"), "Next page" in first) == (25, True)
    after = first.partition("after=")[2].partition('"')[0]
    second = browser.get(address(draft), {"after": after}).content.decode()
    assert second.count("Use as the price") == 5
    found = text(browser.get(address(draft), {"q": "club 29"}).content.decode())
    assert ("Club 29" in found, "Club 28" in found) == (True, False)
    assert "There is no such price" in browser.get(address(draft), {"q": "price_nobodys"}).content.decode()
    counts = []
    for query in ({"q": "club 29"}, {}):
        with CaptureQueriesContext(database) as captured:
            browser.get(address(draft), query)
        counts.append(len(captured))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("query", [{"after": "price_none"}, {"q": "<script>"}, {"after": "\x00"}, {"q": "é" * 600}])
def test_odd_questions_are_answered(browser, draft, query, gateway):
    """S45"""
    page = browser.get(address(draft), query)
    assert page.status_code == 200
    assert "<script>" not in page.content.decode().replace("<script src", "").replace('<script type="', "")


def test_while_stripe_does_not_answer_the_draft_is_as_it_was(browser, draft, theirs, sandbox):
    """W4: in words, and what was typed stays."""
    price = theirs()
    typed = STEP_ONE | {"title": "Typed before", "price_amount": "12"}
    assert browser.post(step(draft), typed).status_code == 302
    sandbox.faults.plan(Fault("status", "*/v1/prices*", count=9, status=503))
    page = browser.get(address(draft))
    assert (page.status_code, "could not be reached" in page.content.decode()) == (200, True)
    answer = use(browser, draft, price, follow=True)
    assert "could not be reached" in text(answer.content.decode())
    assert (newest(draft).title, newest(draft).price_amount) == ("Typed before", 1200)


# ---------------------------------------------------------------- rights
@pytest.mark.parametrize("rights", [("change_membership",), ("set_price_membership",)])
def test_whoever_may_not_set_the_price_may_not_take_one_over(draft, theirs, client_for, rights):
    """X24: both rights, as in step 1."""
    price = theirs()
    window = client_for(allow(UserFactory(), *rights))
    assert window.get(address(draft)).status_code in (302, 403)
    use(window, draft, price)
    assert newest(draft).stripe_price_id == ""


def test_a_locked_draft_is_not_changed(browser, draft, theirs, admin):
    price = theirs()
    Membership.objects.filter(pk=draft.pk).update(locked=True, locked_by=admin)
    assert "locked" in text(use(browser, draft, price, follow=True).content.decode())
    assert newest(draft).stripe_price_id == ""


def test_what_stands_beside_it_falls_away_where_it_cannot(browser, draft, theirs):
    """An old price below it, a fee in another currency, a trial of a one-time payment."""
    row = Membership.objects.get(pk=draft.pk)
    row.old_price_amount, row.setup_fee_amount, row.trial_days, row.currency = 2000, 500, 14, "usd"
    row.save()
    row.save_revision(clean=False)
    use(browser, draft, theirs(recurring=None))
    version = newest(draft)
    assert (version.old_price_amount, version.setup_fee_amount, version.trial_days) == (None, None, 0)
    assert (version.price_amount, version.currency, version.interval) == (4500, "eur", "one_time")
