"""How does money go back in a test? Stripe's own payment, refunded or disputed as in its dashboard."""

from contextlib import suppress

from django.core.management import CommandError, call_command

from lms_memberships.models import Membership, Subscription
from lms_memberships.sandbox.server import Sandbox
from tests.flows.steps import buy
from tests.webhooks_rig import Postman


def bought(browser, membership: Membership, postman: Postman) -> Subscription:
    """Paid, and all news of it arrived."""
    buy(browser, membership)
    postman.deliver()
    return Subscription.objects.filter(membership=membership).latest("pk")


def charge_of(sandbox: Sandbox, subscription: Subscription, number: int = 0) -> str:
    """The id of their newest charge, or of the one before."""
    charges = sandbox.store.all("charge", account=sandbox.account_id)
    mine = [each for each in charges if each["paid"] and each["customer"] == subscription.customer_id]
    return mine[number]["id"]


def compared() -> None:
    """The whole account is compared with Stripe; that something was repaired is an exit code, and no failure here."""
    with suppress(CommandError):
        call_command("memberships_sync", verbosity=0)
