"""How do a membership and its price get into Stripe's catalogue? Once each, whatever happens in between."""

from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

from ..money import Money
from ..payments import intents
from ..payments.gateway import Gateway, PriceRequest, PriceSnapshot, ProductRequest
from ..safe_html import plain_text
from .intervals import rhythm_of
from .models import Membership, Price

#: Stripe's own limits for a product's texts.
NAME_LENGTH = 250
DESCRIPTION_LENGTH = 500


def product_id_of(membership: Membership) -> str:
    """The product's id at Stripe, chosen by us: a second creation can only find the first (guide §3)."""
    return f"lmsm_{membership.uuid.hex}"


def lookup_key_of(price: Price, membership: Membership) -> str:
    """The price's look-up key: unique in the account, derived from what the price is."""
    return f"lmsm:{membership.uuid.hex}:{price.interval}:{price.currency}:{price.amount}"


def confirm(price: Price, membership: Membership, *, gateway: Gateway, now: datetime) -> Price:
    """Make the product and the price at Stripe, or find them there, and write that they exist.

    Raises a GatewayFailure; calling again goes on where it stopped.
    """
    product_id = _ensure_product(membership, gateway)
    snapshot = _ensure_price(price, membership, product_id, gateway)
    price.product_id = product_id
    price.stripe_id = snapshot.id
    price.confirmed_at = now
    price.failure = ""
    price.save(update_fields=["product_id", "stripe_id", "confirmed_at", "failure"])
    return price


def update_product(membership: Membership, price: Price, *, gateway: Gateway) -> None:
    """Have Stripe's pages show the title and description of this version."""
    request = _product_request(membership)
    gateway.update_product(request, key=f"lmsm:product-texts:{membership.uuid.hex}:{hash_of(request)}")


def hash_of(request: ProductRequest) -> str:
    """The same texts give the same key; others give another."""
    return str(uuid5(NAMESPACE_URL, f"{request.name}\n{request.description}\n{request.image_url}"))


def _product_request(membership: Membership) -> ProductRequest:
    return ProductRequest(
        id=product_id_of(membership),
        name=membership.title[:NAME_LENGTH],
        description=plain_text(membership.description)[:DESCRIPTION_LENGTH],
        image_url="",
        metadata={"lmsm_membership": str(membership.uuid)},
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
        nickname=str(price.get_interval_display()),
        metadata={"lmsm_membership": str(membership.uuid)},
    )
    return intents.carry_out(
        purpose="price",
        subject=f"{gateway.account_id}:{request.lookup_key}",
        parameters={"product": product_id, "lookup_key": request.lookup_key},
        gateway=gateway,
        call=lambda key: gateway.create_price(request, key=key),
        result_id=lambda snapshot: snapshot.id,
        find=lambda: gateway.find_price(request.lookup_key),
    )
