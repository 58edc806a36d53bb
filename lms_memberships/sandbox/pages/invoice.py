"""What does the hosted invoice, ``/i/{invoice}``, show, and how is it paid?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import sample_cards
from ..http import Request, Response, redirect
from ..languages import format_date, format_money
from ..store import Object
from . import card_form, frame, pdf, refusals
from .card_form import TypedCard
from .texts import Texts

if TYPE_CHECKING:
    from ..server import Sandbox

#: What is written off is still taken, as at Stripe.
PAYABLE = ("open", "uncollectible")
BADGES = {"paid": "good", "open": "wait", "uncollectible": "bad"}


def answer(sandbox: Sandbox, request: Request, invoice_id: str) -> Response:
    view = sandbox.actions.open_invoice(invoice_id)
    if request.method != "POST" or view["status"] not in PAYABLE:
        return _show(request, view)
    if "card" in request.form:
        return _use_card(request, view)
    return _pay(sandbox, request, view)


def download(sandbox: Sandbox, request: Request, invoice_id: str) -> Response:
    view = sandbox.actions.open_invoice(invoice_id)
    t = _texts(request, view)
    headers = {
        "Content-Type": "application/pdf",
        "Content-Disposition": f'inline; filename="{view["invoice"]["number"] or "draft"}.pdf"',
        "Cache-Control": "no-store",
    }
    return Response(200, headers, pdf.write(_as_text(view, t), title=_title(view, t)))


def _pay(sandbox: Sandbox, request: Request, view: Object) -> Response:
    t, card = _texts(request, view), TypedCard.read(request.form)
    wrong = card.errors(t, now=sandbox.now())
    if wrong:
        return _show(request, view, errors=wrong)
    invoice_id = view["invoice"]["id"]
    outcome = sandbox.actions.pay_hosted_invoice(invoice_id, **card.fields())
    if outcome.kind != "declined":
        return redirect(outcome.redirect_url or f"/i/{invoice_id}")
    view = sandbox.actions.open_invoice(invoice_id)
    if view["status"] not in PAYABLE:  # the second click of two
        return redirect(f"/i/{invoice_id}")
    return _show(request, view, errors=refusals.beside_the_card(outcome.message, t))


def _use_card(request: Request, view: Object) -> Response:
    number = sample_cards.group_digits(request.form.get("card", ""))
    sample = {"card_number": number, "expiry": card_form.SAMPLE_EXPIRY, "cvc": card_form.SAMPLE_CVC}
    return _show(request, view, values={**request.form, **sample})


def _show(
    request: Request, view: Object, *, errors: dict[str, str] | None = None, values: dict[str, str] | None = None
) -> Response:
    t, invoice = _texts(request, view), view["invoice"]
    if frame.comes_back_declined(request) and view["status"] == "open" and view.get("message"):
        errors = refusals.beside_the_card(view["message"], t)
    context = {
        "title": _title(view, t),
        "seller": view["seller"],
        "status": t(f"status_{view['status']}"),
        "badge": BADGES.get(view["status"], ""),
        "facts": _facts(view, t),
        "lines": _lines(view, t),
        "sums": _sums(view, t),
        "is_open": view["status"] in PAYABLE and not view["is_under_way"],
        "is_under_way": view["is_under_way"],
        "pay": t("pay", amount=format_money(view["amount_due"], view["currency"], t.language)),
        "pdf_url": f"/i/{invoice['id']}/pdf",
        "cards": sample_cards.all_cards(t.language),
        "errors": errors or {},
        "values": request.form if values is None else values,
    }
    return frame.page("pages/invoice.html", t, context, status=422 if errors and request.method == "POST" else 200)


def _title(view: Object, t: Texts) -> str:
    number = view["invoice"]["number"]
    return t("invoice_number", number=number) if number else t("invoice_draft")


def _facts(view: Object, t: Texts) -> list[tuple[str, str]]:
    invoice = view["invoice"]
    paid_at = (invoice.get("status_transitions") or {}).get("paid_at")
    to = ", ".join(filter(None, [invoice.get("customer_name"), invoice.get("customer_email")]))
    facts = [
        (t("bank_seller"), view["seller"]),
        (t("billed_to"), to),
        (t("issued"), format_date(invoice["created"], t.language)),
        (t("invoice_due"), format_date(invoice["due_date"], t.language) if invoice.get("due_date") else ""),
        (t("paid_label"), format_date(paid_at, t.language) if paid_at else ""),
    ]
    return [(label, value) for label, value in facts if value]


def _lines(view: Object, t: Texts) -> list[tuple[str, str, str]]:
    return [
        (line.get("description") or "", str(line.get("quantity") or 1), _money(line["amount"], view, t))
        for line in view["lines"]
    ]


def _sums(view: Object, t: Texts) -> list[tuple[str, str]]:
    invoice = view["invoice"]
    discount = sum(each["amount"] for each in invoice.get("total_discount_amounts") or [])
    tax = sum(each["amount"] for each in invoice.get("total_taxes") or [])
    sums = [(t("subtotal"), _money(invoice["subtotal"], view, t))] if discount or tax else []
    if discount:
        sums.append((t("discount", name="").strip(), _money(-discount, view, t)))
    if tax:
        sums.append((t("tax"), _money(tax, view, t)))
    sums.append((t("total"), _money(invoice["total"], view, t)))
    if invoice.get("amount_paid"):
        sums.append((t("amount_paid"), _money(invoice["amount_paid"], view, t)))
    if view["status"] == "open":
        sums.append((t("amount_due"), _money(view["amount_due"], view, t)))
    return sums


def _as_text(view: Object, t: Texts) -> list[pdf.Row]:
    """The same page, row by row, for the PDF."""
    rows = [pdf.Row(f"{t('sandbox')} – {t('no_real_money')}"), pdf.Row("")]
    rows += [pdf.Row(label, value) for label, value in _facts(view, t)]
    rows += [pdf.Row(t("status"), t(f"status_{view['status']}")), pdf.Row("")]
    rows += [pdf.Row(text, amount) for text, _, amount in _lines(view, t)]
    rows += [pdf.Row("")]
    return rows + [pdf.Row(label, amount) for label, amount in _sums(view, t)]


def _money(amount: int, view: Object, t: Texts) -> str:
    return format_money(amount, view["currency"], t.language)


def _texts(request: Request, view: Object) -> Texts:
    return frame.texts_for(request, locale=view.get("locale"))
