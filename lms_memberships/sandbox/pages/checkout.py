"""What happens on the hosted checkout page, ``/c/pay/{session}``?"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .. import sample_cards
from ..actions import Outcome
from ..http import Request, Response, redirect
from ..store import Object
from . import card_form, frame, iban_form, order, refusals
from .card_form import TypedCard
from .texts import Texts

if TYPE_CHECKING:
    from ..server import Sandbox

EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")

GOES_ON = ("paid", "started", "processing", "authentication_required")


def answer(sandbox: Sandbox, request: Request, session_id: str) -> Response:
    view = sandbox.actions.open_checkout(session_id)
    if view["status"] != "open":
        return _over(request, view)
    if request.method != "POST":
        return _form(sandbox, request, view)
    samples = [name for field, name in SAMPLES.items() if field in request.form]
    button = samples[0] if samples else request.form.get("button", "pay")
    return BUTTONS.get(button, _pay)(sandbox, request, view)


def _pay(sandbox: Sandbox, request: Request, view: Object) -> Response:
    t = _texts(request, view)
    if _has_new_code(view, request):
        return _apply_code(sandbox, request, view)
    wrong = _errors(sandbox, request, view, t)
    if wrong:
        return _form(sandbox, request, view, errors=wrong)
    outcome = _send(sandbox, request, view)
    if outcome.kind in GOES_ON:
        return redirect(outcome.redirect_url)
    view = sandbox.actions.open_checkout(view["session"]["id"])
    if view["status"] != "open":  # the second click of two goes where the first one went
        return _over(request, view)
    if _iban(view, request):
        return _form(sandbox, request, view, errors=iban_form.refusal(outcome, t))
    return _form(sandbox, request, view, errors=refusals.beside_the_card(outcome.message, t))


def _send(sandbox: Sandbox, request: Request, view: Object) -> Outcome:
    session_id = view["session"]["id"]
    email = view.get("email") or request.form.get("email", "").strip()
    name = request.form.get("name", "").strip()
    card, iban = TypedCard.read(request.form), _iban(view, request)
    if iban:
        return sandbox.actions.pay_checkout_by_debit(session_id, email=email, name=name, iban=iban)
    if card.is_empty():
        return sandbox.actions.start_trial_without_card(session_id, email=email, name=name)
    return sandbox.actions.pay_checkout(session_id, email=email, name=name, **card.fields())


def _use_card(sandbox: Sandbox, request: Request, view: Object) -> Response:
    sample = {
        "card_number": sample_cards.group_digits(request.form.get("card", "")),
        "expiry": card_form.SAMPLE_EXPIRY,
        "cvc": card_form.SAMPLE_CVC,
    }
    return _form(sandbox, request, view, values={**request.form, **sample})


def _use_account(sandbox: Sandbox, request: Request, view: Object) -> Response:
    no_card = dict.fromkeys(card_form.FIELDS, "")
    iban = sample_cards.group_digits(request.form.get("account", ""))
    return _form(sandbox, request, view, values={**request.form, **no_card, "iban": iban})


def _iban(view: Object, request: Request) -> str:
    return request.form.get("iban", "").strip() if view["takes_debits"] else ""


def _apply_code(sandbox: Sandbox, request: Request, view: Object) -> Response:
    t, code = _texts(request, view), request.form.get("promotion_code", "").strip()
    if not code:
        return _form(sandbox, request, view, errors={"promotion_code": t("promotion_missing")})
    outcome = sandbox.actions.apply_promotion_code(view["session"]["id"], code)
    if outcome.kind == "declined":
        return _form(sandbox, request, view, errors={"promotion_code": refusals.words(outcome.message, t)})
    view = sandbox.actions.open_checkout(view["session"]["id"])
    return _form(sandbox, request, view, message=t("promotion_applied", code=view["promotion_code"]))


def _remove_code(sandbox: Sandbox, request: Request, view: Object) -> Response:
    sandbox.actions.apply_promotion_code(view["session"]["id"], "")
    view = sandbox.actions.open_checkout(view["session"]["id"])
    return _form(sandbox, request, view, values={**request.form, "promotion_code": ""})


SAMPLES = {"card": "use_card", "account": "use_account"}
BUTTONS = {
    "pay": _pay,
    "use_card": _use_card,
    "use_account": _use_account,
    "apply": _apply_code,
    "remove": _remove_code,
}


def _has_new_code(view: Object, request: Request) -> bool:
    """Typed but not yet applied: the amount on the button is then not the one that the person expects."""
    return bool(request.form.get("promotion_code", "").strip()) and not view.get("promotion_code")


def _errors(sandbox: Sandbox, request: Request, view: Object, t: Texts) -> dict[str, str]:
    email, card = request.form.get("email", "").strip(), TypedCard.read(request.form)
    iban = _iban(view, request)
    found = {}
    if not view.get("email"):
        found["email"] = "email_missing" if not email else "" if EMAIL.fullmatch(email) else "email_wrong"
    needs_payment = view["card_required"] or not card.is_empty()
    if needs_payment or iban:
        found["name"] = "" if request.form.get("name", "").strip() else "name_missing"
    errors = {field: t(name) for field, name in found.items() if name}
    if iban:
        errors |= iban_form.error(iban, t, has_card=not card.is_empty())
    elif needs_payment:
        errors |= card.errors(t, now=sandbox.now())
    if _asks_for_terms(view) and "terms" not in request.form:
        errors["terms"] = t("terms_missing")
    return errors


def _asks_for_terms(view: Object) -> bool:
    return (view["session"].get("consent_collection") or {}).get("terms_of_service") == "required"


def _form(
    sandbox: Sandbox,
    request: Request,
    view: Object,
    *,
    errors: dict[str, str] | None = None,
    message: str = "",
    values: dict[str, str] | None = None,
) -> Response:
    t = _texts(request, view)
    if frame.comes_back_declined(request) and view.get("message"):
        errors = refusals.beside_the_card(view["message"], t)
    context = {
        "order": order.describe(view, t),
        "view": view,
        "values": {"name": view.get("customer_name") or "", **(values if values is not None else request.form)},
        "errors": errors or {},
        "message": message,
        "asks_for_terms": _asks_for_terms(view),
        "terms": t("terms", seller=view["seller"]),
        "shows_card": view["card_required"] or view["mode"] == "subscription",
        "cards": sample_cards.all_cards(t.language),
        "accounts": iban_form.all_accounts(t) if view["takes_debits"] else [],
        "mandate": t("mandate", seller=view["seller"]),
        "back": t("back_to", seller=view["seller"]),
        "remove_code": t("remove_code", code=view.get("promotion_code") or ""),
    }
    return frame.page("pages/checkout.html", t, context, status=422 if errors and request.method == "POST" else 200)


def _over(request: Request, view: Object) -> Response:
    """Complete or expired. A form that comes too late, the second of two, goes on to the seller."""
    t, seller = _texts(request, view), view["seller"]
    if view["status"] != "complete":
        title, text, link = t("expired_title"), t("expired_text", seller=seller), t("back_to", seller=seller)
        return frame.notice(t, title=title, text=text, url=view["cancel_url"] or "", link=link)
    url = (view["success_url"] or "").replace("{CHECKOUT_SESSION_ID}", view["session"]["id"])
    if request.method == "POST" and url:
        return redirect(url)
    title, text, link = t("completed_title"), t("completed_text"), t("continue_to", seller=seller)
    return frame.notice(t, title=title, text=text, url=url, link=link)


def _texts(request: Request, view: Object) -> Texts:
    return frame.texts_for(request, locale=view["session"].get("locale"))
