"""What does time bring? Trials end, renewals fail, memberships run out: by the clock on the sandbox's dashboard."""

import re

import pytest
from playwright.sync_api import expect

from .conftest import Demo, People
from .steps import (
    COURSE_PATH,
    FAILING_CARD,
    GOOD_CARD,
    PRODUCT_PATH,
    Plan,
    account,
    advance,
    buy,
    eventually,
    fill_card,
    press_pay,
    sell,
    unique,
)

pytestmark = pytest.mark.moves_the_clock


def test_a_trial_with_a_card_is_paid_and_one_without_closes(people: People, demo: Demo):
    """U18, U19, G5"""
    creator = people.signed_in("creator")
    with_card = sell(creator, demo, Plan(unique("Week with a card"), trial_days=7))
    without = sell(creator, demo, Plan(unique("Week without"), trial_days=7, asks_for_card=False))
    payer = buy(people, demo, with_card, name="Dora")
    guest = buy(people, demo, without, name="Emil", card="")
    account(payer, demo)
    payer.sees("Then you pay €19.00 per month")
    account(guest, demo)
    guest.sees("Access then closes; nothing is charged.")

    desk = people.window()
    advance(desk, demo, "A week")
    advance(desk, demo, "A day")

    eventually(payer.page, f"{demo.site}/memberships/account/", "Next payment on")
    payer.finds_open(f"{demo.site}{COURSE_PATH}")
    payer.page.goto(f"{demo.site}/memberships/invoices/")
    expect(payer.page.locator("main tbody tr", has_text="€19.00")).to_contain_text("Paid", ignore_case=True)
    eventually(guest.page, f"{demo.site}/memberships/account/", "Ended")
    guest.finds_closed(f"{demo.site}{COURSE_PATH}", "Your trial of")
    guest.finds_closed(f"{demo.site}{PRODUCT_PATH}", "Your trial of")


def test_a_failed_renewal_runs_into_grace_then_closes_and_paying_opens_again(people: People, demo: Demo):
    """G2"""
    creator = people.signed_in("creator")
    address = sell(creator, demo, Plan(unique("Shaky card"), trial_days=7))
    student = buy(people, demo, address, name="Faye", card=FAILING_CARD)
    desk = people.window()
    advance(desk, demo, "A week")
    advance(desk, demo, "A day")
    overview = f"{demo.site}/memberships/account/"
    eventually(student.page, overview, "Your last payment failed. You keep access until")
    student.finds_open(f"{demo.site}{COURSE_PATH}")

    advance(desk, demo, "A week")
    eventually(student.page, overview, "Access is closed because your last payment failed.")
    student.finds_closed(f"{demo.site}{COURSE_PATH}", "mend it to open this again")

    page = account(student, demo)
    page.get_by_role("button", name="Pay now").click()
    page.wait_for_url(f"{demo.sandbox}/**")
    fill_card(page, GOOD_CARD)
    press_pay(page)
    expect(page.get_by_role("main")).to_contain_text("Paid")
    eventually(page, overview, "Next payment on")
    student.finds_open(f"{demo.site}{COURSE_PATH}")


def test_a_cancelled_membership_stays_open_until_its_period_ends(people: People, demo: Demo):
    """V9"""
    creator = people.signed_in("creator")
    plan = Plan(unique("One month only"))
    student = buy(people, demo, sell(creator, demo, plan), name="Gus")
    account(student, demo).get_by_role("link", name=f"Cancel {plan.title}").click()
    student.page.get_by_role("button", name="Yes, cancel").click()
    student.sees("You keep access until")
    desk = people.window()
    advance(desk, demo, "A week")
    student.finds_open(f"{demo.site}{COURSE_PATH}")
    advance(desk, demo, "A month")
    eventually(student.page, f"{demo.site}/memberships/account/", "Your progress is kept.")
    # Its access first, and itself as soon as Stripe's news of that has come.
    ended = re.compile(f"Your (membership|access through) “{re.escape(plan.title)}” ended on")
    student.finds_closed(f"{demo.site}{COURSE_PATH}", ended)
