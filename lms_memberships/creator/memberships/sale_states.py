"""How does each membership of a page stand? The same answers as ``publishing.sale_state``, in two queries for all."""

from collections.abc import Collection
from dataclasses import dataclass

from django.utils.functional import Promise

from ...memberships.models import BundleItem, Membership, Price
from ...memberships.publishing import SALE_STATE_LABELS, Incomplete, SaleState
from ...payments.connect import Connection, NotConnected

Key = tuple[int, int | None, str, str, int]


@dataclass(frozen=True)
class Standing:
    """A state, and why it is not on sale where that can be mended."""

    state: SaleState
    reason: str | Promise = ""

    @property
    def label(self) -> str | Promise:
        return SALE_STATE_LABELS[self.state]

    @property
    def can_be_tried_again(self) -> bool:
        return self.state in (SaleState.FAILED, SaleState.WAITING)

    @property
    def is_on_sale(self) -> bool:
        return self.state == SaleState.ON_SALE


def standings(memberships: Collection[Membership], connection: Connection | None) -> dict[int, Standing]:
    """By membership. Constant in queries, however many there are."""
    bundled = set(BundleItem.objects.filter(membership__in=memberships).values_list("membership", flat=True))
    prices = _prices(memberships, connection)
    return {
        membership.pk: _standing(membership, connection, prices.get(_key(membership)), membership.pk in bundled)
        for membership in memberships
    }


def _standing(
    membership: Membership, connection: Connection | None, price: Price | None, is_bundled: object
) -> Standing:
    if not membership.live:
        return Standing(SaleState.UNPUBLISHED if membership.first_published_at else SaleState.DRAFT)
    if connection is None:
        return Standing(SaleState.FAILED, NotConnected.message)
    if membership.price_amount is None or not is_bundled:
        return Standing(SaleState.FAILED, Incomplete.message)
    if price is None:
        return Standing(SaleState.WAITING)
    if price.confirmed_at:
        return Standing(SaleState.ON_SALE)
    return Standing(SaleState.FAILED, price.failure) if price.failure else Standing(SaleState.WAITING)


def _prices(memberships: Collection[Membership], connection: Connection | None) -> dict[Key, Price]:
    if connection is None:
        return {}
    rows = Price.objects.in_account(connection).taxed_as_set().filter(membership__in=memberships)
    return {(price.membership_id, *price.key): price for price in rows}


def _key(membership: Membership) -> Key:
    return membership.pk, membership.price_amount, membership.currency, membership.interval, membership.instalments
