"""What does every page of the dashboard know: whose account, the time, the way around?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..http import Request, Response, redirect
from ..languages import format_moment, format_money
from ..screens import render
from ..store import Object

if TYPE_CHECKING:
    from ..server import Sandbox

COOKIE = "sandbox_account"

SECTIONS = {
    "": "Overview",
    "customers": "Customers",
    "subscriptions": "Subscriptions",
    "payments": "Payments",
    "promotions": "Promotion codes",
    "portal": "Customer portal",
    "events": "Events",
    "webhooks": "Webhooks",
    "requests": "API requests",
}

# What is said after a button was pressed: /_sandbox/…?note=key
NOTES = {
    "clock": "The clock has moved. Everything that fell due on the way has happened.",
    "account": "You are looking at another account.",
    "mode": "Webhooks are now handled as you chose.",
    "card": "The card has been replaced.",
    "cards": "The customer has no card any more.",
    "canceled": "The subscription has been cancelled.",
    "canceling": "The subscription ends with the current period.",
    "kept": "The subscription goes on.",
    "refunded": "The last payment has been refunded.",
    "given-back": "The money is on its way back.",
    "refund-failed": "The bank could not give the money back: the refund has failed.",
    "disputed": "Whoever paid has gone to their bank.",
    "decided": "The dispute stands as you chose.",
    "promotion-made": "The coupon and its code have been made.",
    "promotion-retired": "Nobody can redeem this code any more. Discounts already given go on.",
    "portal-switching": "Customers may change the price in the portal now.",
    "retried": "The payment went through, or is under way.",
    "answered": "The bank has answered.",
    "resent": "The event has been sent again.",
    "resent-nobody": "No endpoint listens to this type of event: nothing was sent.",
}

BADGES = {
    "active": "good", "paid": "good", "succeeded": "good", "delivered": "good", "enabled": "good", "complete": "good", "won": "good",
    "trialing": "", "open": "wait", "incomplete": "wait", "pending": "wait", "paused": "wait", "processing": "wait",
    "needs_response": "wait", "under_review": "wait", "lost": "bad",
    "past_due": "bad", "unpaid": "bad", "failed": "bad", "uncollectible": "bad", "incomplete_expired": "bad",
}  # fmt: skip


class Desk:
    def __init__(self, sandbox: Sandbox, request: Request) -> None:
        self.sandbox = sandbox
        self.request = request
        self.accounts = sandbox.store.accounts()
        wanted = request.cookie(COOKIE)
        self.account = wanted if wanted in self.accounts else sandbox.account_id

    def all(self, kind: str) -> list[Object]:
        """Newest first."""
        return self.sandbox.store.all(kind, account=self.account)

    def one(self, kind: str, object_id: str | None) -> Object | None:
        return self.sandbox.store.one(kind, object_id, account=self.account) if object_id else None

    def page(self, template: str, *, title: str, section: str, **context: object) -> Response:
        query = self.request.query
        frame = {
            "title": title,
            "section": section,
            "sections": SECTIONS,
            "accounts": self.accounts if len(self.accounts) > 1 else [],
            "account": self.account,
            "now": format_moment(self.sandbox.now()),
            "site_url": getattr(self.sandbox, "site_url", None),
            "note": NOTES.get(query.get("note", ""), ""),
        }
        return render(f"dashboard/{template}", frame | context)

    def back(self, path: str, *, note: str) -> Response:
        return redirect(f"/_sandbox/{path}?note={note}" if path else f"/_sandbox/?note={note}")

    def refuse(self, message: str, *, back: str) -> Response:
        response = self.page("refusal.html", title="That did not work", section="-", message=message, back=back)
        response.status = 422
        return response


def badge(status: str) -> str:
    return BADGES.get(status, "")


def words(status: str) -> str:
    return status.replace("_", " ").capitalize()


def money(amount: int, currency: str) -> str:
    return format_money(amount, currency, "en")
