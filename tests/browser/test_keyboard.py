"""Can a creator use the wizard without a mouse? From the list to published, and the focus is always in sight."""

import re

from playwright.sync_api import ElementHandle, Locator, Page, expect

from . import steps
from .conftest import Demo, People
from .steps import COURSE, PRODUCT, unique

#: More presses than any page of ours needs; somebody who needs more is lost.
MANY = 90
SCROLLS_WITHIN = 2_000
#: Where the focus is, whether it is drawn, and whether anything lies over all of it (WCAG 2.4.7, 2.4.11).
FOCUS = """(target) => {
  const here = document.activeElement;
  const box = here.getBoundingClientRect();
  const style = getComputedStyle(here);
  const points = [[0.5, 0.5], [0.05, 0.5], [0.95, 0.5], [0.5, 0.1], [0.5, 0.9]];
  const inSight = points.some(([x, y]) => {
    const hit = document.elementFromPoint(box.left + box.width * x, box.top + box.height * y);
    return hit && (here.contains(hit) || hit.closest('label')?.control === here);
  });
  const drawn = (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== 'none';
  return {
    arrived: here === target,
    nowhere: here === document.body,
    problem: here === document.body || (inSight && drawn) ? '' :
      `${drawn ? '' : 'no focus ring '}${inSight ? '' : 'out of sight '}at ${here.outerHTML.slice(0, 160)}`,
  };
}"""


class Keyboard:
    """A person with a keyboard and no mouse, who notes where the focus could not be seen."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.lost: list[str] = []

    def go_to(self, target: Locator) -> None:
        """Tab until it has the focus."""
        element = target.element_handle()
        assert element is not None
        for _press in range(MANY):
            if self._tab_arrives_at(element):
                return
        raise AssertionError(f"{target} is not reached with {MANY} presses of Tab")

    def _tab_arrives_at(self, element: ElementHandle) -> bool:
        self.page.keyboard.press("Tab")
        found = self.page.evaluate(FOCUS, element)
        if found["problem"] and found["problem"] not in self.lost:
            self._wait_until_in_sight(found["problem"], element)
        return found["arrived"]

    def _wait_until_in_sight(self, problem: str, element: ElementHandle) -> None:
        """Scrolling takes a moment; what is still hidden then is lost."""
        try:
            steps.wait_until(self.page, f"(target) => !({FOCUS})(target).problem", element, within=SCROLLS_WITHIN)
        except steps.NotInTime:
            self.lost.append(problem)

    def press(self, target: Locator, key: str) -> None:
        self.go_to(target)
        self.page.keyboard.press(key)

    def write(self, target: Locator, text: str) -> None:
        self.go_to(target)
        self.page.keyboard.press("Control+a")
        self.page.keyboard.type(text)


def test_the_wizard_from_the_list_to_published_with_the_keyboard_alone(people: People, demo: Demo):
    """U9, U20, U23, U27"""
    page = people.signed_in("creator")
    title = unique("Hands only")
    page.goto(f"{demo.admin}memberships/")
    keyboard = Keyboard(page)
    keyboard.press(page.get_by_role("link", name="Create a new membership"), "Enter")
    page.wait_for_url("**/add/")
    _write_main_information(page, keyboard, title)
    _move_on(page, keyboard, "bundle")
    for name in (COURSE, PRODUCT):
        box = page.get_by_role("checkbox", name=name, exact=True)
        keyboard.press(box, "Space")
        expect(box).to_be_checked()
    _move_on(page, keyboard, "publish")
    keyboard.press(page.get_by_role("button", name="Publish", exact=True), "Enter")
    expect(page.get_by_role("link", name="See it as students do")).to_be_visible()
    row = page.locator("main tr", has_text=title)
    expect(row).to_contain_text("€120.00 per year")
    expect(row).to_contain_text("On sale", ignore_case=True)
    assert keyboard.lost == []


def _write_main_information(page: Page, keyboard: Keyboard, title: str) -> None:
    keyboard.write(page.locator("#id_title"), title)
    keyboard.press(page.get_by_role("toolbar", name="Formatting").get_by_role("button").first, "ArrowRight")
    keyboard.write(page.locator("#id_description"), "With **both** hands.")
    expect(page.locator(".lms-markdown__preview strong")).to_have_text("both")
    keyboard.write(page.locator("#id_price_amount"), "120")
    keyboard.go_to(page.locator("#id_interval"))
    page.keyboard.type("Year")
    expect(page.locator("#id_interval option:checked")).to_have_text("Yearly")
    keyboard.write(page.locator("#id_trial_days"), "14")
    switch = page.locator("#id_trial_requires_card")
    was_on = switch.is_checked()
    keyboard.press(switch, "Space")
    assert switch.is_checked() is not was_on


def _move_on(page: Page, keyboard: Keyboard, step: str) -> None:
    keyboard.press(page.get_by_role("button", name="Next", exact=True), "Enter")
    page.wait_for_url(re.compile(rf"/edit/[^/]+/{step}/"))
    expect(page.locator("#lms-step-nav [aria-current=step]")).to_be_visible()
