"""How does a student live through a purchase while something breaks? A life of a membership, and what can go wrong in it."""

from lms_memberships import clock
from lms_memberships.models import Checkout, Customer, Membership, Subscription
from lms_memberships.payments import connect
from lms_memberships.subscriptions import checkout
from tests.faults.rig import killing, people
from tests.faults.rig.killing import Driver
from tests.faults.rig.people import Browser


def a_life(driver: Driver) -> None:
    """Bought, opened, cancelled, and kept after all."""
    browser = buy(driver)
    row = Subscription.objects.get(user=browser.user)
    for button in ("cancel", "resume"):
        driver.until(lambda button=button: browser.post(f"/memberships/account/{row.pk}/{button}/"), 302)
        driver.deliver()
        driver.wait()


def buy(driver: Driver, membership: Membership | None = None) -> Browser:
    """Pressed, paid, come back; Stripe tells it as well."""
    browser = driver.newcomer()
    page = driver.until(lambda: people.press(browser, membership or driver.membership), 303)
    back = people.pay(page.location)
    driver.until(lambda: people.come_back(browser, back), 200)
    driver.deliver()
    driver.wait()
    return browser


def webhooks_only(driver: Driver) -> None:
    """Paid, and never come back: only Stripe tells it."""
    browser = driver.newcomer()
    page = driver.until(lambda: people.press(browser, driver.membership), 303)
    people.pay(page.location)
    driver.deliver()
    driver.wait()


def mails_break(driver: Driver) -> None:
    """The e-mail service answers with errors."""
    driver.site.esp.rates = {"break": 1.0}
    buy(driver)


def stripe_breaks(driver: Driver) -> None:
    """Stripe cannot be read while its calls are worked off."""
    browser = driver.newcomer()
    page = driver.until(lambda: people.press(browser, driver.membership), 303)
    people.pay(page.location)
    driver.site.stripe.control("faults", kind="status", status=503, path="GET /v1/*", count=1000)
    driver.deliver()
    driver.wait()


def items_break(driver: Driver) -> None:
    """Nobody can be enrolled."""
    killing.items_break()
    buy(driver)


def bought_twice(driver: Driver) -> None:
    """Two pages of Stripe's were paid for one membership: the second is given back (C6)."""
    browser = buy(driver)
    first = Checkout.objects.get(user=browser.user)
    again = Checkout.objects.create(
        user=browser.user,
        membership=first.membership,
        price=first.price,
        account=first.account,
        state=Checkout.State.EXPIRED,
        created_at=clock.now(),
    )
    customer = Customer.objects.get(user=browser.user)
    urls = (driver.site.url + "/memberships/done/?session_id={CHECKOUT_SESSION_ID}", driver.site.url)
    request = checkout._request(again, first.membership, customer_id=customer.stripe_id, language="en", urls=urls)
    page = connect.get_gateway().create_checkout(request, key=f"rig:{again.uuid}")
    people.pay(page.url)
    driver.deliver()
    driver.wait()


def answers_are_lost(driver: Driver) -> None:
    """Stripe does what it is asked, and its answers never arrive."""
    for path in ("POST /v1/customers", "POST /v1/checkout/sessions"):
        driver.site.stripe.control("faults", kind="commit_then_drop", path=path, count=2)
    buy(driver)


def stripe_refuses(driver: Driver) -> None:
    """Stripe says no, for a reason that is over when the student presses again."""
    driver.site.stripe.control("faults", kind="status", status=400, path="POST /v1/checkout/sessions", count=1)
    buy(driver)


def stripe_is_busy(driver: Driver) -> None:
    """Stripe turns the request away at the door: nothing was done."""
    driver.site.stripe.control("faults", kind="status", status=429, path="POST /v1/checkout/sessions", count=3)
    buy(driver)


def compared(driver: Driver) -> None:
    """Paid, and no call of Stripe's arrives: the comparison finds it."""
    browser = driver.newcomer()
    page = driver.until(lambda: people.press(browser, driver.membership), 303)
    people.pay(page.location)
    driver.command("memberships_sync")
    driver.wait()


def erased(driver: Driver) -> None:
    """Somebody who bought wants to be forgotten."""
    browser = buy(driver)
    driver.site.wait_until_quiet()
    driver.command("memberships_erase", browser.user.username, "--yes")
    driver.deliver()
    driver.wait()
    # Their mails have lost their names, also those that left before it was done: nobody can say which was which.
    driver.site.esp.forget(browser.user.email)
