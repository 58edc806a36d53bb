"""What does the billing portal, ``/p/session/{word}``, show, and what do its buttons do?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .. import sample_cards
from ..http import Request, Response, redirect
from ..languages import format_date, format_money
from ..outcomes import Outcome
from ..store import Object
from . import card_form, frame, refusals
from .card_form import TypedCard
from .texts import Texts

if TYPE_CHECKING:
    from ..server import Sandbox

# To which page a deep link leads: there is no way from it to the others.
FLOWS = {"payment_method_update": "card", "customer_update": "details", "subscription_cancel": "cancel"}
FEATURES = {
    "card": "payment_method_update",
    "details": "customer_update",
    "cancel": "subscription_cancel",
    "keep": "subscription_cancel",
    "change": "subscription_update",
}
FIELDS = ("name", "email", "line1", "postal_code", "city", "country")
BADGES = {"paid": "good", "open": "wait", "uncollectible": "bad"}


@dataclass(frozen=True)
class Visit:
    sandbox: Sandbox
    request: Request
    token: str
    view: Object
    t: Texts

    @property
    def home(self) -> str:
        return f"/p/session/{self.token}"

    @property
    def is_post(self) -> bool:
        return self.request.method == "POST"

    def subscription(self, subscription_id: str) -> Object | None:
        return next((each for each in self.view["subscriptions"] if each["id"] == subscription_id), None)

    def money(self, amount: int, currency: str) -> str:
        return format_money(amount, currency, self.t.language)

    def date(self, moment: int) -> str:
        return format_date(moment, self.t.language)

    def price(self, each: Object) -> str:
        price = self.money(each["amount"], each["currency"])
        return self.t.per_interval(price, interval=each["interval"], count=each["interval_count"])

    def page(self, template: str, *, title: str, errors: dict[str, str] | None = None, **more: object) -> Response:
        context = {
            "title": title,
            "seller": self.view["seller"],
            "home": self.home,
            "profile": self.view["profile"],
            "return_url": self.view["return_url"],
            "is_flow": self.view["flow"] is not None,
            "back": self.t("back_to", seller=self.view["seller"]),
            "errors": errors or {},
        }
        return frame.page(f"pages/{template}", self.t, context | more, status=422 if errors and self.is_post else 200)

    def done(self, outcome: Outcome) -> Response | None:
        """On to where this leads. A deep link that names no other place ends with a word of thanks."""
        if outcome.kind == "declined":
            return None
        if outcome.redirect_url or self.view["flow"] is None:
            return redirect(outcome.redirect_url or self.home)
        url = self.view["return_url"] or ""
        return frame.notice(
            self.t,
            title=self.t("portal_done_title"),
            text=self.t("portal_done_text"),
            url=url,
            link=self.t("back_to", seller=self.view["seller"]),
        )


def answer(sandbox: Sandbox, request: Request, token: str, rest: list[str]) -> Response | None:
    view = sandbox.actions.portal.view(token)
    t = frame.texts_for(request, locale=view.get("locale"))
    if view["status"] == "expired":
        return frame.notice(t, title=t("portal_expired_title"), text=t("portal_expired_text"), status=410)
    visit = Visit(sandbox, request, token, view, t)
    flow = FLOWS[view["flow"]["type"]] if view["flow"] else ""
    if not rest and flow:
        about = (view["flow"]["subscription_cancel"] or {}).get("subscription")
        return redirect("/".join(filter(None, (visit.home, flow, about))))
    if not rest:
        return _home(visit)
    if rest[0] not in PAGES or (flow and rest[0] != flow) or not view["features"][FEATURES[rest[0]]]["enabled"]:
        return None
    return PAGES[rest[0]](visit, *rest[1:2])


def _home(visit: Visit) -> Response:
    t, view = visit.t, visit.view
    features = view["features"]
    return visit.page(
        "portal.html",
        title=view["profile"]["headline"] or t("portal_title"),
        subscriptions=[_shown(visit, each) for each in view["subscriptions"]],
        has_card=features["payment_method_update"]["enabled"],
        card=_named(view["card"]) or t("portal_no_card"),
        has_details=features["customer_update"]["enabled"],
        details=[each for each in (view["customer"]["name"], view["customer"]["email"], *view["tax_ids"]) if each],
        has_invoices=features["invoice_history"]["enabled"],
        invoices=[_invoice(visit, each) for each in view["invoices"]],
    )


def _shown(visit: Visit, each: Object) -> Object:
    t = visit.t
    ends = each["cancel_at"]
    own = t("portal_own_card", card=_named(each["card"])) if each["card"] else ""
    return each | {
        "price": visit.price(each),
        "when": t("portal_ends", date=visit.date(ends))
        if ends
        else t("portal_renews", date=visit.date(each["period_end"])),
        "own_card": own,
        "cancel_label": t("portal_cancel", name=each["name"]),
        "keep_label": t("portal_keep", name=each["name"]),
        "change_label": t("portal_change", name=each["name"]),
    }


def _invoice(visit: Visit, invoice: Object) -> Object:
    return {
        "date": visit.date(invoice["created"]),
        "total": visit.money(invoice["total"], invoice["currency"]),
        "status": visit.t(f"status_{invoice['status']}"),
        "badge": BADGES.get(invoice["status"], ""),
        "number": invoice["number"],
        "url": invoice["hosted_invoice_url"],
    }


def _named(card: Object | None) -> str:
    return f"{card['brand'].title()} •••• {card['last4']}" if card else ""


def _card(visit: Visit, _rest: str = "") -> Response:
    if not visit.is_post:
        is_declined = frame.comes_back_declined(visit.request)
        return _card_form(visit, {"card_number": visit.t("authentication_failed")} if is_declined else {})
    if "card" in visit.request.form:
        number = sample_cards.group_digits(visit.request.form["card"])
        return _card_form(
            visit,
            {},
            {"card_number": number, "expiry": card_form.SAMPLE_EXPIRY, "cvc": card_form.SAMPLE_CVC},
        )
    typed = TypedCard.read(visit.request.form)
    wrong = typed.errors(visit.t, now=visit.sandbox.now())
    if wrong:
        return _card_form(visit, wrong)
    outcome = visit.sandbox.actions.portal.change_card(visit.token, **typed.fields())
    return visit.done(outcome) or _card_form(visit, refusals.beside_the_card(outcome.message, visit.t))


def _card_form(visit: Visit, errors: dict[str, str], values: dict[str, str] | None = None) -> Response:
    return visit.page(
        "portal_card.html",
        title=visit.t("portal_change_card"),
        errors=errors,
        values=visit.request.form if values is None else values,
        cards=sample_cards.all_cards(visit.t.language),
    )


def _details(visit: Visit, _rest: str = "") -> Response:
    allowed = visit.view["features"]["customer_update"]["allowed_updates"]
    if visit.is_post:
        form = visit.request.form
        country = form.get("country", "").strip().upper()
        if country and len(country) != 2:
            return _details_form(visit, allowed, form, {"country": visit.t("portal_country_wrong")})
        asked = {name: value for name, value in form.items() if name in (*FIELDS, "tax_id")} | {"country": country}
        outcome = visit.sandbox.actions.portal.change_details(visit.token, asked)
        return visit.done(outcome) or redirect(visit.home)
    customer = visit.view["customer"]
    values = {"name": customer["name"], "email": customer["email"], **(customer["address"] or {})}
    return _details_form(visit, allowed, values, {})


def _details_form(visit: Visit, allowed: list[str], values: Object, errors: dict[str, str]) -> Response:
    names: list[str] = [name for name in ("name", "email") if name in allowed]
    names += ["line1", "postal_code", "city", "country"] if "address" in allowed else []
    names += ["tax_id"] if "tax_id" in allowed else []
    labels = {"email": visit.t("email")}
    fields = [
        {
            "name": name,
            "label": labels.get(name) or visit.t(f"portal_{name}"),
            "value": values.get(name) or "",
            "error": errors.get(name, ""),
        }
        for name in names
    ]
    title = visit.t("portal_change_details")
    return visit.page("portal_details.html", title=title, errors=errors, fields=fields, tax_ids=visit.view["tax_ids"])


def _cancel(visit: Visit, subscription_id: str = "") -> Response | None:
    t, subscription = visit.t, visit.subscription(subscription_id)
    feature = visit.view["features"]["subscription_cancel"]
    if subscription is None or not (subscription["can_cancel"] or subscription["can_keep"]):
        return None
    if visit.is_post:
        feedback = visit.request.form.get("feedback", "")
        outcome = visit.sandbox.actions.portal.cancel(visit.token, subscription_id, feedback=feedback)
        # The second click of two finds it cancelled.
        return visit.done(outcome) or redirect(visit.home)
    is_now = feature["mode"] == "immediately"
    reasons = feature["cancellation_reason"]
    return visit.page(
        "portal_cancel.html",
        title=t("portal_cancel_title"),
        subscription=_shown(visit, subscription),
        text=t("portal_cancel_now") if is_now else t("portal_cancel_text", date=visit.date(subscription["period_end"])),
        reasons=[(each, t(f"reason_{each}")) for each in reasons["options"]] if reasons["enabled"] else [],
    )


def _keep(visit: Visit, subscription_id: str = "") -> Response | None:
    if not visit.is_post or visit.subscription(subscription_id) is None:
        return None
    return visit.done(visit.sandbox.actions.portal.keep(visit.token, subscription_id)) or redirect(visit.home)


def _change(visit: Visit, subscription_id: str = "") -> Response | None:
    subscription = visit.subscription(subscription_id)
    if subscription is None or not subscription["choices"]:
        return None
    if visit.is_post:
        price = visit.request.form.get("price", "")
        outcome = visit.sandbox.actions.portal.change_price(visit.token, subscription_id, price)
        return visit.done(outcome) or redirect(visit.home)
    choices = [each | {"price": visit.price(each)} for each in subscription["choices"]]
    shown = _shown(visit, subscription)
    return visit.page("portal_change.html", title=visit.t("portal_choose"), subscription=shown, choices=choices)


PAGES: dict[str, Callable[..., Response | None]] = {
    "card": _card,
    "details": _details,
    "cancel": _cancel,
    "keep": _keep,
    "change": _change,
}
