"""How the billing portal is set up, and one thing that an owner may change there behind the back of whoever made it."""

from __future__ import annotations

from ..http import Response
from ..languages import format_moment
from ..store import Object
from .desk import Desk
from .listing import Cell, paged_table

KIND = "billing_portal.configuration"
HEADS = ("Configuration", "Name", "Changed (UTC)", "Active", "Customers may")
FEATURES = {
    "payment_method_update": "change the card",
    "customer_update": "change their details",
    "invoice_history": "see invoices",
    "subscription_cancel": "cancel",
    "subscription_update": "change the price",
}


def listing(desk: Desk) -> Response:
    return desk.page(
        "portal.html",
        title="Customer portal",
        section="portal",
        configurations=desk.all(KIND),
        table=paged_table(
            desk.request,
            desk.all(KIND),
            _row,
            caption="Configurations",
            heads=HEADS,
            empty="Nobody has set the portal up yet.",
        ),
    )


def let_people_switch(desk: Desk, configuration_id: str) -> Response:
    desk.sandbox.actions.portal.let_people_switch(configuration_id)
    return desk.back("portal", note="portal-switching")


def _row(configuration: Object) -> list[Cell]:
    allowed = [words for name, words in FEATURES.items() if configuration["features"][name]["enabled"]]
    return [
        Cell(configuration["id"], kind="id"),
        Cell(configuration["name"] or "–"),
        Cell(format_moment(configuration["updated"])),
        Cell("Yes" if configuration["active"] else "No"),
        Cell(", ".join(allowed) or "–"),
    ]
