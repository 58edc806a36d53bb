"""How does a test give a payment back in the admin? The page of the payment, its form, and what Stripe has then."""

import re

from django.urls import reverse

from tests.flows.steps import text


def page_of(held) -> str:
    return reverse("lms_memberships_refund", args=[held.invoices.get().pk])


def hidden(page: str) -> dict[str, str]:
    return dict(re.findall(r'type="hidden" name="(seen|token)" value="([^"]+)"', page))


def form(desk, url: str, **fields: str) -> dict[str, str]:
    shown = desk.get(url).content.decode()
    return {"amount": "19.00", "effect": "keep", "reason": "", **hidden(shown), **fields}


def look(desk, url: str, typed: dict[str, str]) -> str:
    """The first button: what would follow."""
    return text(desk.post(url, typed).content.decode())


def press(desk, url: str, typed: dict[str, str]) -> str:
    return text(desk.post(url, typed | {"press": "1"}, follow=True).content.decode())


def at_stripe(sandbox) -> list[int]:
    return sorted(each["amount"] for each in sandbox.store.all("refund", account=sandbox.account_id))
