"""How do a membership and its price get into Stripe's catalogue? Once each, whatever happens in between."""

from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

from django.utils.translation import gettext_lazy as _

from ..money import Money
from ..payments import intents
from ..payments.gateway import Gateway, GatewayFailure, NotFound, PriceRequest, PriceSnapshot, ProductRequest
from ..payments.models import Intent
from ..safe_html import plain_text
from . import taxes
from .intervals import interval_text, rhythm_of
from .models import Membership, Price

#: Stripe's own limits for a product's texts.
NAME_LENGTH = 250
DESCRIPTION_LENGTH = 500
#: Under this word products and prices of ours say which membership they are of.
MEMBERSHIP_KEY = "lmsm_membership"
#: On the price of a gift: for how many months. Nobody who pays it becomes a member by that.
GIFT_MONTHS_KEY = "lmsm_gift_months"


class PriceArchived(GatewayFailure):
    message = _("This price was archived at Stripe. Make it active there again, or choose another price.")


def product_id_of(membership: Membership) -> str:
    """The product's id at Stripe, chosen by us: a second creation can only find the first (guide §3)."""
    return f"lmsm_{membership.uuid.hex}"


def lookup_key_of(price: Price, membership: Membership) -> str:
    """The price's look-up key: unique in the account, derived from what the price is."""
    key = f"lmsm:{membership.uuid.hex}:{price.interval}:{price.currency}:{price.amount}"
    # Stripe's price is the same, and each of our rows has one of its own.
    key = f"{key}:{price.instalments}x" if price.instalments else key
    return key if price.tax_behavior == taxes.INCLUSIVE else f"{key}:{price.tax_behavior}"


def confirm(price: Price, membership: Membership, *, gateway: Gateway, now: datetime) -> Price:
    """Make the product and the price at Stripe, or find them there, and write that they exist.

    Raises a GatewayFailure; calling again goes on where it stopped.
    """
    product_id = _ensure_product(membership, gateway)
    snapshot = _ensure_price(price, membership, product_id, gateway)
    if not snapshot.active:
        raise PriceArchived
    taxes.refuse_other_behavior(snapshot.tax_behavior, price)
    price.product_id = product_id
    price.stripe_id = snapshot.id
    price.confirmed_at = now
    price.failure = ""
    price.save(update_fields=["product_id", "stripe_id", "confirmed_at", "failure"])
    return price


def make_price(request: PriceRequest, membership: Membership, *, gateway: Gateway) -> PriceSnapshot:
    """A price beside those of the membership's own ways to pay, such as a gift's: the product first, each once."""
    _ensure_product(membership, gateway)
    snapshot = _carry_out(request, gateway)
    if not snapshot.active:
        raise PriceArchived
    return snapshot


def forget_if_archived(price: Price, membership: Membership, *, gateway: Gateway) -> bool:
    """Whether it was archived behind our back (C8). Then it is off sale, with the reason, until Stripe has it back."""
    if _is_sold(price, membership, gateway):
        return False
    Price.objects.filter(pk=price.pk).update(confirmed_at=None, failure=str(PriceArchived.message))
    return True


def update_product(membership: Membership, *, gateway: Gateway) -> None:
    """Have Stripe's pages show the title and description of this version."""
    request = _product_request(membership)

    def update(key: str) -> str:
        gateway.update_product(request, key=key)
        return request.id

    intents.carry_out(
        purpose="product_texts",
        # Texts that come back after others are asked for again: they are looked for first, at Stripe.
        subject=f"{membership.uuid.hex}:{hash_of(request)}",
        parameters={"id": request.id, "name": request.name, "description": request.description},
        gateway=gateway,
        call=update,
        result_id=str,
        find=lambda: request.id if gateway.product_shows(request) else None,
    )


def find_product(intent: Intent, gateway: Gateway) -> str | None:
    return gateway.find_product(str(intent.parameters["id"]))


def find_texts(intent: Intent, gateway: Gateway) -> str | None:
    asked = {name: str(intent.parameters[name]) for name in ("id", "name", "description")}
    return asked["id"] if gateway.product_shows(ProductRequest(**asked, image_url="", metadata={})) else None


def find_price(intent: Intent, gateway: Gateway) -> str | None:
    found = gateway.find_price(str(intent.parameters["lookup_key"]))
    return found.id if found is not None else None


def hash_of(request: ProductRequest) -> str:
    """The same texts give the same key; others give another."""
    return str(uuid5(NAMESPACE_URL, f"{request.name}\n{request.description}\n{request.image_url}"))


def _is_sold(price: Price, membership: Membership, gateway: Gateway) -> bool:
    if price.is_adopted:
        # A look-up key of ours is on what we made, and on nothing else.
        try:
            there = gateway.read_price(price.stripe_id)
        except NotFound:
            return False
        return there.is_active and there.product_is_active
    found = gateway.find_price(lookup_key_of(price, membership))
    return found is not None and found.active


def _product_request(membership: Membership) -> ProductRequest:
    return ProductRequest(
        id=product_id_of(membership),
        name=membership.title[:NAME_LENGTH],
        description=plain_text(membership.description)[:DESCRIPTION_LENGTH],
        image_url="",
        metadata={MEMBERSHIP_KEY: str(membership.uuid)},
    )


def _ensure_product(membership: Membership, gateway: Gateway) -> str:
    request = _product_request(membership)
    return intents.carry_out(
        purpose="product",
        subject=f"{gateway.account_id}:{membership.uuid.hex}",
        parameters={"id": request.id, "name": request.name},
        gateway=gateway,
        call=lambda key: gateway.create_product(request, key=key),
        result_id=lambda product_id: product_id,
        find=lambda: gateway.find_product(request.id),
    )


def _ensure_price(price: Price, membership: Membership, product_id: str, gateway: Gateway) -> PriceSnapshot:
    rhythm = rhythm_of(price.interval)
    request = PriceRequest(
        product_id=product_id,
        money=Money(price.amount, price.currency),
        interval=rhythm.unit,
        interval_count=rhythm.step,
        lookup_key=lookup_key_of(price, membership),
        nickname=interval_text(price.interval),
        metadata={MEMBERSHIP_KEY: str(membership.uuid)},
        tax_behavior=price.tax_behavior,
    )
    return _carry_out(request, gateway)


def _carry_out(request: PriceRequest, gateway: Gateway) -> PriceSnapshot:
    return intents.carry_out(
        purpose="price",
        subject=f"{gateway.account_id}:{request.lookup_key}",
        parameters={"product": request.product_id, "lookup_key": request.lookup_key},
        gateway=gateway,
        call=lambda key: gateway.create_price(request, key=key),
        result_id=lambda snapshot: snapshot.id,
        find=lambda: gateway.find_price(request.lookup_key),
    )
