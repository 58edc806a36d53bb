"""Every screen, for the documentation: ``docs/images/*.png``, of a demo of its own or of the one at ``DEMO_URL``."""

import io
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.browser import steps  # noqa: E402 - the path comes first
from tests.browser.conftest import Demo, People, at, started  # noqa: E402
from tests.chromium import CHROMIUM, FLAGS  # noqa: E402

FOLDER = ROOT / "docs" / "images"
COLOURS = 256
LARGEST_BYTES = 200_000
WIDE = {"width": 1280, "height": 860}
TALL = {"width": 1280, "height": 1400}
NARROW = {"width": 360, "height": 760}
ANYBODY = ""


@dataclass(frozen=True)
class Shot:
    """One picture of one page. ``covers`` says whether it shows what a screen shows, or the whole page."""

    name: str
    address: str
    narrow: bool = False
    scheme: Literal["light", "dark"] = "light"
    covers: Literal["screen", "page"] = "screen"


SITE: dict[str, tuple[Shot, ...]] = {
    ANYBODY: (
        Shot("home", "/", narrow=True),
        Shot("memberships", "/memberships/", narrow=True),
        Shot("memberships-dark", "/memberships/", scheme="dark"),
        Shot("membership", "/memberships/the-workshop/", narrow=True, covers="page"),
        Shot("sign-up", "/accounts/signup/"),
        Shot("paywall", "/courses/reading-the-kiln/cones-and-colour/", narrow=True),
        Shot("tiers", "/memberships/tiers/1/", narrow=True, covers="page"),
        Shot("guest", "/memberships/the-workshop/guest/", narrow=True, covers="page"),
        Shot("mailbox", "/demo/mailbox/"),
    ),
    "camille": (
        Shot("account", "/memberships/account/", narrow=True),
        Shot("lesson", "/courses/first-weeks-at-the-wheel/wedge/"),
        Shot("live-session", "/live/bring-your-collapsed-pot/"),
        Shot("product", "/shop/six-silhouettes/"),
        Shot("invoices", "/memberships/invoices/", narrow=True),
        Shot("switch", "/memberships/account/1/switch/?to=first-clay&when=now", narrow=True, covers="page"),
        Shot("give", "/memberships/the-workshop/gift/", covers="page"),
        Shot("given", "/memberships/gifts/1/", narrow=True),
        Shot("cancel", "/memberships/account/1/cancel/", narrow=True),
        Shot("delete-account", "/memberships/account/delete/", narrow=True),
    ),
    "samuel": (Shot("account-payment-failed", "/memberships/account/", narrow=True),),
    "lena": (Shot("account-cancelled", "/memberships/account/"),),
}
ADMIN = (
    Shot("list", "memberships/"),
    Shot("stripe-settings", "memberships/stripe/", covers="page"),
    Shot("email-settings", "memberships/emails/", covers="page"),
    Shot("health", "memberships/health/", narrow=True, covers="page"),
    Shot("health-dark", "memberships/health/", scheme="dark"),
    Shot("webhook-events", "memberships/queues/webhooks/", narrow=True),
    Shot("ladder", "memberships/ladders/1/", covers="page"),
    Shot("promotion-add", "memberships/promotions/add/", covers="page"),
    Shot("invitation", "memberships/invitations/1/"),
    Shot("gifts", "memberships/gifts/"),
    Shot("prices-and-members", "memberships/prices/2/"),
    Shot("stripe-prices", "memberships/stripe-prices/2/"),
    Shot("share", "memberships/share/2/"),
    Shot("people", "memberships/people/", narrow=True),
    Shot("person", "memberships/people/5/", narrow=True, covers="page"),
    Shot("person-why", "memberships/people/5/why/"),
    Shot("invoices-of-all", "memberships/invoices/", narrow=True),
    Shot("report-recurring", "memberships/reports/recurring/", narrow=True),
    Shot("report-recurring-dark", "memberships/reports/recurring/", scheme="dark"),
    Shot("attention", "memberships/attention/"),
    Shot("payment-settings", "memberships/payments/", covers="page"),
    Shot("portal-settings", "memberships/stripe/portal/"),
)
STEPS = {"wizard-step-1": "Main information", "wizard-step-2": "Marketing products", "wizard-step-3": "Settings"}


def main() -> int:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        demo = stack.enter_context(_demo())
        chromium = stack.enter_context(sync_playwright()).chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        people = People(chromium, demo)
        stack.callback(people.close)
        admin = people.signed_in("admin", viewport=WIDE)
        steps.switch_emails(admin, demo, to="on")
        _purchase(people, demo)
        _site(people, demo)
        _in_french(people, demo)
        _mail(people, demo)
        _desk(people, demo)
        _admin(admin, demo)
        _wizard(people, demo)
        _without_stripe(admin, people, demo)
    return _told(people.complaints)


@contextmanager
def _demo() -> Iterator[Demo]:
    if running := os.environ.get("DEMO_URL"):
        yield at(running)
        return
    with tempfile.TemporaryDirectory() as state, started(Path(state)) as demo:
        yield demo


def _take(page: Page, name: str, covers: str = "screen") -> None:
    page.wait_for_load_state("networkidle")
    picture = Image.open(io.BytesIO(page.screenshot(full_page=covers == "page", animations="disabled")))
    small = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    small.save(FOLDER / f"{name}.png", optimize=True)
    print(f"{name}.png")


def _take_narrow(page: Page, name: str) -> None:
    page.set_viewport_size(NARROW)
    _take(page, f"{name}-narrow")
    page.set_viewport_size(WIDE)


def _site(people: People, demo: Demo) -> None:
    for person, shots in SITE.items():
        page = people.signed_in(person, viewport=WIDE) if person else people.window(viewport=WIDE)
        for shot in shots:
            page.emulate_media(color_scheme=shot.scheme)
            page.goto(f"{demo.site}{shot.address}")
            _take(page, shot.name, shot.covers)
            if shot.narrow:
                _take_narrow(page, shot.name)


def _in_french(people: People, demo: Demo) -> None:
    page = people.window(viewport=WIDE, locale="fr-FR")
    page.goto(f"{demo.site}/memberships/the-workshop/")
    _take(page, "membership-french")


def _purchase(people: People, demo: Demo) -> None:
    student = steps.newcomer(people, "Hana")
    page = student.page
    page.set_viewport_size(WIDE)
    steps.join(student, f"{demo.site}/memberships/the-workshop/")
    page.get_by_label("Name on card").fill("Hana Ito")
    steps.fill_card(page, steps.GOOD_CARD)
    _take(page, "checkout", "page")
    _take_narrow(page, "checkout")
    steps.press_pay(page)
    page.wait_for_url(f"{demo.site}/memberships/done/**")
    _take(page, "done")
    _take_narrow(page, "done")
    steps.eventually(page, f"{demo.site}/demo/mailbox/?q={student.email.replace('@', '%40')}", "is open for you")


def _mail(people: People, demo: Demo) -> None:
    page = people.window(viewport={"width": 720, "height": 640})
    page.goto(f"{demo.site}/demo/mailbox/?q=Welcome")
    page.locator("main tbody a").first.click()
    page.get_by_role("link", name="Open the HTML part alone").click()
    _take(page, "mail")


def _desk(people: People, demo: Demo) -> None:
    page = people.window(viewport=WIDE)
    page.goto(demo.desk)
    _take(page, "sandbox")
    page.goto(f"{demo.desk}subscriptions?status=past_due")
    page.locator("main tbody a").first.click()
    _take(page, "sandbox-subscription")


def _admin(page: Page, demo: Demo) -> None:
    for shot in ADMIN:
        # Wagtail's pages scroll inside themselves: the whole of one needs a tall window.
        page.set_viewport_size(TALL if shot.covers == "page" else WIDE)
        page.emulate_media(color_scheme=shot.scheme)
        page.goto(f"{demo.admin}{shot.address}")
        _take(page, shot.name, shot.covers)
        if shot.narrow:
            _take_narrow(page, shot.name)
    page.set_viewport_size(WIDE)
    page.goto(f"{demo.admin}memberships/invoices/?q=lena")
    page.get_by_role("link", name="Refund").first.click()
    _take(page, "refund")


def _wizard(people: People, demo: Demo) -> None:
    page = people.signed_in("creator", viewport=TALL)
    page.goto(f"{demo.admin}memberships/")
    page.get_by_role("link", name="The workshop", exact=True).click()
    for name, step in STEPS.items():
        page.locator("#lms-step-nav").get_by_role("link", name=step).click()
        expect(page.locator("#lms-step-nav [aria-current=step]")).to_contain_text(step)
        _take(page, name)
        page.emulate_media(color_scheme="dark")
        _take(page, f"{name}-dark")
        page.emulate_media(color_scheme="light")


def _without_stripe(admin: Page, people: People, demo: Demo) -> None:
    try:
        admin.set_viewport_size(WIDE)
        steps.lose_stripe(admin, demo)
        admin.goto(f"{demo.admin}memberships/add/")
        _take(admin, "connection-missing")
    finally:
        steps.find_stripe_again(admin, demo)


def _told(complaints: list[str]) -> int:
    """Pictures that are too large, and whatever the pages complained about, make the command fail."""
    sizes = {path.name: path.stat().st_size for path in sorted(FOLDER.glob("*.png"))}
    large = [f"{name} has {size} bytes" for name, size in sizes.items() if size > LARGEST_BYTES]
    print(f"{len(sizes)} pictures, {sum(sizes.values()) // 1000} kB")
    for sentence in large + complaints:
        print(sentence, file=sys.stderr)
    return 1 if large or complaints else 0


if __name__ == "__main__":
    sys.exit(main())
