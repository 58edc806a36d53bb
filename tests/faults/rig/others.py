"""How else does somebody come to a membership? Guests, gifts, another tier, and a bundle that grows under its members."""

import re
import uuid
from datetime import timedelta

from django.contrib.auth import get_user_model
from django.db.models import Model
from django.utils import timezone
from wagtail_lms.models import CourseEnrollment

from lms_memberships import clock
from lms_memberships.bundles import catalogue
from lms_memberships.memberships import gift_offers, ladder_making
from lms_memberships.models import BundleItem, Gift, GiftOffer, GuestPurchase, Ladder, Membership, Subscription
from lms_memberships.money import Money
from lms_memberships.payments import connect
from lms_memberships.subscriptions import gift_links, guest_links
from tests.access import school
from tests.factories import publish
from tests.faults.rig import people, scenarios
from tests.faults.rig.killing import Driver
from tests.faults.rig.people import Answer, Browser

#: Longer than a change of tier keeps its place while nobody knows what came of it.
NOBODY_KNOWS_SECONDS = 34 * 60


# ------------------------------------------------------------------ guests
def claimed(driver: Driver) -> None:
    """Bought without an account, and added to one."""
    purchase = _parked(driver)
    browser, link = driver.newcomer(), _link(purchase)
    driver.until(lambda: browser.post(link), 302)
    _finish(driver)
    purchase.refresh_from_db()
    assert purchase.claimed_by == browser.user, purchase.state


def returned(driver: Driver) -> None:
    """Bought without an account by somebody who has it already: it ends, and the money goes back."""
    browser = scenarios.buy(driver)
    purchase = _parked(driver)
    link = _link(purchase)
    driver.until(lambda: browser.post(f"{link}return/"), 200)
    driver.command("memberships_daily")
    _finish(driver)
    purchase.refresh_from_db()
    assert purchase.state == GuestPurchase.State.RETURNED


def _parked(driver: Driver) -> GuestPurchase:
    attempt = uuid.uuid4()
    visitor, form = Browser(driver.site), {"attempt": attempt, "email": f"guest{attempt.hex[:8]}@rig.test"}
    page = driver.until(lambda: visitor.post(f"/memberships/{driver.membership.slug}/guest/", form), 303)
    back = people.pay(page.location)
    driver.until(lambda: visitor.get(back), 200)
    _finish(driver)
    return GuestPurchase.objects.get(uuid=attempt)


def _link(purchase: GuestPurchase) -> str:
    """As it stands in the mail."""
    return f"/memberships/claim/{guest_links.token_of(purchase)}/"


# ------------------------------------------------------------------ gifts
def redeemed(driver: Driver) -> None:
    """Given, and taken by a friend."""
    gift = _given(driver)
    friend, link = driver.newcomer(), f"/memberships/gift/{gift_links.token_of(gift)}/"
    driver.until(lambda: friend.post(link), 302)
    _finish(driver)
    assert Subscription.objects.get(user=friend.user).origin == Subscription.Origin.GIFT


def taken_back(driver: Driver) -> None:
    """Given, and the money returned by a creator before anybody came."""
    gift = _given(driver)
    owner = people.browser_of(driver.site, get_user_model().objects.filter(is_superuser=True).earliest("pk"))
    driver.until(lambda: owner.post(f"/admin/memberships/gifts/{gift.pk}/refund/"), 302)
    driver.command("memberships_daily")
    _finish(driver)
    gift.refresh_from_db()
    assert gift.state == Gift.State.REFUNDED


def _given(driver: Driver) -> Gift:
    _offer_gifts(driver.membership)
    giver, form = driver.newcomer(), _gift_form(driver.membership)
    page = driver.until(lambda: giver.post(f"/memberships/{driver.membership.slug}/gift/", form), 303)
    back = people.pay(page.location)
    driver.until(lambda: giver.get(back), 302)
    _finish(driver)
    return Gift.objects.bought().get(giver=giver.user)


def _offer_gifts(membership: Membership) -> None:
    if not GiftOffer.objects.filter(membership=membership).exists():
        gift_offers.write(membership, {3: Money(4900, "eur")})
        assert gift_offers.prepare(membership, gateway=connect.get_gateway(), now=clock.now()) == []


def _gift_form(membership: Membership) -> dict[str, object]:
    return {
        "offer": GiftOffer.objects.get(membership=membership).pk,
        "recipient_name": "Kim",
        "delivery": "hand",
        "recipient_email": "",
        "deliver_on": timezone.localdate(clock.now()).isoformat(),
        "message": "",
        "from_name": "Ada",
    }


# ------------------------------------------------------------------ tiers
def moved_up(driver: Driver) -> None:
    """From the lower to the higher tier, at once; again later if nobody knows what came of it."""
    low, high = _tiers(driver)
    browser = scenarios.buy(driver, low)
    row = Subscription.objects.get(user=browser.user)
    driver.until(lambda: _change(browser, row, high), 302)
    _finish(driver)
    row.refresh_from_db()
    if row.membership != high:
        driver.site.advance(NOBODY_KNOWS_SECONDS)
        # The first look lets go of what came to nothing, the second asks again.
        for _look in range(2):
            driver.until(lambda: _change(browser, row, high), 302)
        _finish(driver)
        row.refresh_from_db()
    assert row.membership == high


def _tiers(driver: Driver) -> list[Membership]:
    """Made once for all."""
    ladder = Ladder.objects.filter(title="Rig").first()
    if ladder is None:
        amounts = {"Low": 900, "High": 4900}
        made = [people.sell(title, _evening(title), price_amount=amount) for title, amount in amounts.items()]
        ladder_making.save(Ladder(title="Rig"), made, now=clock.now())
    return list(Membership.objects.filter(tier__ladder__title="Rig").order_by("tier__sort_order"))


def _evening(title: str) -> Model:
    return school.session(f"Evening-{title}", clock.now() + timedelta(days=5))


def _change(browser: Browser, row: Subscription, to: Membership) -> Answer:
    """Look, and press; what is being followed already leads back at once."""
    address = f"/memberships/account/{row.pk}/switch/"
    page = browser.get(f"{address}?to={to.slug}")
    if page.status != 200:
        return page
    return browser.post(address, dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.body)))


# ------------------------------------------------------------------ bundles
def bundle_grows(driver: Driver) -> None:
    """A course is added to what somebody holds."""
    browser = scenarios.buy(driver)
    course, draft = school.course(f"Course-{uuid.uuid4().hex[:8]}"), Membership.objects.get(pk=driver.membership.pk)
    draft.bundle_items.add(BundleItem(item=catalogue.sync(course), sort_order=99))
    publish(draft, gateway=connect.get_gateway())
    _finish(driver)
    # Whoever died has let go of the rest.
    driver.wait()
    assert CourseEnrollment.objects.filter(user=browser.user, course=course).exists()


def _finish(driver: Driver) -> None:
    driver.deliver()
    driver.wait()
