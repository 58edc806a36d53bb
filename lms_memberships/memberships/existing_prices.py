"""Can a price that was made in Stripe be this membership's, and how does it become one (W4)? It stays the creator's."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..errors import Refusal
from ..payments.connect import Connection
from ..payments.existing_prices import ExistingPrice, Odd
from ..payments.gateway import Gateway, GatewayFailure, NotFound
from .intervals import Interval, interval_of, is_offered
from .models import Membership, Price, PriceOption
from .stripe_catalogue import GIFT_MONTHS_KEY, MEMBERSHIP_KEY, PriceArchived
from .ways import Key, first_way

#: More further prices than this nobody can read; the wizard's table has as many.
MOST_FURTHER = 20

ODD: dict[Odd, str | Promise] = {
    Odd.TIERED: gettext_lazy("Its amount depends on the quantity (tiers)."),
    Odd.METERED: gettext_lazy("It is billed by usage."),
    Odd.CHOSEN_BY_BUYER: gettext_lazy("Whoever buys chooses the amount."),
    Odd.PACKAGE: gettext_lazy("It is a price for packages of several."),
    Odd.NO_AMOUNT: gettext_lazy("It has no amount that can be charged for one."),
    Odd.CURRENCY: gettext_lazy("Its currency is not known here."),
}


class CannotBeUsed(GatewayFailure):
    """A price at Stripe that cannot be this membership's (any more). The message says why."""

    message = gettext_lazy("This price of Stripe's cannot be used for this membership.")


class PriceGone(CannotBeUsed):
    message = gettext_lazy("Stripe does not know this price in the connected account. Choose another price.")


class PriceDiffers(CannotBeUsed):
    message = gettext_lazy(
        "The price at Stripe has another amount than this draft. Choose it again, or type an amount."
    )


class NotUsable(Refusal):
    """It cannot be taken into the draft; the message says why."""


class ThereAlready(Refusal):
    message = gettext_lazy("This membership has a price with this amount, currency and interval already.")


class TooManyPrices(Refusal):
    message = gettext_lazy("There are as many further prices as there can be. Remove one first.")


@dataclass(frozen=True)
class Candidate:
    """A price at Stripe beside one membership; ``why_not`` is empty where it can be used."""

    price: ExistingPrice
    interval: str
    why_not: str


def key_of(price: ExistingPrice) -> Key | None:
    """As a way to pay has it; None: it has no amount of its own."""
    if price.money is None:
        return None
    return price.money.minor, price.money.currency, interval_of(price.interval, price.interval_count), 0


def judge(found: Sequence[ExistingPrice], membership: Membership, connection: Connection) -> list[Candidate]:
    """Each of them, with what speaks against it. As many queries for a hundred as for one."""
    known = _Known(found, membership, connection)
    return [
        Candidate(price, interval_of(price.interval, price.interval_count), str(known.why_not(price)))
        for price in found
    ]


def take_as_first(version: Membership, price: ExistingPrice) -> None:
    """The draft's first price is this one, in memory; what could not stand beside it falls away."""
    key = _key(price)
    amount, currency, interval, _instalments = key
    if version.currency != currency:
        version.old_price_amount = version.setup_fee_amount = None
    if version.old_price_amount is not None and version.old_price_amount <= amount:
        version.old_price_amount = None
    if interval == Interval.ONE_TIME:
        version.trial_days = 0
    version.price_amount, version.currency, version.interval, version.instalments = key
    version.stripe_price_id = price.id


def take_as_further(version: Membership, price: ExistingPrice) -> None:
    """One more price of the draft, in memory. Raises ThereAlready, TooManyPrices."""
    key = _key(price)
    first = first_way(version)
    options = list(version.price_options.all())
    if first is not None and first.key == key:
        raise ThereAlready
    if any((each.amount, each.currency, each.interval, each.instalments) == key for each in options):
        raise ThereAlready
    if len(options) >= MOST_FURTHER:
        raise TooManyPrices
    amount, currency, interval, instalments = key
    option = PriceOption(
        sort_order=len(options),
        amount=amount,
        currency=currency,
        interval=interval,
        instalments=instalments,
        stripe_price_id=price.id,
    )
    version.price_options.set([*options, option])


def adopt(price: Price, price_id: str, membership: Membership, *, gateway: Gateway, now: datetime) -> Price:
    """Read it again and write that it is this membership's: nothing is made at Stripe. Raises a GatewayFailure.

    Its amount cannot have changed, but it can have been archived, and the account can be another one by now.
    """
    if price.confirmed_at is not None and not price.is_adopted:
        # Sold at a price of our own with the same amount: whoever has it keeps it.
        return price
    wanted = price.stripe_id or price_id
    try:
        found = gateway.read_price(wanted)
    except NotFound:
        _take_off_sale(price, PriceGone())
        raise PriceGone from None
    if not found.is_active:
        _take_off_sale(price, PriceArchived())
        raise PriceArchived
    if key_of(found) != price.key:
        raise PriceDiffers
    if price.confirmed_at is None:
        _confirm(price, found, membership, gateway=gateway, now=now)
    return price


def _confirm(price: Price, found: ExistingPrice, membership: Membership, *, gateway: Gateway, now: datetime) -> None:
    connection = Connection(gateway.account_id, gateway.livemode)
    (candidate,) = judge([found], membership, connection)
    if candidate.why_not:
        raise CannotBeUsed(candidate.why_not)
    price.product_id, price.stripe_id, price.is_adopted = found.product_id, found.id, True
    price.confirmed_at, price.failure = now, ""
    try:
        with transaction.atomic():
            price.save(update_fields=["product_id", "stripe_id", "is_adopted", "confirmed_at", "failure"])
    except IntegrityError:
        # Another membership has taken it in this very moment.
        raise CannotBeUsed from None


def _take_off_sale(price: Price, failure: GatewayFailure) -> None:
    price.confirmed_at = None
    Price.objects.filter(pk=price.pk).update(confirmed_at=None, failure=str(failure.message))


def _key(price: ExistingPrice) -> Key:
    key = key_of(price)
    if key is None:
        raise NotUsable(str(ODD[price.odd or Odd.NO_AMOUNT]))
    return key


class _Known:
    """What we know of some prices of Stripe's: three queries, and then answers."""

    def __init__(self, found: Sequence[ExistingPrice], membership: Membership, connection: Connection) -> None:
        self.membership = membership
        ids, products = {each.id for each in found}, {each.product_id for each in found}
        rows = Price.objects.in_account(connection).select_related("membership")
        named = Q(stripe_id__in=ids) | Q(product_id__in=products) | Q(membership=membership)
        prices = list(rows.filter(named).exclude(stripe_id=""))
        self.by_id = {price.stripe_id: price for price in prices}
        self.by_product = {each.product_id: each.membership for each in prices if each.membership_id != membership.pk}
        self.own_keys = {each.key for each in prices if each.membership_id == membership.pk}
        self.drafts = _drafts(ids, membership)
        self.titles = _titles(found)

    def why_not(self, price: ExistingPrice) -> str | Promise:
        if price.odd is not None:
            return ODD[price.odd]
        if not price.is_active:
            return PriceArchived.message
        if not price.product_is_active:
            return _("Its product is archived at Stripe.")
        if not is_offered(interval_of(price.interval, price.interval_count)):
            return _("It is paid in an interval that cannot be chosen here.")
        return self._whose(price)

    def _whose(self, price: ExistingPrice) -> str | Promise:
        if GIFT_MONTHS_KEY in price.metadata:
            return _("It is what a gift costs.")
        row = self.by_id.get(price.id)
        if row is not None and row.membership_id == self.membership.pk:
            # One that was taken over and then changed for another can be chosen again.
            return "" if row.is_adopted else _("It was made for this membership: type its amount to use it.")
        if row is not None or price.id in self.drafts:
            title = row.membership.title if row is not None else self.drafts[price.id]
            return _("It is a price of “%(title)s”.") % {"title": title}
        other = self.by_product.get(price.product_id)
        if other is not None:
            return _("Its product belongs to “%(title)s”.") % {"title": other.title}
        made_for = price.metadata.get(MEMBERSHIP_KEY, "")
        if made_for and made_for != str(self.membership.uuid):
            title = self.titles.get(made_for)
            if title is None:
                return _("Another site made it for a membership of its own.")
            return _("It is a price of “%(title)s”.") % {"title": title}
        if key_of(price) in self.own_keys:
            return _("This membership has been sold at this amount and interval already: type the amount to use that.")
        return ""


def _drafts(ids: Iterable[str], membership: Membership) -> dict[str, str]:
    """Other memberships whose draft names one of these, by id."""
    others = Membership.objects.exclude(pk=membership.pk)
    first = others.filter(stripe_price_id__in=ids).order_by().values_list("stripe_price_id", "title")
    options = PriceOption.objects.exclude(membership=membership.pk).filter(stripe_price_id__in=ids).order_by()
    # Cleared once more: newer Djangos take the ordering of the first for that of the union.
    return dict(first.union(options.values_list("stripe_price_id", "membership__title")).order_by())


def _titles(found: Iterable[ExistingPrice]) -> dict[str, str]:
    """The memberships for which some of them say to be made."""
    named = {each.metadata[MEMBERSHIP_KEY] for each in found if MEMBERSHIP_KEY in each.metadata}
    rows = Membership.objects.filter(uuid__in=filter(_is_uuid, named)).values_list("uuid", "title")
    return {str(key): title for key, title in rows}


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
