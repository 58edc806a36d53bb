"""How do thousands of members come to be in a moment? One is bought, and the others are copies of it, at both ends."""

import copy
import uuid
from dataclasses import dataclass

from django.contrib.auth import get_user_model

from lms_memberships.models import Checkout, Customer, Invoice, Membership, Subscription, SyncRun
from lms_memberships.sandbox.server import Sandbox
from lms_memberships.sandbox.store import Object

KINDS = ("customer", "subscription", "invoice")


class Nobody:
    """Watches a comparison: hears all, and says nothing."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def repaired(self, line: str) -> None:
        self.lines.append(line)

    def moved(self, run: SyncRun) -> None:
        return None


@dataclass
class Crowd:
    """``ids`` of the subscriptions at Stripe, in the order in which they were made."""

    sandbox: Sandbox
    ids: list[str]

    def change(self, stripe_id: str, **fields: object) -> None:
        """At Stripe only, without an event."""
        self.put({**self.sandbox.store.one("subscription", stripe_id, account=self.sandbox.account_id), **fields})

    def put(self, *objects: Object) -> None:
        put(self.sandbox, *objects)

    def forget(self, stripe_id: str) -> None:
        with self.sandbox.lock:
            self.sandbox.store.commit({(self.sandbox.account_id, "subscription", stripe_id): None})


def put(sandbox: Sandbox, *objects: Object) -> None:
    with sandbox.lock:
        sandbox.store.commit({(sandbox.account_id, each["object"], each["id"]): each for each in objects})


def gather(sandbox: Sandbox, bought: Subscription, count: int) -> Crowd:
    """So many members who pay by the month, known at both ends, like the one who has bought."""
    people = get_user_model().objects.bulk_create(
        get_user_model()(username=f"crowd{number}", email=f"crowd{number}@school.test") for number in range(count)
    )
    checkouts = Checkout.objects.bulk_create(_attempt(bought, person.pk) for person in people)
    parts = [_copies(sandbox, bought, checkout, number) for number, checkout in enumerate(checkouts)]
    put(sandbox, *(each for part in parts for each in part))
    rows = Subscription.objects.bulk_create(
        _subscription(bought, checkout, customer["id"], subscription["id"])
        for checkout, (customer, subscription, _invoice) in zip(checkouts, parts, strict=True)
    )
    Customer.objects.bulk_create(
        Customer(account=row.account, user_id=row.user_id, stripe_id=row.customer_id) for row in rows
    )
    for checkout, row in zip(checkouts, rows, strict=True):
        checkout.subscription = row
    Checkout.objects.bulk_update(checkouts, ["subscription"])
    billed = Invoice.objects.get(subscription=bought)
    Invoice.objects.bulk_create(
        _invoice(billed, row, invoice["id"]) for row, (_customer, _said, invoice) in zip(rows, parts, strict=True)
    )
    return Crowd(sandbox, [subscription["id"] for _customer, subscription, _invoice in parts])


def strangers(sandbox: Sandbox, bought: Subscription, count: int) -> Crowd:
    """Customers of another product in the same account: another price, and other words on it."""
    objects = []
    for number in range(count):
        customer, subscription, invoice = _copies(sandbox, bought, None, number)
        for item in subscription["items"]["data"]:
            item["price"] = {**item["price"], "id": "price_other_product"}
        objects.append((customer, subscription, invoice))
    put(sandbox, *(each for part in objects for each in part))
    return Crowd(sandbox, [subscription["id"] for _customer, subscription, _invoice in objects])


def _attempt(bought: Subscription, user_id: int) -> Checkout:
    checkout = Checkout.objects.get(subscription=bought)
    checkout.pk, checkout.uuid, checkout.user_id = None, uuid.uuid4(), user_id
    checkout.session_id = ""
    return checkout


def _copies(sandbox: Sandbox, bought: Subscription, checkout: Checkout | None, number: int) -> list[Object]:
    """Customer, subscription and invoice at Stripe."""
    billed = Invoice.objects.get(subscription=bought)
    names = {bought.customer_id, bought.stripe_id, billed.stripe_id}
    name = f"crowd{number}" if checkout else f"other{number}"
    new = {each: f"{each.partition('_')[0]}_{name}" for each in names}
    metadata = {}
    if checkout is not None:
        metadata = {
            "lmsm_user": str(checkout.user_id),
            "lmsm_membership": str(Membership.objects.get(pk=checkout.membership_id).uuid),
            "lmsm_attempt": str(checkout.uuid),
        }
    found = []
    for kind, stripe_id in zip(KINDS, (bought.customer_id, bought.stripe_id, billed.stripe_id), strict=True):
        each = _renamed(sandbox.store.one(kind, stripe_id, account=sandbox.account_id), new)
        found.append(each)
    found[0]["email"] = f"{name}@school.test"
    found[0]["metadata"] = {"lmsm_user": metadata["lmsm_user"]} if metadata else {}
    found[1]["metadata"] = metadata
    found[2]["parent"]["subscription_details"]["metadata"] = metadata
    found[2]["number"] = f"{name}-0001"
    return found


def _renamed(each: Object, new: dict[str, str]) -> Object:
    """The same object with other ids, wherever they stand in it."""

    def rename(value: object) -> object:
        if isinstance(value, dict):
            return {name: rename(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [rename(inner) for inner in value]
        return new.get(value, value) if isinstance(value, str) else value

    return rename(copy.deepcopy(each))


def _subscription(bought: Subscription, checkout: Checkout, customer_id: str, stripe_id: str) -> Subscription:
    row = copy.copy(bought)
    row.pk, row.user_id, row.stripe_id, row.customer_id = None, checkout.user_id, stripe_id, customer_id
    row._state = copy.copy(bought._state)
    row._state.adding = True
    return row


def _invoice(billed: Invoice, row: Subscription, stripe_id: str) -> Invoice:
    new = copy.copy(billed)
    new._state = copy.copy(billed._state)
    new._state.adding = True
    new.pk, new.stripe_id, new.user_id, new.subscription_id = None, stripe_id, row.user_id, row.pk
    new.number = stripe_id.replace("in_", "") + "-0001"
    return new
