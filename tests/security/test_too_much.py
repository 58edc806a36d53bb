"""Can a description keep a server busy? What is too long or made of signs is shown as it was typed (S12)."""

import time

import pytest

from lms_memberships import safe_html
from lms_memberships.safe_html import LONGEST, is_too_much, plain_text, render_markdown
from tests.test_safe_html import dangers

MANY = 100_000
PROSE = "Every **Tuesday** we throw [pots](https://school.test/pots) on the wheel, and on Thursdays we glaze them.\n\n"
#: What the parsers of Markdown and of HTML have choked on, in this one and in others.
ATTACKS = {
    "brackets": "[",
    "stars": "*",
    "backticks": "`",
    "underscores": "_",
    "parentheses": "(",
    "pictures": "![",
    "links in links": "[](",
    "half links": "[a](",
    "emphasis": "a*_",
    "tags": "<a ",
    "angles": "<",
    "entities": "&",
    "quotes": "> ",
    "tasks": "- [ ] x\n",
    "numbers": "1. a\n",
    "headings": "# a\n",
    "addresses": "http://a ",
    "definitions": "[x]: y\n",
    "cells": "|a",
    "strikes": "~~a ",
    "escapes": "\\",
    "lines": "a\n",
}
NESTED = {
    "deep quotes": "\n".join(">" * depth + " a" for depth in range(1, 300)),
    "deep lists": "\n".join("  " * depth + "- x" for depth in range(200)),
    "growing backticks": "".join("`" * length + "a" for length in range(1, 400)),
    "a wide table": "|a" * 2_000 + "\n" + "|-" * 2_000 + "\n" + "|b" * 2_000,
    "matching brackets": "[" * 20_000 + "]" * 20_000,
}


def seconds(text: str) -> float:
    """The processor's time, not the clock's: other tests run beside this one."""
    begun = time.process_time()
    render_markdown(text)
    plain_text(text)
    return time.process_time() - begun


def as_long_as_it_is_rendered(part: str) -> str:
    """The most of it that still goes to the parser."""
    low, high = 1, LONGEST
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (low, middle - 1) if is_too_much(part * middle) else (middle, high)
    return part * low


@pytest.fixture(scope="module")
def ordinary() -> float:
    """The longest ordinary text that is rendered, in this run, on this machine."""
    text = as_long_as_it_is_rendered(PROSE)
    return min(seconds(text) for _time in range(3))


@pytest.mark.parametrize("name", ATTACKS)
def test_no_text_takes_much_longer_than_an_ordinary_one(name, ordinary):
    """S12: at the very limit, where it is rendered for the last time; the ratio, in one run."""
    worst = as_long_as_it_is_rendered(ATTACKS[name])
    assert min(seconds(worst) for _time in range(2)) < 6 * ordinary + 0.02


@pytest.mark.parametrize("name", [*ATTACKS, *NESTED])
def test_a_flood_of_signs_is_shown_as_it_was_typed(name, ordinary):
    """S12: 100,000 of each, and deep nesting; shown, and fast."""
    text = NESTED.get(name) or ATTACKS[name] * (MANY // len(ATTACKS[name]))
    assert min(seconds(text) for _time in range(2)) < 6 * ordinary + 0.02
    assert dangers(render_markdown(text).html) == []
    if is_too_much(text):
        assert set(render_markdown(text).html) <= set(text) | set("<p>/&lt;gtamp;#x27quo\n")


def test_without_the_limit_the_same_texts_take_much_longer(ordinary, monkeypatch):
    """S12, negative control"""
    monkeypatch.setattr(safe_html, "is_too_much", lambda text: False)
    slow = [name for name in ("pictures", "tasks", "numbers") if seconds(ATTACKS[name] * 6_000) > 12 * ordinary]
    assert slow


def test_an_ordinary_long_description_is_rendered():
    """S12: the limit is for nobody who writes."""
    text = "".join(
        f"## Week {week}\n\n{PROSE}{'We mix clay, and wait. ' * 20}\n\n- wheel\n- kiln\n\n" for week in range(30)
    )
    assert len(text) > 15_000
    assert not is_too_much(text)
    assert "<strong>Tuesday</strong>" in render_markdown(text).html


def test_what_is_too_long_loses_nothing_but_its_form():
    """S12"""
    text = "Clay & <b>glaze</b>\n\n" * 4_000
    html = render_markdown(text).html
    assert html.startswith("<p>Clay &amp; &lt;b&gt;glaze&lt;/b&gt;</p>\n<p>Clay")
    assert plain_text(text).startswith("Clay & <b>glaze</b> Clay")
    assert len(html) < 4 * LONGEST


def test_the_wizard_takes_less_than_the_limit():
    """S12"""
    from lms_memberships.wizard.information_form import InformationForm

    assert InformationForm.base_fields["description"].max_length < LONGEST
