"""Are the sandbox's pages usable in a real browser: accessible, narrow, dark, by keyboard?"""

from __future__ import annotations

from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from lms_memberships.sandbox.server import Sandbox
from tests.sandbox_pages.conftest import OpenCheckout, card
from tests.sandbox_pages.visitor import Visitor

pytestmark = pytest.mark.browser

Scheme = Literal["light", "dark"]
ANA = "ana@school.test"
WCAG = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
LOOKS: list[tuple[Scheme, int]] = [("light", 1280), ("light", 360), ("dark", 1280), ("dark", 360)]


@pytest.fixture
def chromium(browser: Browser) -> Browser:
    return browser


@pytest.fixture
def addresses(api, checkout: OpenCheckout, visitor: Visitor, sandbox: Sandbox) -> dict[str, str]:
    """One of each page, with something on it."""
    bought, failing = checkout(), checkout(subscription_data={"trial_period_days": 7})
    visitor.press(visitor.get(bought.url), "Pay €19.00", email=ANA, **card())
    visitor.press(visitor.get(failing.url), "Start trial", email="bo@school.test", **card("4000000000000341"))
    sandbox.actions.advance_to_trial_end()
    trial = checkout(payment_method_collection="if_required", subscription_data={"trial_period_days": 7}, locale="fr")
    asked = visitor.press(visitor.get(checkout().url), "Pay €19.00", email=ANA, **card("4000002760003184"))
    subscription = api.v1.checkout.sessions.retrieve(failing.id).subscription
    invoice = api.v1.invoices.list({"subscription": subscription, "status": "open"}).data[0]
    # What is sent later would change the pages under the eyes of the test.
    assert sandbox.deliveries.drain(10)
    desk = f"{sandbox.url}/_sandbox"
    return {
        "checkout": checkout(allow_promotion_codes=True, consent_collection={"terms_of_service": "required"}).url,
        "trial without a card, in French": trial.url,
        "complete": bought.url,
        "bank": asked.location,
        "open invoice": invoice.hosted_invoice_url,
        "overview": f"{desk}/?note=clock",
        "customers": f"{desk}/customers",
        "customer": f"{desk}/customers/{invoice.customer}",
        "subscriptions": f"{desk}/subscriptions",
        "subscription": f"{desk}/subscriptions/{subscription}",
        "events": f"{desk}/events",
        "event": f"{desk}/events/{api.v1.events.list({'limit': 1}).data[0].id}",
        "webhooks": f"{desk}/webhooks",
        "delivery": f"{desk}/webhooks/{sandbox.deliveries.all()[0]['id']}",
        "requests": f"{desk}/requests",
        "request": f"{desk}/requests/{sandbox.requests.all()[0]['id']}",
        "not found": f"{sandbox.url}/c/pay/nothing",
    }


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_every_page_is_accessible_and_fits(chromium: Browser, addresses: dict[str, str], scheme: Scheme, width: int):
    context = chromium.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = context.new_page()
    complaints = []
    page.on("console", lambda said: complaints.append(said.text) if "Content Security Policy" in said.text else None)
    page.on("request", lambda asked: complaints.append(asked.url) if "127.0.0.1" not in asked.url else None)
    for name, address in addresses.items():
        page.goto(address)
        complaints += [f"{name}: {each}" for each in _complaints(page, width)]
    page.goto(addresses["checkout"])
    page.get_by_role("button", name="Pay €19.00").click()
    page.get_by_role("heading", name="There is a problem").wait_for()
    complaints += [f"errors: {each}" for each in _complaints(page, width)]
    context.close()
    assert complaints == []


def _complaints(page: Page, width: int) -> list[str]:
    page.wait_for_load_state()
    found = [
        f"{each['id']} {each['nodes'][0]['html']}" for each in Axe().run(page, options=WCAG).response["violations"]
    ]
    wide = page.evaluate("document.documentElement.scrollWidth")
    return found + ([f"{wide} pixels wide"] if wide > width else [])


def test_enter_in_a_field_pays_and_never_only_applies_a_code(
    api, chromium: Browser, checkout: OpenCheckout, sandbox: Sandbox
):
    session = checkout(
        allow_promotion_codes=True, success_url=f"{sandbox.url}/static/icon.svg?of={{CHECKOUT_SESSION_ID}}"
    )
    page = chromium.new_page()
    page.goto(session.url)
    page.get_by_label("E-mail").fill(ANA)
    page.get_by_label("Name on card").fill("Ana Lind")
    page.get_by_label("Card number").fill("4242424242424242")
    page.get_by_label("Expiry").fill("12/34")
    page.get_by_label("Security code").fill("123")
    page.get_by_label("Security code").press("Enter")
    page.wait_for_url(f"**/icon.svg?of={session.id}")
    page.close()
    assert api.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"


def test_a_card_is_chosen_from_the_list_with_the_keyboard(chromium: Browser, checkout: OpenCheckout):
    page = chromium.new_page()
    page.goto(checkout().url)
    page.get_by_text("Test cards").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_function("document.getElementById('card_number').value === '4242 4242 4242 4242'")
    assert page.get_by_label("Security code").input_value() == "123"
    page.close()
