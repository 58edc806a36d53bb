"""X27: Can everybody use every page? axe finds no violation of WCAG 2.2 AA, light and dark, and nothing is wider than a phone."""

from collections.abc import Callable, Iterable

import pytest
from playwright.sync_api import Page, expect

from .conftest import Demo, People
from .looks import ADMIN_LOOKS, SITE_LOOKS, Look, complaints
from .steps import (
    Plan,
    buy,
    eventually,
    find_stripe_again,
    join,
    lose_stripe,
    newcomer,
    open_wizard,
    pay,
    press_pay,
    sell,
    switch_emails,
    unique,
)

#: Nobody need be anybody to read these.
PUBLIC = {
    "home": "/",
    "home in French": "/fr/",
    "courses": "/courses/",
    "live sessions": "/live/",
    "downloads": "/shop/",
    "about": "/about/",
    "contact": "/contact/",
    "terms": "/terms/",
    "memberships": "/memberships/",
    "a membership": "/memberships/the-workshop/",
    "a membership with a free trial without a card": "/memberships/first-clay/",
    "tiers side by side": "/memberships/tiers/1/",
    "behind the demo": "/demo/",
    "mailbox": "/demo/mailbox/",
    "mailbox without a hit": "/demo/mailbox/?q=nobody-wrote-this",
    "sign in": "/accounts/login/",
    "sign up": "/accounts/signup/",
    "password forgotten": "/accounts/password/reset/",
    "password mail sent": "/accounts/password/reset/done/",
    "wall before a course": "/courses/reading-the-kiln/",
    "wall before a lesson": "/courses/reading-the-kiln/cones-and-colour/",
    "wall before a live session": "/live/bring-your-collapsed-pot/",
    "wall before a product": "/shop/six-silhouettes/",
}
#: The people of the seed, each in a situation of their own, and the word that the account page has for it.
STANDINGS = {
    "camille": "Active",
    "lena": "Cancelled",
    "samuel": "Payment failed",
    "aiko": "Ended",
    "jonas": "Free trial",
    "priya": "Free trial",
    "marta": "Yours",
    "student": "You hold no membership at the moment.",
}
MEMBER = "/memberships/"
OF_A_MEMBER = {
    "invoices": f"{MEMBER}invoices/",
    "confirm": f"{MEMBER}the-glaze-bench/buy/",
    "a membership that one holds": f"{MEMBER}the-workshop/",
    "nothing was bought": f"{MEMBER}done/?session_id=cs_unknown",
    "course": "/courses/first-weeks-at-the-wheel/",
    "lesson": "/courses/first-weeks-at-the-wheel/wedge/",
    "lesson with a SCORM package": "/courses/reading-the-kiln/cones-and-colour/",
    "lesson with an H5P package": "/courses/glaze-without-guessing/what-is-in-the-bucket/",
    "live session": "/live/bring-your-collapsed-pot/",
    "product": "/shop/six-silhouettes/",
    "sign out": "/accounts/logout/",
    "password change": "/accounts/password/change/",
    "e-mail addresses": "/accounts/email/",
}
ADMIN = {
    "list": "memberships/",
    "list in one state": "memberships/?sale=draft",
    "ladders": "memberships/ladders/",
    "tiers in order": "memberships/ladders/1/",
    "make tiers of a membership": "memberships/ladders/of/3/",
    "delete tiers": "memberships/ladders/1/delete/",
    "Stripe settings": "memberships/stripe/",
    "e-mail settings": "memberships/emails/",
    "front page": "",
    "people": "memberships/people/",
    "people in one state": "memberships/people/?state=failing",
    "what was done for many people": "memberships/people/done/",
    "one person": "memberships/people/5/",
    "why one person can open it": "memberships/people/5/why/",
    "give one person access": "memberships/people/5/give/",
    "link a subscription": "memberships/people/5/link/",
    "merge two accounts": "memberships/people/5/merge/",
    "invoices": "memberships/invoices/",
    "what needs attention": "memberships/attention/",
    "recurring revenue": "memberships/reports/recurring/",
    "what was earned": "memberships/reports/earned/",
    "trials": "memberships/reports/trials/",
    "failed payments": "memberships/reports/payments/",
    "why people leave": "memberships/reports/leaving/",
    "payment settings": "memberships/payments/",
    "customer portal": "memberships/stripe/portal/",
}
DESK = ("", "customers", "subscriptions", "events", "webhooks", "requests")


@pytest.fixture
def look_at(demo: Demo) -> Callable[[Page, dict[str, str], tuple[Look, ...]], list[str]]:
    def look(page: Page, addresses: dict[str, str], looks: tuple[Look, ...]) -> list[str]:
        found = []
        for name, address in addresses.items():
            page.goto(address)
            found += complaints(page, name, looks)
        return found

    return look


def _all_well(found: Iterable[str]) -> None:
    assert not found, "\n".join(["", *found])


def _at(root: str, paths: dict[str, str]) -> dict[str, str]:
    return {name: f"{root}{path}" for name, path in paths.items()}


def test_everybodys_pages(people: People, demo: Demo, look_at: Callable):
    _all_well(look_at(people.window(), _at(demo.site, PUBLIC), SITE_LOOKS))


@pytest.mark.parametrize(("person", "word"), STANDINGS.items())
def test_the_account_in_every_standing(people: People, demo: Demo, person: str, word: str):
    page = people.signed_in(person)
    page.goto(f"{demo.site}/memberships/account/")
    expect(page.get_by_role("main")).to_contain_text(word)
    found = complaints(page, f"account of {person}")
    cancel = page.get_by_role("link", name="Cancel")
    if cancel.count():
        cancel.first.click()
        found += complaints(page, f"cancelling of {person}")
    _all_well(found)


def test_a_members_pages(people: People, demo: Demo, look_at: Callable):
    _all_well(look_at(people.signed_in("camille"), _at(demo.site, OF_A_MEMBER), SITE_LOOKS))


def test_the_way_through_a_purchase_and_its_mail(people: People, demo: Demo):
    student = newcomer(people, "Hana")
    join(student, f"{demo.site}/memberships/the-workshop/")
    page = student.page
    found = complaints(page, "hosted checkout")
    press_pay(page)
    expect(page.get_by_role("heading", name="There is a problem")).to_be_visible()
    found += complaints(page, "hosted checkout with errors")
    pay(student, demo)
    found += complaints(page, "done")
    page.goto(f"{demo.site}/memberships/invoices/")
    found += complaints(page, "invoices after a purchase")
    page.locator("main tbody a").first.click()
    page.wait_for_url(f"{demo.sandbox}/**")
    found += complaints(page, "hosted invoice")
    _all_well(found)


def test_a_mail(people: People, demo: Demo):
    switch_emails(people.signed_in("admin"), demo, to="on")
    student = buy(people, demo, f"{demo.site}/memberships/the-workshop/", name="Ines")
    page = student.page
    eventually(page, f"{demo.site}/demo/mailbox/?q={student.email.replace('@', '%40')}", "Welcome to The workshop")
    page.locator("main tbody a").first.click()
    found = complaints(page, "a mail")
    address = page.get_by_role("link", name="Open the HTML part alone").get_attribute("href")
    # The demo shows it where no script runs, not even axe.
    alone = page.context.new_page()
    alone.set_content(page.request.get(f"{demo.site}{address}").text())
    found += complaints(alone, "its HTML part")
    _all_well(found)


def test_the_sandboxs_dashboard(people: People, demo: Demo, look_at: Callable):
    page = people.window()
    found = look_at(page, {f"dashboard/{path}": f"{demo.desk}{path}" for path in DESK}, SITE_LOOKS)
    for path in DESK[1:]:
        page.goto(f"{demo.desk}{path}")
        page.locator("main tbody a").first.click()
        found += complaints(page, f"one of {path}")
    _all_well(found)


def test_giving_money_back(people: People, demo: Demo):
    page = people.signed_in("admin")
    page.goto(f"{demo.admin}memberships/invoices/?q=lena")
    page.get_by_role("link", name="Refund").first.click()
    expect(page.get_by_role("heading", name="Give money back")).to_be_visible()
    _all_well(complaints(page, "refund", ADMIN_LOOKS))


def test_the_admins_pages(people: People, demo: Demo, look_at: Callable):
    page = people.signed_in("admin")
    found = look_at(page, _at(demo.admin, ADMIN), ADMIN_LOOKS)
    page.goto(f"{demo.admin}memberships/emails/")
    page.get_by_label("Which memberships").select_option(label="The workshop")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("heading", name="The workshop")).to_be_visible()
    _all_well(found + complaints(page, "e-mail settings of one membership", ADMIN_LOOKS))


def test_the_wizards_steps_empty_filled_in_and_refused(people: People, demo: Demo):
    page = people.signed_in("creator")
    open_wizard(page, demo)
    found = complaints(page, "step 1, empty", ADMIN_LOOKS)
    # Only a title: the step names what it misses.
    page.locator("#id_title").fill(unique("Unfinished"))
    page.get_by_role("button", name="Next", exact=True).click()
    expect(page.get_by_role("button", name="Go to the first error")).to_be_visible()
    found += complaints(page, "step 1, refused", ADMIN_LOOKS)
    sell(page, demo, Plan(unique("Looked at"), trial_days=7))
    found += complaints(page, "list with the reminder", ADMIN_LOOKS)
    found += _steps_of(page, demo, "The workshop")
    _all_well(found)


def _steps_of(page: Page, demo: Demo, title: str) -> Iterable[str]:
    found = []
    page.goto(f"{demo.admin}memberships/")
    page.get_by_role("link", name=title, exact=True).click()
    for step in ("Main information", "Marketing products", "Settings"):
        page.locator("#lms-step-nav").get_by_role("link", name=step).click()
        expect(page.locator("#lms-step-nav [aria-current=step]")).to_contain_text(step)
        found += complaints(page, f"step “{step}”", ADMIN_LOOKS)
    return found


def test_the_page_without_stripe(people: People, demo: Demo):
    """U1, U2"""
    admin, creator = people.signed_in("admin"), people.signed_in("creator")
    try:
        lose_stripe(admin, demo)
        found = complaints(admin, "Stripe settings, broken", ADMIN_LOOKS)
        creator.goto(f"{demo.admin}memberships/")
        creator.get_by_role("link", name="Create a new membership").click()
        expect(creator.get_by_role("heading", name="Connect Stripe first").first).to_be_visible()
        found += complaints(creator, "connection missing", ADMIN_LOOKS)
    finally:
        find_stripe_again(admin, demo)
    _all_well(found)
