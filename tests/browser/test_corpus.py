"""Does a real browser run anything of a description that was written to attack it? The whole corpus, on one page (T18, S11)."""

import html

import pytest
from playwright.sync_api import Browser, Route

from lms_memberships.safe_html import clean_html, render_markdown
from tests.test_safe_html import PAYLOADS

pytestmark = pytest.mark.browser

#: Hears whatever calls out, and follows no link to elsewhere.
EARS = """
window.heard = [];
for (const name of ["alert", "confirm", "prompt", "print", "open"]) window[name] = (...said) => window.heard.push(name + said);
window.addEventListener("click", (event) => {
    const link = event.composedPath().find((each) => each.href);
    if (link && !/^javascript:/i.test(String(link.href))) event.preventDefault();
}, true);
"""
#: What a visitor does, on every element.
TOUCHED = """() => {
    for (const element of document.body.querySelectorAll("*"))
        for (const kind of ["mouseover", "mouseenter", "pointerover", "focus", "focusin", "input", "click", "toggle", "animationstart", "wheel"])
            element.dispatchEvent(new MouseEvent(kind, {bubbles: true, cancelable: true}));
}"""
PLACE = "http://corpus.example/"
CONTROL = "<img src=x onerror=\"alert('control')\">"


def heard(browser: Browser, parts: list[str]) -> tuple[list[str], list[str]]:
    """What ran, and what was asked of the network, on a page without any policy that would have helped."""
    page = browser.new_page()
    asked: list[str] = []
    text = "<!doctype html><script>" + EARS + "</script>" + "".join(parts)

    def answer(route: Route) -> None:
        if route.request.url == PLACE:
            route.fulfill(body=text, content_type="text/html; charset=utf-8")
        else:
            asked.append(route.request.url)
            route.abort()

    try:
        page.route("**/*", answer)
        page.goto(PLACE)
        page.evaluate(TOUCHED)
        page.wait_for_timeout(500)
        return page.evaluate("window.heard"), asked
    finally:
        page.close()


@pytest.mark.parametrize("cleaned", [lambda text: render_markdown(text).html, clean_html], ids=["described", "cleaned"])
def test_nothing_of_the_corpus_runs_in_chromium(browser: Browser, cleaned):
    """T18, S11: 0 executed, 0 loaded. The control on the same page is heard: one that nobody cleaned."""
    assert len(PAYLOADS) >= 200
    parts = [f"<section>{cleaned(payload)}</section>" for payload in PAYLOADS]
    ran, asked = heard(browser, [*parts, CONTROL])
    assert ran == ["alertcontrol"]
    assert asked == [f"{PLACE}x"]


def test_the_same_corpus_runs_when_nobody_cleans_it(browser: Browser):
    """T18, S11, negative control: each in a frame of its own, so that none hides the next."""
    ears = html.escape(f"<script>{EARS.replace('window.heard.push', 'parent.heard.push')}</script>")
    frames = [f'<iframe srcdoc="{ears}{html.escape(payload)}"></iframe>' for payload in PAYLOADS]
    ran, _asked = heard(browser, frames)
    assert len(ran) >= 30
