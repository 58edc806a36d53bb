"""Which subscriptions at Stripe are at our prices, or in our memberships' names, and nobody's here? They wait to be claimed.

They open nothing (N3): somebody has to say whose they are (guide §17).
"""

import uuid
from collections.abc import Collection

from ..memberships.models import Membership, Price
from ..payments.gateway import Gateway, SubscriptionSnapshot
from ..payments.lists import Page, Part
from . import billed
from .guest_models import GuestPurchase
from .models import Subscription
from .people import MEMBERSHIP_KEY
from .told import OVER


def to_claim(part: Part, *, gateway: Gateway) -> Page[SubscriptionSnapshot]:
    """Of this part of Stripe's list, those that wait: one call to Stripe, and at most five queries.

    Raises what the gateway raises. Go on with ``Part(after=page.last_id)`` until that is empty.
    """
    page = gateway.list_subscriptions(part)
    running = [each for each in page.items if each.status not in OVER]
    taken = _taken({each.id for each in running}, gateway)
    ours = _ours([each for each in running if each.id not in taken], gateway)
    return Page(tuple(ours), page.last_id, page.unread)


def _taken(stripe_ids: Collection[str], gateway: Gateway) -> set[str]:
    """Somebody's here, or waiting for the guest who paid."""
    held = Subscription.objects.at(gateway).filter(stripe_id__in=stripe_ids).values_list("stripe_id", flat=True)
    parked = GuestPurchase.objects.at(gateway).filter(stripe_id__in=stripe_ids).values_list("stripe_id", flat=True)
    return {*held, *parked}


def _ours(snapshots: list[SubscriptionSnapshot], gateway: Gateway) -> list[SubscriptionSnapshot]:
    """What an account sells beside us is nobody's business here."""
    prices = Price.objects.filter(account=gateway.account_id, livemode=gateway.livemode)
    price_ids = frozenset[str]().union(*(each.price_ids for each in snapshots))
    product_ids = frozenset[str]().union(*(each.product_ids for each in snapshots)) - {""}
    known_prices = set(prices.filter(stripe_id__in=price_ids).values_list("stripe_id", flat=True))
    known_products = set(prices.filter(product_id__in=product_ids).values_list("product_id", flat=True))
    named = _named([each.metadata.get(MEMBERSHIP_KEY, "") for each in snapshots])
    return [
        billed.among(each, known_prices)
        for each in snapshots
        if each.price_ids & known_prices
        or each.product_ids & known_products
        or each.metadata.get(MEMBERSHIP_KEY, "") in named
    ]


def _named(words: list[str]) -> set[str]:
    found = [each for each in map(_uuid, words) if each is not None]
    return {str(each) for each in Membership.objects.filter(uuid__in=found).values_list("uuid", flat=True)}


def _uuid(word: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(word)
    except ValueError:
        return None
