"""X27: Can every column of every list in the admin be reached on a telephone? What is wider than the screen scrolls."""

import pytest

from .conftest import Demo, People

WIDTH = 390
#: Lists that the seed has filled.
LISTS = {
    "memberships": "memberships/",
    "people": "memberships/people/",
    "invoices": "memberships/invoices/",
    "webhook events": "memberships/queues/webhooks/",
    "deliveries": "memberships/queues/deliveries/",
    "invitations": "memberships/invitations/",
    "gifts": "memberships/gifts/",
    "offered as gifts": "memberships/gifts/offers/",
    "ladders": "memberships/ladders/",
    "recurring revenue": "memberships/reports/recurring/",
}
#: Tables, or cells of theirs, that reach beyond the screen, and that nothing around them lets anybody scroll to.
OUT_OF_REACH = """() => {
    const screen = document.documentElement.clientWidth + 1;
    const end = (each) => each.getBoundingClientRect().right;
    const scrolls = (each) => {
        for (let around = each; around && around.tagName !== "MAIN"; around = around.parentElement) {
            const moves = ["auto", "scroll"].includes(getComputedStyle(around).overflowX);
            if (moves && end(around) <= screen) {
                return around.tabIndex === 0 && around.getAttribute("role") === "region"
                    && Boolean(around.getAttribute("aria-label"));
            }
        }
        return false;
    };
    return [...document.querySelectorAll("main :is(table, th, td)")]
        .filter((each) => end(each) > screen && !scrolls(each))
        .map((each) => `${each.tagName} until ${Math.round(end(each))}: ${each.innerText.slice(0, 40)}`);
}"""


@pytest.mark.parametrize("name", LISTS)
def test_what_is_wider_than_a_telephone_can_be_scrolled_to(people: People, demo: Demo, name: str):
    page = people.signed_in("admin", viewport={"width": WIDTH, "height": 844})
    page.goto(f"{demo.admin}{LISTS[name]}")
    page.wait_for_load_state("networkidle")
    assert page.locator("main table td").count(), "there is nothing to see"
    found = page.evaluate(OUT_OF_REACH)
    assert not found, "\n".join(["", *found])


def test_the_last_column_comes_into_view(people: People, demo: Demo):
    """By keys alone: the region can be focused, and the arrow moves it."""
    page = people.signed_in("admin", viewport={"width": WIDTH, "height": 844})
    page.goto(f"{demo.admin}{LISTS['people']}")
    last = page.locator("main table thead th").last
    assert last.bounding_box()["x"] > WIDTH, "it is to the right of the screen"
    page.get_by_role("region", name="People").focus()
    for _press in range(40):
        page.keyboard.press("ArrowRight")
    page.wait_for_function(
        "() => document.querySelector('main table thead th:last-child').getBoundingClientRect().x < 390"
    )
