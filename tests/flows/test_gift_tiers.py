"""Where does a gift of one tier stand while another tier of the same ladder is held? Behind whatever opens it (X15, V28)."""

import pytest
from django.urls import reverse

from lms_memberships.emails import switches
from lms_memberships.memberships.ladder_models import Ladder, Tier
from lms_memberships.models import Membership, Subscription
from tests.factories import MembershipFactory, UserFactory, publish, put_into
from tests.flows.giving import FRIEND, offer, path, pay, redeem
from tests.flows.steps import buy, text
from tests.flows.test_switching import change

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _mail_is_on(db) -> None:
    switches.switch_all_on()


@pytest.fixture
def tiers(gateway, live_session) -> tuple[Membership, Membership]:
    """Silver, which can be given, and Gold above it."""
    ladder = Ladder.objects.create(title="Studio")
    made = []
    for place, (title, amount) in enumerate([("Silver", 1900), ("Gold", 4900)]):
        draft = put_into(MembershipFactory(title=title, price_amount=amount), live_session)
        made.append(publish(draft, gateway=gateway))
        Tier.objects.create(ladder=ladder, membership=made[-1], sort_order=place)
    silver, gold = made
    return offer(silver, gateway), gold


@pytest.fixture
def kim(client_for):
    return client_for(UserFactory(username="friend", email=FRIEND))


def given() -> Subscription | None:
    return Subscription.objects.filter(origin="gift").first()


def bought() -> Subscription:
    return Subscription.objects.get(origin="bought")


def test_it_waits_while_a_higher_tier_opens_the_same(client_for, student, kim, tiers, postman, gateway, clock):
    """X15, V28: Gold holds all of Silver, so no day of the gift is lost to it; when Gold ends, Silver begins."""
    silver, gold = tiers
    buy(kim, gold)
    postman.deliver()
    gift = pay(client_for(student), silver)
    assert "it renews" in text(kim.get(path(gift)).content.decode())
    assert "begins when what you hold now ends" in redeem(kim, gift)
    assert given() is None
    gateway.cancel_now(bought().stripe_id)
    postman.deliver()
    assert given() is not None
    assert given().is_live(clock.now)


def test_a_lower_tier_does_not_hold_it_up(client_for, student, kim, tiers, postman, gateway, clock):
    """X15: whoever has Silver gains by a gift of Gold, today."""
    silver, gold = tiers
    offer(gold, gateway)
    buy(kim, silver)
    postman.deliver()
    redeem(kim, pay(client_for(student), gold))
    assert given().is_live(clock.now)


def test_it_waits_on_behind_the_change_to_the_higher_tier(
    client_for, student, kim, tiers, postman, clock, django_capture_on_commit_callbacks
):
    """X15, V29: the tier that it stood behind is left for the one above: it waits behind that one."""
    silver, gold = tiers
    buy(kim, silver)
    postman.deliver()
    redeem(kim, pay(client_for(student), silver))
    with django_capture_on_commit_callbacks(execute=True):
        change(kim, bought(), gold)
    assert bought().membership == gold
    assert given() is None
    clock.daily()
    assert given() is None


def test_left_for_a_lower_tier_the_gift_begins_in_the_same_moment(
    client_for, student, kim, tiers, postman, gateway, clock, django_capture_on_commit_callbacks
):
    """X15, V29: down from Gold to Silver: the gift of Gold does not wait for the daily job."""
    silver, gold = tiers
    offer(gold, gateway)
    buy(kim, gold)
    postman.deliver()
    redeem(kim, pay(client_for(student), gold))
    assert given() is None
    with django_capture_on_commit_callbacks(execute=True):
        change(kim, bought(), silver, when="now")
    assert bought().membership == silver
    assert given().is_live(clock.now)
    assert "Gift" in text(kim.get(reverse("lms_memberships:account")).content.decode())
