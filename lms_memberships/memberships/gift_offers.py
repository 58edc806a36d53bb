"""How does a creator offer gifts, and how do their prices get into Stripe's catalogue? Once each, as all prices do (X15)."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.utils.translation import ngettext

from ..money import Money
from ..payments.gateway import Gateway, GatewayFailure, PriceRequest
from . import stripe_catalogue
from .gift_offer_models import GiftOffer
from .models import Membership

#: The lengths that a creator can put a price on, in months.
LENGTHS = (1, 2, 3, 6, 12, 24)
MONTHS_A_YEAR = 12


def length_text(months: int) -> str:
    """ "3 months", "1 year"."""
    if months % MONTHS_A_YEAR == 0:
        years = months // MONTHS_A_YEAR
        return ngettext("%(count)s year", "%(count)s years", years) % {"count": years}
    return ngettext("%(count)s month", "%(count)s months", months) % {"count": months}


def lookup_key_of(offer: GiftOffer, membership: Membership) -> str:
    """Unique in the account, and never the key of a price of the membership's own."""
    return f"lmsm:{membership.uuid.hex}:gift:{offer.months}m:{offer.currency}:{offer.amount}"


def write(membership: Membership, wanted: Mapping[int, Money | None]) -> None:
    """These lengths at these prices; None: not offered (any more)."""
    with transaction.atomic():
        rows = {row.months: row for row in GiftOffer.objects.select_for_update().filter(membership=membership)}
        for months, money in wanted.items():
            row = rows.get(months)
            if money is None:
                if row is not None and row.is_on:
                    row.is_on = False
                    row.save(update_fields=["is_on"])
                continue
            row = row or GiftOffer(membership=membership, months=months, amount=0, currency="")
            if row.amount != money.minor or row.currency != money.currency:
                row.amount, row.currency = money.minor, money.currency
                row.stripe_id, row.confirmed_at, row.failure = "", None, ""
            row.is_on = True
            row.save()


def prepare(membership: Membership, *, gateway: Gateway, now: datetime) -> list[GiftOffer]:
    """Have Stripe confirm each that it has not. Returns those that it did not take, with the reason in ``failure``."""
    offers = GiftOffer.objects.filter(membership=membership, is_on=True).order_by("months")
    return [offer for offer in offers if not is_ready(offer, gateway) and not _confirm(offer, gateway, now)]


def is_ready(offer: GiftOffer, gateway: Gateway) -> bool:
    is_here = (offer.account, offer.livemode) == (gateway.account_id, gateway.livemode)
    return is_here and offer.confirmed_at is not None


def forget_if_archived(offer: GiftOffer, *, gateway: Gateway) -> bool:
    """Whether Stripe does not sell it any more. Then it is not offered, with the reason, until it is saved again."""
    found = gateway.find_price(lookup_key_of(offer, offer.membership))
    if found is not None and found.active:
        return False
    failure = str(stripe_catalogue.PriceArchived.message)
    GiftOffer.objects.filter(pk=offer.pk).update(confirmed_at=None, failure=failure)
    return True


def _confirm(offer: GiftOffer, gateway: Gateway, now: datetime) -> bool:
    membership = offer.membership
    request = PriceRequest(
        product_id=stripe_catalogue.product_id_of(membership),
        money=offer.money,
        interval=None,
        interval_count=1,
        lookup_key=lookup_key_of(offer, membership),
        nickname=f"Gift, {offer.months} months",
        metadata={
            stripe_catalogue.MEMBERSHIP_KEY: str(membership.uuid),
            stripe_catalogue.GIFT_MONTHS_KEY: str(offer.months),
        },
    )
    try:
        snapshot = stripe_catalogue.make_price(request, membership, gateway=gateway)
    except GatewayFailure as failure:
        offer.failure = str(failure.message)
    else:
        offer.stripe_id, offer.confirmed_at, offer.failure = snapshot.id, now, ""
        offer.account, offer.livemode = gateway.account_id, gateway.livemode
    offer.save()
    return offer.confirmed_at is not None
