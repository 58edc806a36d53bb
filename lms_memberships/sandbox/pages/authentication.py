"""What happens on the bank's page, ``/auth/{authentication}``, after a card that asks for 3-D Secure?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..actions import Actions
from ..http import Request, Response, redirect
from ..languages import format_money
from . import frame

if TYPE_CHECKING:
    from ..server import Sandbox


def answer(sandbox: Sandbox, request: Request, authentication_id: str) -> Response:
    view = sandbox.actions.view_authentication(authentication_id)
    t = frame.texts_for(request, locale=view.get("locale"))
    if request.method == "POST":
        decide = DECISIONS.get(request.form.get("button", ""), Actions.decline_authentication)
        outcome = decide(sandbox.actions, authentication_id)
        return redirect(outcome.redirect_url + (f"?{frame.DECLINED}=1" if outcome.kind == "declined" else ""))
    if view["status"] != "pending":
        return frame.notice(t, title=t("bank_done_title"), text=t("bank_done_text"))
    amount = format_money(view["amount"], view["currency"], t.language) if view["amount"] else t("bank_no_charge")
    card = f"{(view.get('card_brand') or '').title()} •••• {view['card_last4']}"
    facts = [(t("bank_seller"), view["seller"]), (t("bank_amount"), amount), (t("bank_card"), card)]
    return frame.page("pages/authentication.html", t, {"facts": facts})


DECISIONS = {"complete": Actions.approve_authentication, "fail": Actions.decline_authentication}
