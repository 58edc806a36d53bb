"""When may a price be struck through? At most the lowest of the thirty days before the reduction (U14)."""

from datetime import timedelta

import pytest

from lms_memberships import clock as our_clock
from lms_memberships.memberships.old_prices import shown_old_price
from lms_memberships.memberships.ways import ways
from lms_memberships.models import Membership, PriceAsked
from tests.factories import MembershipFactory, put_into

pytestmark = pytest.mark.django_db


@pytest.fixture
def gold(live_session) -> Membership:
    return put_into(MembershipFactory(title="Gold", price_amount=2900), live_session)


def sell(membership: Membership, price: int, old: int | None = None) -> Membership:
    membership.price_amount, membership.old_price_amount = price, old
    membership.save_revision().publish()
    return Membership.objects.get(pk=membership.pk)


def old(membership: Membership) -> int | None:
    found = shown_old_price(membership, ways(membership)[0], now=our_clock.now())
    return found.minor if found else None


def test_what_was_asked_before_may_be_struck_through(gold, clock):
    gold = sell(gold, 2900)
    clock.advance(days=40)
    assert old(sell(gold, 1900, old=2900)) == 2900


def test_what_was_never_asked_may_not(gold, clock):
    gold = sell(gold, 2900)
    clock.advance(days=40)
    assert old(sell(gold, 1900, old=3900)) is None


def test_the_lowest_of_thirty_days_counts_not_the_last(gold, clock):
    """A price that was raised for a week to be lowered again is no old price."""
    gold = sell(gold, 2000)
    clock.advance(days=60)
    gold = sell(gold, 2900)
    clock.advance(days=7)
    gold = sell(gold, 1900, old=2900)
    assert old(gold) is None
    assert old(sell(gold, 1900, old=2000)) == 2000


@pytest.mark.parametrize(("days", "shown"), [(29, None), (31, 2900)])
def test_what_ended_thirty_days_before_is_forgotten(gold, clock, days, shown):
    gold = sell(gold, 2000)
    clock.advance(days=60)
    gold = sell(gold, 2900)
    clock.advance(days=days)
    assert old(sell(gold, 1900, old=2900)) == shown


def test_it_stays_while_the_reduction_lasts(gold, clock):
    """The thirty days before the reduction, not before today."""
    gold = sell(gold, 2900)
    clock.advance(days=40)
    gold = sell(gold, 1900, old=2900)
    clock.advance(days=200)
    assert old(gold) == 2900


def test_before_it_was_ever_sold_here_the_creators_word_stands(gold):
    assert old(sell(gold, 1900, old=2900)) == 2900


def test_another_interval_is_another_price(gold, clock):
    gold = sell(gold, 500)
    clock.advance(days=40)
    gold.interval = "year"
    assert old(sell(gold, 1900, old=2900)) == 2900


def test_publishing_again_begins_nothing_anew(gold, clock):
    gold = sell(gold, 2900)
    began = PriceAsked.objects.get().from_at
    clock.advance(days=5)
    sell(gold, 2900)
    assert PriceAsked.objects.get().from_at == began


def test_unpublished_it_is_asked_no_more(gold, clock):
    gold = sell(gold, 2900)
    clock.advance(days=5)
    gold.unpublish()
    assert PriceAsked.objects.get().until_at - PriceAsked.objects.get().from_at > timedelta(days=4)
