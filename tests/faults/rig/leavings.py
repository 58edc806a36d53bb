"""How does somebody leave before the time is over? Withdrawn, shut out by staff, and given their money back by a creator."""

import re
from datetime import datetime

from django.contrib.auth import get_user_model
from wagtail.models import ModelLogEntry

from lms_memberships import clock
from lms_memberships.history import PAYMENT_REFUNDED
from lms_memberships.models import Deed, Invoice, Refund, Subscription, Withdrawal
from tests.faults.rig import people, scenarios
from tests.faults.rig.killing import Driver
from tests.faults.rig.people import Answer, Browser

HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)"')


def withdrawn(driver: Driver) -> None:
    """Bought, and withdrawn from in the first days: it ends, and all that was paid goes back."""
    browser = scenarios.buy(driver)
    row = Subscription.objects.get(user=browser.user)
    driver.until(lambda: browser.post(f"/memberships/account/{row.pk}/withdraw/"), 200)
    _finish(driver)
    assert Withdrawal.objects.get(subscription=row).done_at is not None
    assert not _is_open(row, clock.now())


def revoked(driver: Driver) -> None:
    """Bought, and shut out by staff: closed here at once, and nothing more is charged."""
    browser, owner = scenarios.buy(driver), _owner(driver)
    row = Subscription.objects.get(user=browser.user)
    address = f"/admin/memberships/people/{row.user_id}/subscriptions/{row.pk}/revoke/"
    # One form, sent until somebody answers: its key makes one deed of it.
    form = {**_form(driver, owner, address), "reason": "Sold the recordings"}
    driver.until(lambda: owner.post(address, form), 302)
    assert not _is_open(row, clock.now())
    _finish(driver)
    assert Deed.objects.get(subscription=row, kind=Deed.Kind.REVOKED).settled_at is not None


def given_back(driver: Driver) -> None:
    """Bought, and a part of it given back by a creator."""
    refund = _give_back(driver, amount="5.00", effect="keep")
    assert (refund.state, refund.amount) == (Refund.State.SUCCEEDED, 500)
    assert _is_open(refund.subscription, clock.now())


def given_back_in_full(driver: Driver) -> None:
    """Bought, and all of it given back by a creator, who closes access with it."""
    refund = _give_back(driver, amount="", effect="close")
    assert (refund.state, refund.effect) == (Refund.State.SUCCEEDED, Refund.Effect.CLOSE)
    assert not _is_open(refund.subscription, clock.now())


def _give_back(driver: Driver, *, amount: str, effect: str) -> Refund:
    """The only one of the invoice. An empty amount: what the form says, which is all."""
    browser, owner = scenarios.buy(driver), _owner(driver)
    invoice = Invoice.objects.get(user=browser.user)
    address = f"/admin/memberships/invoices/{invoice.pk}/refund/"
    amount = amount or f"{invoice.amount_paid / 100:.2f}"
    form = {**_form(driver, owner, address), "amount": amount, "effect": effect, "reason": "", "press": "1"}
    driver.until(lambda: owner.post(address, form), 302)
    _finish(driver)
    refund = Refund.objects.get(invoice=invoice)
    # However often it was pressed until somebody answered, the history says it once.
    assert ModelLogEntry.objects.filter(action=PAYMENT_REFUNDED, data__refund=refund.pk).count() == 1
    return refund


def _owner(driver: Driver) -> Browser:
    return people.browser_of(driver.site, get_user_model().objects.filter(is_superuser=True).earliest("pk"))


def _form(driver: Driver, browser: Browser, address: str) -> dict[str, object]:
    """Its hidden fields, as the browser keeps them."""
    page: Answer = driver.until(lambda: browser.get(address), 200)
    return dict(HIDDEN.findall(page.body))


def _is_open(row: Subscription, now: datetime) -> bool:
    return Subscription.objects.filter(pk=row.pk).giving_access(now).exists()


def _finish(driver: Driver) -> None:
    """What waits for Stripe's answer is asked for again by the job; then Stripe tells of it."""
    driver.command("memberships_daily")
    driver.deliver()
    driver.wait()
