"""How is a page looked at? Light and dark, wide and narrow, each time with axe and a ruler."""

from dataclasses import dataclass
from typing import Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from . import steps

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
WIDE, NARROW = 1280, 360
#: The class with which Wagtail's account settings choose a theme; with "system" the browser's scheme decides.
THEME_CLASSES = "[...document.documentElement.classList].filter((each) => each.startsWith('w-theme-'))"


@dataclass(frozen=True)
class Look:
    """One way in which a page is shown. ``theme`` is Wagtail's, which may contradict the browser's scheme."""

    scheme: Literal["light", "dark"]
    width: int
    theme: str = ""


SITE_LOOKS = tuple(Look(scheme, width) for scheme in ("light", "dark") for width in (WIDE, NARROW))
ADMIN_LOOKS = (*SITE_LOOKS, Look("light", WIDE, theme="dark"), Look("dark", WIDE, theme="light"))

#: What Wagtail's own pages have, too: rule → (selector prefix → reason). Ours stay inside the same elements.
WAGTAILS_OWN: dict[str, dict[str, str]] = {
    # Every form of Wagtail 8.0 has it: 22 pixels wide where 24 are asked for, and only on narrow screens.
    "target-size": {"#w-minimap-toggle": "the button that opens the list of a form's sections"},
}


def complaints(page: Page, name: str, looks: tuple[Look, ...] = SITE_LOOKS) -> list[str]:
    """What is wrong with the page that is open, in all these looks."""
    found = []
    page.evaluate(Axe().axe_script)
    for look in looks:
        _put_on(page, look)
        said = f"{name} ({look.scheme}{f', theme {look.theme}' if look.theme else ''}, {look.width} px)"
        found += [f"{said}: {violation}" for violation in _violations(page)]
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > look.width:
            found.append(f"{said}: {wide} pixels wide")
    _put_on(page, looks[0])
    return found


def _put_on(page: Page, look: Look) -> None:
    page.set_viewport_size({"width": look.width, "height": 900})
    page.emulate_media(color_scheme=look.scheme, reduced_motion="reduce")
    if look.theme or page.evaluate(f"{THEME_CLASSES}.length"):
        page.evaluate(
            f"(theme) => {{ const classes = document.documentElement.classList;"
            f" {THEME_CLASSES}.forEach((each) => classes.remove(each)); classes.add('w-theme-' + theme); }}",
            look.theme or "system",
        )
    # Colours that are on their way would be measured half-way.
    steps.wait_until(
        page,
        "() => document.getAnimations().every((each) => each.effect.getTiming().iterations === Infinity"
        " || each.playState !== 'running')",
    )


def _violations(page: Page) -> list[str]:
    answer = page.evaluate(
        "(tags) => axe.run(document, {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations']})", WCAG
    )
    return [
        f"{rule['id']} at {node['target']}: {node['html'][:160]} | {node['failureSummary'].splitlines()[-1].strip()[:160]}"
        for rule in answer["violations"]
        for node in rule["nodes"]
        if not _is_wagtails_own(rule["id"], str(node["target"][-1]))
    ]


def _is_wagtails_own(rule: str, selector: str) -> bool:
    return any(selector.startswith(prefix) for prefix in WAGTAILS_OWN.get(rule, {}))
