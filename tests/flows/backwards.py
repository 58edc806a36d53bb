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


def past_stripe(sandbox: Sandbox) -> None:
    """As when somebody marks invoices as paid in Stripe's dashboard: the sandbox has no such button."""
    for payment in sandbox.store.all("invoice_payment", account=sandbox.account_id):
        sandbox.store.commit({(sandbox.account_id, "invoice_payment", payment["id"]): None})


def in_two_payments(sandbox: Sandbox, *, second_at_stripe: bool = True) -> list[str]:
    """€19.00 came as €10.00 and €9.00, the second perhaps past Stripe. The ids of the charges there."""
    account = sandbox.account_id
    [link] = sandbox.store.all("invoice_payment", account=account)
    intent = sandbox.store.one("payment_intent", link["payment"]["payment_intent"], account=account)
    charge = sandbox.store.one("charge", intent["latest_charge"], account=account)
    record = {"type": "payment_record", "payment_record": "pr_1"}
    payments = {"": (1000, link["payment"]), "_second": (900, {**link["payment"], "payment_intent": "pi_second"})}
    for suffix, (amount, payment) in payments.items():
        is_at_stripe = not suffix or second_at_stripe
        part = {**link, "id": link["id"] + suffix, "amount_paid": amount, "amount_requested": amount}
        made = [part | {"payment": payment if is_at_stripe else record}]
        if is_at_stripe:
            ids = (payment["payment_intent"], charge["id"] + suffix)
            made.append({**intent, "id": ids[0], "latest_charge": ids[1], "amount": amount, "amount_received": amount})
            made.append({**charge, "id": ids[1], "payment_intent": ids[0], "amount": amount})
        sandbox.store.commit({(account, each["object"], each["id"]): each for each in made})
    return [charge["id"], charge["id"] + "_second"] if second_at_stripe else [charge["id"]]


def paid_in_part(sandbox: Sandbox, *amounts: int) -> list[str]:
    """The newest invoice, which is open: so much of it came, by a payment each. The ids of their charges."""
    account = sandbox.account_id
    invoice = sandbox.store.all("invoice", account=account)[0]
    charge = next(each for each in sandbox.store.all("charge", account=account) if each["paid"])
    intent = sandbox.store.one("payment_intent", charge["payment_intent"], account=account)
    link = next(each for each in sandbox.store.all("invoice_payment", account=account) if each["status"] == "paid")
    paid = sum(amounts)
    made = [invoice | {"amount_paid": paid, "amount_remaining": invoice["amount_due"] - paid}]
    for number, amount in enumerate(amounts):
        ids = {"payment_intent": f"pi_part{number}", "charge": f"ch_part{number}"}
        sums = {"amount": amount, "amount_received": amount}
        made.append({**intent, **sums, "id": ids["payment_intent"], "latest_charge": ids["charge"]})
        part = {"amount": amount, "amount_captured": amount, "payment_intent": ids["payment_intent"]}
        made.append({**charge, **part, "id": ids["charge"]})
        payment = {"type": "payment_intent", "payment_intent": ids["payment_intent"]}
        of_it = {"invoice": invoice["id"], "amount_paid": amount, "amount_requested": amount, "payment": payment}
        made.append({**link, **of_it, "id": f"inpay_part{number}", "is_default": False})
    sandbox.store.commit({(account, each["object"], each["id"]): each for each in made})
    return [f"ch_part{number}" for number, _ in enumerate(amounts)]
