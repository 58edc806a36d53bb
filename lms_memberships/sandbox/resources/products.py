"""Products: what is sold."""

from __future__ import annotations

from ..errors import ApiError, invalid
from ..fields import copy, merge_metadata
from ..paging import Listing, matching, within
from ..store import Object
from ..work import Work
from . import prices

PLAIN = ("active", "description", "name", "shippable", "statement_descriptor", "tax_code", "unit_label", "url")
LISTS = ("images", "marketing_features")


def create(unit: Work, params: Object) -> Object:
    if "id" in params and unit.find("product", params["id"]):
        raise ApiError(f"Product already exists: {params['id']}", code="resource_already_exists", param="id")
    product = unit.new("product", "prod_", id=params.get("id"), updated=unit.now)
    copy(params, product, PLAIN)
    copy(params, product, LISTS, unset=[])
    merge_metadata(params, product)
    unit.announce("product.created", product)
    if "default_price_data" in params:
        price = prices.create(unit, params["default_price_data"] | {"product": product["id"]})
        product["default_price"] = price["id"]
        unit.announce_change("product.updated", product)
    return product


def update(unit: Work, product_id: str, params: Object) -> Object:
    product = unit.get("product", product_id)
    if "default_price" in params:
        price = unit.named("price", params["default_price"], param="default_price")
        if price["product"] != product_id:
            raise invalid("The price specified must belong to the product.", "default_price")
        product["default_price"] = price["id"]
    copy(params, product, PLAIN)
    copy(params, product, LISTS, unset=[])
    merge_metadata(params, product)
    product["updated"] = unit.now
    unit.announce_change("product.updated", product)
    return product


def retrieve(unit: Work, product_id: str, params: Object) -> Object:
    return unit.get("product", product_id)


def list_all(unit: Work, params: Object) -> Listing:
    return unit.listing(
        "product",
        lambda each: (
            matching(params, active=each["active"], shippable=each["shippable"], url=each["url"])
            and within(params.get("created"), each["created"])
            and ("ids" not in params or each["id"] in params["ids"])
        ),
    )


def delete(unit: Work, product_id: str, params: Object) -> Object:
    product = unit.get("product", product_id)
    if unit.all("price", lambda each: each["product"] == product_id):
        raise invalid("This product cannot be deleted because it has one or more user-created prices.")
    unit.announce("product.deleted", product)
    unit.forget(product)
    return {"id": product_id, "object": "product", "deleted": True}


def create_price(unit: Work, params: Object) -> Object:
    """A price may bring its product along."""
    if "product_data" in params:
        params = params | {"product": create(unit, params["product_data"])["id"]}
    return prices.create(unit, params)
