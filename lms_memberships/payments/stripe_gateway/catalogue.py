"""What is for sale at Stripe? Products and their prices."""

from typing import TYPE_CHECKING, Literal, cast

from ...money import to_stripe_amount
from ..gateway import NotFound, PriceRequest, PriceSnapshot, ProductRequest
from . import snapshots
from .calls import Calls, under
from .failures import translated

if TYPE_CHECKING:
    from stripe.params import PriceCreateParams, ProductCreateParams, ProductUpdateParams


class CatalogueCalls(Calls):
    """Products and prices."""

    def create_product(self, request: ProductRequest, *, key: str) -> str:
        params: ProductCreateParams = {"id": request.id, "name": request.name, "metadata": request.metadata}
        # Stripe takes no empty texts when it creates.
        if request.description:
            params["description"] = request.description
        if request.image_url:
            params["images"] = [request.image_url]
        with translated():
            return self.client.v1.products.create(params, under(key)).id

    def find_product(self, product_id: str) -> str | None:
        try:
            with translated():
                found = self.client.v1.products.retrieve(product_id)
        except NotFound:
            return None
        return None if getattr(found, "deleted", False) else found.id

    def update_product(self, request: ProductRequest, *, key: str) -> None:
        params: ProductUpdateParams = {
            "name": request.name,
            "description": request.description,  # an empty text unsets it
            "images": [request.image_url] if request.image_url else "",
            "metadata": request.metadata,
        }
        with translated():
            self.client.v1.products.update(request.id, params, under(key))

    def product_shows(self, request: ProductRequest) -> bool:
        """Whether its texts are those; a product that is gone shows none."""
        try:
            with translated():
                found = self.client.v1.products.retrieve(request.id)
        except NotFound:
            return False
        if getattr(found, "deleted", False):
            return False
        return (found.name, found.description or "") == (request.name, request.description)

    def create_price(self, request: PriceRequest, *, key: str) -> PriceSnapshot:
        params: PriceCreateParams = {
            "product": request.product_id,
            "currency": request.money.currency,
            "unit_amount": to_stripe_amount(request.money),
            "tax_behavior": cast("Literal['inclusive', 'exclusive']", request.tax_behavior),
            "lookup_key": request.lookup_key,
            "metadata": request.metadata,
        }
        if request.nickname:
            params["nickname"] = request.nickname
        if request.interval is not None:
            params["recurring"] = {"interval": request.interval, "interval_count": request.interval_count}
        with translated():
            return snapshots.price(self.client.v1.prices.create(params, under(key)))

    def find_price(self, lookup_key: str) -> PriceSnapshot | None:
        with translated():
            found = self.client.v1.prices.list({"lookup_keys": [lookup_key], "limit": 2}).data
        prices = sorted((snapshots.price(each) for each in found), key=lambda each: each.active, reverse=True)
        return prices[0] if prices else None
