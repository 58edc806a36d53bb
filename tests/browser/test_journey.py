"""Can a creator sell, and a student learn, with nothing but a browser? The whole way, as people walk it."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from lms_memberships.emails.catalogue import EmailKind

from .conftest import Demo, People
from .steps import (
    COURSE,
    COURSE_PATH,
    PRODUCT,
    PRODUCT_PATH,
    Plan,
    account,
    announce_session,
    buy,
    eventually,
    join,
    mails_to,
    newcomer,
    open_wizard,
    pay,
    press_next,
    publish,
    sell,
    slug_of,
    switch_emails,
    tell_main_information,
    tick,
    unique,
)

LESSON_PATH = f"{COURSE_PATH}cones-and-colour/"


@pytest.fixture
def admin(people: People) -> Page:
    return people.signed_in("admin")


@pytest.fixture
def creator(people: People) -> Page:
    return people.signed_in("creator")


def test_a_creator_makes_a_membership_in_three_steps(admin: Page, creator: Page, people: People, demo: Demo):
    """U4, U5, U6, U10, U11, U21, U24, U26, U27, U28, X18"""
    switch_emails(admin, demo, to="off")
    session = announce_session(creator, demo)
    plan = Plan(unique("Kiln nights"), price="24.50", trial_days=7, contents=(COURSE, session, PRODUCT))
    open_wizard(creator, demo)
    tell_main_information(creator, plan)
    press_next(creator, "bundle")
    creator.locator("#id_bundle_search").fill(session)
    creator.get_by_role("button", name="Search", exact=True).last.click()
    expect(creator.get_by_role("checkbox", name=COURSE)).to_have_count(0)
    tick(creator, [session])
    creator.get_by_role("button", name="Show all").click()
    expect(creator.get_by_role("checkbox", name=session)).to_be_checked()
    tick(creator, [COURSE, PRODUCT])
    press_next(creator, "publish")
    summary = creator.locator(".lms-summary")
    for words in (plan.title, "€24.50 per month", *plan.contents, "A card is asked for at the start.", "not yet"):
        expect(summary).to_contain_text(words)
    address = publish(creator)
    expect(creator.locator(".messages")).to_contain_text("still switched off")
    # A creator of the demo may not change the e-mail settings, and is offered no button that would refuse.
    expect(creator.get_by_role("button", name="Switch all e-mails on")).to_have_count(0)
    expect(creator.locator("main tr", has_text=plan.title)).to_contain_text("On sale", ignore_case=True)
    _everybody_finds_it(people.window(), demo, address, plan)


def _everybody_finds_it(page: Page, demo: Demo, address: str, plan: Plan) -> None:
    """In the public list, and on a page that says what is inside and what is paid when."""
    page.goto(f"{demo.site}/memberships/")
    page.get_by_role("link", name=plan.title).click()
    page.wait_for_url(address)
    main = page.get_by_role("main")
    for words in (plan.title, "€24.50 per month", "7 days", *plan.contents):
        expect(main).to_contain_text(words)
    assert page.locator("meta[property='og:title']").get_attribute("content") == plan.title
    assert page.locator("script[type='application/ld+json']").count() == 1


def test_a_draft_is_resumed_by_somebody_else_who_publishes_it(admin: Page, creator: Page, people: People, demo: Demo):
    """U25, U29, X19, S26"""
    switch_emails(admin, demo, to="off")
    plan = Plan(unique("Half a thought"))
    open_wizard(creator, demo)
    tell_main_information(creator, plan)
    press_next(creator, "bundle")
    creator.goto(demo.admin)
    stranger = people.window()
    stranger.goto(f"{demo.site}/memberships/")
    expect(stranger.get_by_role("main")).not_to_contain_text(plan.title)

    admin.goto(f"{demo.admin}memberships/")
    admin.get_by_role("link", name=plan.title).click()
    admin.wait_for_url(re.compile(r"/edit/[^/]+/bundle/"))
    tick(admin, plan.contents)
    press_next(admin, "publish")
    publish(admin)
    admin.get_by_role("button", name="Switch all e-mails on").click()
    expect(admin.locator(".messages")).to_contain_text("All membership e-mails are on.")
    admin.goto(f"{demo.admin}memberships/emails/")
    switches = admin.locator("main form input[type=checkbox]")
    expect(switches).to_have_count(len(EmailKind))
    expect(switches.and_(admin.locator(":checked"))).to_have_count(len(EmailKind))


def test_a_newcomer_joins_in_three_clicks_and_everything_opens_at_once(
    admin: Page, creator: Page, people: People, demo: Demo, tmp_path: Path
):
    """U34, U36, U38, W20, C1"""
    switch_emails(admin, demo, to="on")
    session = announce_session(creator, demo)
    plan = Plan(unique("Kiln year"), contents=(COURSE, session, PRODUCT))
    address = sell(creator, demo, plan)
    session_path = f"/live/{slug_of(session)}/"
    student = newcomer(people, "Ada")
    _is_told_why_it_is_closed(student.page, demo, plan, session_path)

    join(student, address)
    assert student.clicks <= 3
    pay(student, demo)
    student.sees("Everything is open for you")

    student.finds_open(f"{demo.site}{COURSE_PATH}")
    student.finds_open(f"{demo.site}{LESSON_PATH}")
    student.finds_open(f"{demo.site}{session_path}")
    page = student.page
    link = page.get_by_role("link", name="Join the session")
    expect(link).to_have_attribute("href", "https://meet.alder-ash.example/night")
    with page.expect_download() as calendar:
        page.get_by_role("link", name=re.compile(r"\.ics")).click()
    assert session in calendar.value.path().read_text()
    student.finds_open(f"{demo.site}{PRODUCT_PATH}")
    with page.expect_download() as product:
        page.get_by_role("link", name=re.compile(r"Download \(")).click()
    assert product.value.path().read_bytes().startswith(b"%PDF")

    account(student, demo)
    for words in (plan.title, "Active", "€19.00 per month", "Next payment on"):
        student.sees(words)
    _reads_the_mails(people.window(), demo, plan, student.email)


def _is_told_why_it_is_closed(page: Page, demo: Demo, plan: Plan, session_path: str) -> None:
    """A lesson, a live session and a product: each with the reason and the offer."""
    for path in (LESSON_PATH, session_path, PRODUCT_PATH):
        page.goto(f"{demo.site}{path}")
        wall = page.locator(".lmsm-paywall, .school-box--locked")
        expect(wall).to_contain_text("This is for members. Sign in if you are one, or join")
        expect(wall.get_by_role("link", name=plan.title).first).to_be_visible()
        expect(page.get_by_role("main")).not_to_contain_text("meet.alder-ash.example")
    for path in (f"{PRODUCT_PATH}download/", session_path.rstrip("/") + ".ics"):
        answer = page.request.get(f"{demo.site}{path}", max_redirects=0)
        assert answer.status in {302, 403}, f"{answer.status} at {path}"


def _reads_the_mails(page: Page, demo: Demo, plan: Plan, email: str) -> None:
    expected = {
        f"Welcome to {plan.title}",
        f"{plan.title} is open for you",
        f"Thank you: your payment for {plan.title} arrived",
    }
    for subject in expected:
        eventually(page, f"{demo.site}/demo/mailbox/?q={email.replace('@', '%40')}", subject)
    subjects = [subject for subject in mails_to(page, demo, email) if plan.title in subject]
    assert sorted(subjects) == sorted(expected), "each mail once"
    page.get_by_role("link", name=f"Welcome to {plan.title}").click()
    expect(page.get_by_role("region", name="Plain text")).to_contain_text(plan.title)


def test_a_student_cancels_and_changes_their_mind(creator: Page, people: People, demo: Demo):
    """V9"""
    plan = Plan(unique("Second thoughts"))
    student = buy(people, demo, sell(creator, demo, plan), name="Bo")
    page = account(student, demo)
    page.get_by_role("link", name=f"Cancel {plan.title}").click()
    student.sees("Nothing more will be charged")
    page.get_by_role("button", name="Yes, cancel").click()
    student.sees("You keep access until")
    student.finds_open(f"{demo.site}{COURSE_PATH}")
    account(student, demo).get_by_role("button", name="Keep my membership").click()
    student.sees("Next payment on")


def test_a_member_cannot_buy_the_same_membership_twice(creator: Page, people: People, demo: Demo):
    """C6"""
    plan = Plan(unique("Only once"))
    address = sell(creator, demo, plan)
    student = newcomer(people, "Cleo")
    join(student, address)
    first_page = student.page.url
    # Back, and Join again: the checkout that is open already.
    student.page.goto(address)
    student.page.get_by_role("button", name="Join", exact=True).click()
    student.page.wait_for_url("**/c/pay/**")
    assert student.page.url == first_page
    pay(student, demo)
    student.page.goto(address)
    student.sees("You are a member.")
    expect(student.page.get_by_role("button", name="Join", exact=True)).to_have_count(0)
    # Nothing is sold to a member: the page of the purchase leads back to that of the membership.
    student.page.goto(f"{address}buy/")
    student.page.wait_for_url(address)
    student.sees("You are a member.")
    expect(student.page.get_by_role("button", name="Join", exact=True)).to_have_count(0)
