"""What does the person buy, what is paid today, and what next?"""

from __future__ import annotations

from dataclasses import dataclass, field

from ..languages import format_date, format_money
from ..store import Object
from .texts import Texts


@dataclass(frozen=True)
class OrderLine:
    name: str
    description: str
    image: str
    quantity: str
    price: str


@dataclass(frozen=True)
class Order:
    seller: str
    lines: list[OrderLine]
    trial: str
    sums: list[tuple[str, str]] = field(default_factory=list)
    due_label: str = ""
    due: str = ""
    then: str = ""
    button: str = ""
    fine_print: str = ""


def describe(view: Object, t: Texts) -> Order:
    return Order(
        seller=view["seller"],
        lines=[_line(line, view, t) for line in view["lines"]],
        trial=_trial(view, t),
        sums=_sums(view, t),
        due_label=t("due_today") if view["mode"] == "subscription" else t("total"),
        due=_money(view["today"], view, t),
        then=_then(view, t),
        button=_button(view, t),
        fine_print=_fine_print(view, t),
    )


def _line(line: Object, view: Object, t: Texts) -> OrderLine:
    price = format_money(line["amount"], view["currency"], t.language)
    if line.get("interval"):
        price = t.per_interval(price, interval=line["interval"], count=line["interval_count"])
    return OrderLine(
        name=line["name"],
        description=line.get("description") or "",
        image=line.get("image") or "",
        quantity=t("quantity", count=line["quantity"]) if line["quantity"] != 1 else "",
        price=price,
    )


def _trial(view: Object, t: Texts) -> str:
    days = view.get("trial_days")
    if days:
        return t("day_free") if days == 1 else t("days_free", count=days)
    if view.get("trial_end"):
        return t("free_until", date=format_date(view["trial_end"], t.language))
    return ""


def _sums(view: Object, t: Texts) -> list[tuple[str, str]]:
    """What stands between the price and the amount due: nothing, most of the time."""
    discount, tax, balance = view.get("discount") or 0, _tax(view), view.get("balance") or 0
    sums = [(t("subtotal"), _money(view["subtotal"], view, t))] if discount or tax else []
    if discount or view.get("promotion_code"):
        label = t("discount", name=view.get("promotion_code") or "").strip()
        sums.append((label, _money(-discount, view, t)))
    if tax:
        sums.append((t("tax"), _money(tax, view, t)))
    if balance:
        sums += [(t("total"), _money(view["total"], view, t)), (t("applied_balance"), _money(balance, view, t))]
    return sums


def _tax(view: Object) -> int:
    return (view["session"].get("total_details") or {}).get("amount_tax") or 0


def _then(view: Object, t: Texts) -> str:
    if not view.get("next_at"):
        return ""
    return t("then", price=_next_price(view, t), date=format_date(view["next_at"], t.language))


def _next_price(view: Object, t: Texts) -> str:
    price = _money(view["next_amount"], view, t)
    return t.per_interval(price, interval=view["interval"], count=view["interval_count"])


def _button(view: Object, t: Texts) -> str:
    if view["today"]:
        return t("pay", amount=_money(view["today"], view, t))
    if view["mode"] != "subscription":
        return t("confirm")
    return t("start_trial") if _trial(view, t) else t("subscribe")


def _fine_print(view: Object, t: Texts) -> str:
    """What confirming allows, in the place where the button is."""
    if not view.get("next_at"):
        return ""
    date = format_date(view["next_at"], t.language)
    if view["card_required"]:
        name = "fine_print" if view["today"] else "fine_print_later"
        today, price = _money(view["today"], view, t), _next_price(view, t)
        return t(name, seller=view["seller"], today=today, price=price, date=date)
    # The other endings of a trial without a card (a pause, an unpaid invoice) promise less.
    return t("fine_print_no_card", date=date) if view.get("missing_payment_method") == "cancel" else ""


def _money(amount: int, view: Object, t: Texts) -> str:
    return format_money(amount, view["currency"], t.language)
