"""Who buys: the list of customers, and one with everything that is theirs."""

from __future__ import annotations

from ..errors import ApiError
from ..http import Response
from ..languages import format_moment
from ..sample_cards import all_cards
from ..store import Object
from .desk import Desk, badge, words
from .invoices import invoice_table
from .listing import Cell, Table, paged_table
from .subscriptions import HEADS as SUBSCRIPTION_HEADS
from .subscriptions import subscription_row

HEADS = ("E-mail", "Name", "Customer", "Since (UTC)", "Subscriptions")

NO_CARD = "none"
SAMPLE_MONTH, SAMPLE_YEAR, SAMPLE_CVC = 12, 2034, "123"


def listing(desk: Desk) -> Response:
    wanted = desk.request.query.get("q", "").strip().lower()
    counts: dict[str, int] = {}
    for subscription in desk.all("subscription"):
        counts[subscription["customer"]] = counts.get(subscription["customer"], 0) + 1
    found = [each for each in desk.all("customer") if _matches(each, wanted)]
    return desk.page(
        "customers.html",
        title="Customers",
        section="customers",
        wanted=desk.request.query.get("q", ""),
        table=paged_table(
            desk.request,
            found,
            lambda customer: _row(customer, counts.get(customer["id"], 0)),
            caption="Customers",
            heads=HEADS,
            empty="No customer matches." if wanted else "No customers yet.",
        ),
    )


def show(desk: Desk, customer_id: str) -> Response | None:
    customer = desk.one("customer", customer_id)
    if customer is None:
        return None
    subscriptions = [each for each in desk.all("subscription") if each["customer"] == customer_id]
    invoices = [each for each in desk.all("invoice") if each["customer"] == customer_id]
    return desk.page(
        "customer.html",
        title=customer.get("email") or customer_id,
        section="customers",
        customer=customer,
        since=format_moment(customer["created"]),
        cards=_card_table(desk, customer),
        samples=all_cards("en"),
        subscriptions=paged_table(
            desk.request,
            subscriptions,
            lambda each: subscription_row(desk, each),
            caption="Subscriptions",
            heads=SUBSCRIPTION_HEADS,
            empty="No subscriptions.",
        ),
        invoices=invoice_table(desk, invoices, name="invoices"),
    )


def replace_card(desk: Desk, customer_id: str) -> Response:
    wanted = desk.request.form.get("card", "")
    if wanted == NO_CARD:
        desk.sandbox.actions.remove_cards(customer_id)
        return desk.back(f"customers/{customer_id}", note="cards")
    outcome = desk.sandbox.actions.change_default_card(
        customer_id, card_number=wanted, exp_month=SAMPLE_MONTH, exp_year=SAMPLE_YEAR, cvc=SAMPLE_CVC
    )
    if outcome.kind == "declined":
        raise ApiError(outcome.message)
    return desk.back(f"customers/{customer_id}", note="card")


def _matches(customer: Object, wanted: str) -> bool:
    texts = (customer.get("email"), customer.get("name"), customer["id"])
    return any(wanted in (text or "").lower() for text in texts)


def _row(customer: Object, subscriptions: int) -> list[Cell]:
    return [
        Cell(customer.get("email") or "No e-mail", url=f"/_sandbox/customers/{customer['id']}"),
        Cell(customer.get("name") or "–"),
        Cell(customer["id"], kind="id"),
        Cell(format_moment(customer["created"])),
        Cell(str(subscriptions), kind="number"),
    ]


def _card_table(desk: Desk, customer: Object) -> Table:
    default = (customer.get("invoice_settings") or {}).get("default_payment_method")
    methods = [each for each in desk.all("payment_method") if each["customer"] == customer["id"]]
    in_use = {each["default_payment_method"] for each in desk.all("subscription") if each["customer"] == customer["id"]}
    rows = [_card_row(method, is_default=method["id"] == default, in_use=in_use) for method in methods]
    return Table("Cards", ("Card", "Expires", "Id", "Used"), rows, "No card.")


def _card_row(method: Object, *, is_default: bool, in_use: set[str | None]) -> list[Cell]:
    uses = ["for the customer"] * is_default + ["for a subscription"] * (method["id"] in in_use)
    return [
        Cell(_called(method)),
        Cell(f"{method['card']['exp_month']:02d} / {method['card']['exp_year']}" if "card" in method else "–"),
        Cell(method["id"], kind="id"),
        Cell(" and ".join(uses).capitalize() or "–", badge=badge("active") if uses else None),
    ]


def _called(method: Object) -> str:
    if "card" in method:
        return f"{words(method['card']['brand'])} •••• {method['card']['last4']}"
    return f"SEPA debit •••• {method['sepa_debit']['last4']}"
