"""Who subscribes to what: the list of subscriptions, and one with its buttons."""

from __future__ import annotations

from ..errors import ApiError
from ..http import Response
from ..languages import format_moment
from ..store import Object
from .desk import Desk, badge, money, words
from .invoices import invoice_table, last_charge, subscription_of
from .listing import Cell, Table, paged_table

HEADS = ("Subscription", "Customer", "For", "State", "Period ends (UTC)")

STATES = (
    "active", "trialing", "past_due", "unpaid", "paused", "incomplete", "incomplete_expired", "canceled",
)  # fmt: skip
OVER = ("canceled", "incomplete_expired")

DATES = {
    "created": "Created",
    "trial_start": "Trial started",
    "trial_end": "Trial ends",
    "cancel_at": "Will end",
    "canceled_at": "Cancelled",
    "ended_at": "Ended",
}


def listing(desk: Desk) -> Response:
    wanted = desk.request.query.get("status", "")
    found = [each for each in desk.all("subscription") if wanted in ("", each["status"])]
    return desk.page(
        "subscriptions.html",
        title="Subscriptions",
        section="subscriptions",
        states=[(state, words(state)) for state in STATES],
        wanted=wanted,
        table=paged_table(
            desk.request,
            found,
            lambda each: subscription_row(desk, each),
            caption="Subscriptions",
            heads=HEADS,
            empty="No subscription is in this state." if wanted else "No subscriptions yet.",
        ),
    )


def show(desk: Desk, subscription_id: str) -> Response | None:
    subscription = desk.one("subscription", subscription_id)
    if subscription is None:
        return None
    invoices = _invoices(desk, subscription_id)
    charge = last_charge(desk, invoices)
    is_over = subscription["status"] in OVER
    return desk.page(
        "subscription.html",
        title=_product_names(desk, subscription),
        section="subscriptions",
        subscription=subscription,
        state=words(subscription["status"]),
        badge=badge(subscription["status"]),
        customer=desk.one("customer", subscription["customer"]),
        dates=_dates(subscription),
        items=_item_table(desk, subscription),
        invoices=invoice_table(desk, invoices, name="page"),
        is_over=is_over,
        is_ending=bool(subscription["cancel_at_period_end"] or subscription["cancel_at"]),
        is_trialing=subscription["status"] == "trialing",
        refundable=money(charge["amount"] - charge["amount_refunded"], charge["currency"]) if charge else "",
        has_open_invoice=any(invoice["status"] == "open" for invoice in invoices),
        metadata=sorted(subscription["metadata"].items()),
    )


def cancel_now(desk: Desk, subscription_id: str) -> Response:
    desk.sandbox.actions.cancel_subscription_now(subscription_id)
    return desk.back(f"subscriptions/{subscription_id}", note="canceled")


def cancel_at_period_end(desk: Desk, subscription_id: str) -> Response:
    desk.sandbox.actions.cancel_subscription_at_period_end(subscription_id)
    return desk.back(f"subscriptions/{subscription_id}", note="canceling")


def keep(desk: Desk, subscription_id: str) -> Response:
    desk.sandbox.actions.keep_subscription(subscription_id)
    return desk.back(f"subscriptions/{subscription_id}", note="kept")


def refund(desk: Desk, subscription_id: str) -> Response:
    charge = last_charge(desk, _invoices(desk, subscription_id))
    if charge is None:
        raise ApiError("There is no payment to refund.")
    desk.sandbox.actions.refund_charge(charge["id"])
    return desk.back(f"subscriptions/{subscription_id}", note="refunded")


def retry_payment(desk: Desk, subscription_id: str) -> Response:
    unpaid = [invoice for invoice in _invoices(desk, subscription_id) if invoice["status"] == "open"]
    if not unpaid:
        raise ApiError("There is no open invoice.")
    outcome = desk.sandbox.actions.retry_invoice(unpaid[0]["id"])
    if outcome.kind == "declined":
        raise ApiError(outcome.message)
    return desk.back(f"subscriptions/{subscription_id}", note="retried")


def advance_to_trial_end(desk: Desk, subscription_id: str) -> Response:
    desk.sandbox.actions.advance_to_trial_end(subscription_id)
    return desk.back(f"subscriptions/{subscription_id}", note="clock")


def subscription_row(desk: Desk, subscription: Object) -> list[Cell]:
    customer = desk.one("customer", subscription["customer"]) or {}
    return [
        Cell(subscription["id"], url=f"/_sandbox/subscriptions/{subscription['id']}", kind="id"),
        Cell(customer.get("email") or subscription["customer"], url=f"/_sandbox/customers/{subscription['customer']}"),
        Cell(_product_names(desk, subscription)),
        Cell(words(subscription["status"]), badge=badge(subscription["status"])),
        Cell(format_moment(_period_end(subscription))),
    ]


def _invoices(desk: Desk, subscription_id: str) -> list[Object]:
    return [each for each in desk.all("invoice") if subscription_of(each) == subscription_id]


def _items(subscription: Object) -> list[Object]:
    return (subscription.get("items") or {}).get("data") or []


def _period_end(subscription: Object) -> int | None:
    return max((item["current_period_end"] for item in _items(subscription)), default=None)


def _product_names(desk: Desk, subscription: Object) -> str:
    products = [desk.one("product", item["price"]["product"]) for item in _items(subscription)]
    return ", ".join(product["name"] for product in products if product) or subscription["id"]


def _item_table(desk: Desk, subscription: Object) -> Table:
    rows = []
    for item in _items(subscription):
        price, product = item["price"], desk.one("product", item["price"]["product"]) or {}
        recurring = price["recurring"] or {"interval_count": 1, "interval": "time"}
        every = (
            f"every {recurring['interval_count']} {recurring['interval']}s"
            if recurring["interval_count"] > 1
            else f"per {recurring['interval']}"
        )
        rows.append(
            [
                Cell(product.get("name") or price["product"]),
                Cell(f"{money(price['unit_amount'] or 0, price['currency'])} {every}"),
                Cell(str(item.get("quantity") or 1), kind="number"),
                Cell(f"{format_moment(item['current_period_start'])} – {format_moment(item['current_period_end'])}"),
            ]
        )
    return Table("Items", ("Product", "Price", "Quantity", "Current period (UTC)"), rows)


def _dates(subscription: Object) -> list[tuple[str, str]]:
    return [(label, format_moment(subscription[field])) for field, label in DATES.items() if subscription.get(field)]
