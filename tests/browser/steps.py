"""What do people do in the demo, press by press? The steps that several journeys share."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urljoin
from uuid import uuid4

from playwright.sync_api import Locator, Page, expect

from .conftest import PATIENCE, Demo, People

GOOD_CARD = "4242 4242 4242 4242"
#: Can be stored, and every later charge of it fails.
FAILING_CARD = "4000 0000 0000 0341"
PASSWORD = "three-bowls-and-a-lid"
COURSE = "Reading the kiln"
COURSE_PATH = "/courses/reading-the-kiln/"
PRODUCT = "Six silhouettes, a poster"
PRODUCT_PATH = "/shop/six-silhouettes/"
#: Longer than any test moves the clock.
FAR_DAY, FAR_EVENING = "2031-05-06 18:00", "2031-05-06 19:30"


@dataclass(frozen=True)
class Plan:
    """What a creator types into the wizard."""

    title: str
    price: str = "19"
    trial_days: int = 0
    asks_for_card: bool = True
    contents: Sequence[str] = (COURSE, PRODUCT)


def unique(words: str) -> str:
    """A title or name that no other test uses, even in a demo that was used before."""
    return f"{words} {uuid4().hex[:6]}"


def slug_of(words: str) -> str:
    return words.lower().replace(" ", "-")


# The creator ----------------------------------------------------------------------------------------------------------


def open_wizard(page: Page, demo: Demo) -> None:
    """Marketing → Memberships → Create a new membership, as a person finds it."""
    page.goto(demo.admin)
    page.get_by_role("button", name="Marketing").click()
    page.get_by_role("list", name="Marketing").get_by_role("link", name="Memberships", exact=True).click()
    page.get_by_role("link", name="Create a new membership").click()
    expect(page.locator("#lms-step-nav [aria-current=step]")).to_contain_text("Main information")


def tell_main_information(page: Page, plan: Plan) -> None:
    """Fill in step 1, with the preview following the Markdown."""
    page.locator("#id_title").fill(plan.title)
    page.locator("#id_description").fill("Learn to read **the fire**.\n\n- one kiln\n- one night")
    expect(page.locator(".lms-markdown__preview strong")).to_have_text("the fire")
    expect(page.locator(".lms-markdown__preview li")).to_have_count(2)
    page.locator("#id_price_amount").fill(plan.price)
    page.locator("#id_interval").select_option(label="Monthly")
    page.locator("#id_trial_days").fill(str(plan.trial_days))
    page.locator("#id_trial_requires_card").set_checked(plan.asks_for_card)


def tick(page: Page, contents: Sequence[str]) -> None:
    """Step 2: search for each and tick it."""
    for title in contents:
        page.get_by_role("checkbox", name=title, exact=True).check()


def press_next(page: Page, arrives_at: str) -> None:
    page.get_by_role("button", name="Next", exact=True).click()
    page.wait_for_url(re.compile(rf"/edit/[^/]+/{arrives_at}/"))


def publish(page: Page) -> str:
    """Press Publish on the last step; the public address."""
    page.get_by_role("button", name="Publish", exact=True).click()
    link = page.get_by_role("link", name="See it as students do")
    expect(link).to_be_visible()
    return urljoin(page.url, link.get_attribute("href"))


def sell(page: Page, demo: Demo, plan: Plan) -> str:
    """All three steps; the public address of what is now on sale."""
    open_wizard(page, demo)
    tell_main_information(page, plan)
    press_next(page, "bundle")
    tick(page, plan.contents)
    press_next(page, "publish")
    return publish(page)


def announce_session(page: Page, demo: Demo) -> str:
    """A live session that is not over, however far the clock was moved. Returns its title."""
    title = unique("A night at the kiln")
    page.goto(f"{demo.admin}snippets/example_site/livesession/add/")
    values = {
        "title": title,
        "description": "We keep the fire, and we talk.",
        "slug": slug_of(title),
        "host": "Tom Adeyemi",
        "join_url": "https://meet.alder-ash.example/night",
    }
    for name, value in values.items():
        page.locator(f"#id_{name}").fill(value)
    for name, moment in {"starts_at": FAR_DAY, "ends_at": FAR_EVENING}.items():
        _tell_when(page, name, moment)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("status").or_(page.locator(".messages"))).to_contain_text(title)
    return title


def _tell_when(page: Page, name: str, moment: str) -> None:
    """Type a date into Wagtail's field. Its calendar opens a tenth of a second after the field is entered, and then
    lies over the button: whoever goes on before that finds it open."""
    calendar = page.locator(".xdsoft_datetimepicker:visible")
    page.locator(f"#id_{name}").fill(moment)
    expect(calendar).to_have_count(1)
    page.locator("#id_title").click()
    expect(calendar).to_have_count(0)


def switch_emails(page: Page, demo: Demo, *, to: str) -> None:
    """As an admin under Settings → E-mail settings: all ``on``, or all ``off``."""
    page.goto(f"{demo.admin}memberships/emails/")
    if to == "on":
        page.get_by_role("button", name="Switch all on").click()
        expect(page.locator(".messages")).to_contain_text("All membership e-mails are on.")
        return
    for switch in page.locator("main input[type=checkbox]").all():
        switch.set_checked(False, force=True)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".messages")).to_contain_text("The e-mail settings were saved.")


# The student ----------------------------------------------------------------------------------------------------------


@dataclass
class Student:
    """Somebody new, in a window of their own, who counts their clicks."""

    page: Page
    email: str
    clicks: int = 0

    def click(self, target: Locator) -> None:
        self.clicks += 1
        target.click()

    def sees(self, text: str | re.Pattern) -> None:
        expect(self.page.get_by_role("main")).to_contain_text(text)

    def finds_open(self, address: str) -> None:
        """The page opens, and is no paywall."""
        answer = self.page.goto(address)
        assert answer is not None
        assert answer.status == 200, f"{answer.status} at {address}"
        expect(self.page.locator(".lmsm-paywall, .school-box--locked")).to_have_count(0)

    def finds_closed(self, address: str, reason: str | re.Pattern) -> None:
        """A paywall that says why."""
        self.page.goto(address)
        expect(self.page.locator(".lmsm-paywall, .school-box--locked")).to_contain_text(reason)


def newcomer(people: People, first_name: str) -> Student:
    """A person whom the school does not know yet."""
    return Student(people.window(), f"{slug_of(unique(first_name))}@students.example")


def join(student: Student, address: str) -> None:
    """From the public page over sign-up to Stripe's page: three clicks."""
    page = student.page
    page.goto(address)
    student.clicks = 0
    # A button where there are several prices to choose from.
    word = {"name": "Join", "exact": True}
    student.click(page.get_by_role("link", **word).or_(page.get_by_role("button", **word)))
    page.get_by_label("Your first name").fill(student.email.split("-")[0].capitalize())
    page.get_by_label("Email").fill(student.email)
    page.get_by_label("Password").fill(PASSWORD)
    student.click(page.get_by_role("button", name="Make my account"))
    student.click(page.get_by_role("button", name="Join", exact=True))
    page.wait_for_url("**/c/pay/**")


def pay(student: Student, demo: Demo, *, card: str = GOOD_CARD) -> None:
    """Fill in Stripe's page and come back."""
    page = student.page
    if card:
        fill_card(page, card)
        page.get_by_label("Name on card").fill("A Student")
    press_pay(page)
    page.wait_for_url(f"{demo.site}/memberships/done/**")


def fill_card(page: Page, card: str) -> None:
    page.get_by_label("Card number").fill(card)
    page.get_by_label("Expiry").fill("12/34")
    page.get_by_label("Security code").fill("123")


def press_pay(page: Page) -> None:
    page.locator("button.wide[value=pay]").click()


def buy(people: People, demo: Demo, address: str, *, name: str, card: str = GOOD_CARD) -> Student:
    """A newcomer who joins and is shown access at once."""
    student = newcomer(people, name)
    join(student, address)
    pay(student, demo, card=card)
    student.sees("Everything is open for you")
    return student


def account(student: Student, demo: Demo) -> Page:
    student.page.goto(f"{demo.site}/memberships/account/")
    return student.page


# Time, and the post ---------------------------------------------------------------------------------------------------


def advance(page: Page, demo: Demo, button: str) -> None:
    """Press one of the dashboard's clock buttons."""
    page.goto(demo.desk)
    page.get_by_role("button", name=button).click()
    expect(page.get_by_role("status")).to_contain_text("The clock has moved.")


class NotInTime(AssertionError):
    """It did not become true."""


def wait_until(page: Page, question: str, arg: object = None, *, within: float = PATIENCE) -> None:
    """Ask again until the page says yes. Playwright's own waiting evaluates a text inside the page, which a strict
    policy refuses; milliseconds."""
    until = time.monotonic() + within / 1000
    while not page.evaluate(question, arg):
        if time.monotonic() > until:
            raise NotInTime(question)
        page.wait_for_timeout(20)


def eventually(page: Page, address: str, text: str | re.Pattern) -> None:
    """Stripe's calls and the worker take a moment: look again until the page says it."""
    main = page.get_by_role("main")
    page.goto(address)
    tries = 40
    while tries and not _says(main, text):
        tries -= 1
        page.goto(address)
    expect(main).to_contain_text(text)


def _says(main: Locator, text: str | re.Pattern) -> bool:
    try:
        expect(main).to_contain_text(text, timeout=PATIENCE / 60)
    except AssertionError:
        return False
    return True


def mails_to(page: Page, demo: Demo, email: str) -> list[str]:
    """The subjects in the demo's mailbox for this person, newest first."""
    page.goto(f"{demo.site}/demo/mailbox/?q={email.replace('@', '%40')}")
    return page.locator("main tbody td:nth-child(3)").all_inner_texts()


def lose_stripe(page: Page, demo: Demo) -> None:
    """From now on Stripe refuses the site's key; an admin's "Check again" notices it."""
    page.request.post(
        f"{demo.desk}api/faults", data={"kind": "status", "path": "/v1/account", "count": 99, "status": 401}
    )
    _check_stripe(page, demo)


def find_stripe_again(page: Page, demo: Demo) -> None:
    page.request.post(f"{demo.desk}api/faults", data={"clear": True})
    _check_stripe(page, demo)
    expect(page.get_by_role("main")).to_contain_text("Stripe is connected and can charge.")


def _check_stripe(page: Page, demo: Demo) -> None:
    page.goto(f"{demo.admin}memberships/stripe/")
    page.get_by_role("button", name="Check again").click()
    expect(page.locator(".messages")).to_be_visible()
