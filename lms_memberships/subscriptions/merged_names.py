"""Whose is it, at Stripe, since two accounts were merged? Subscriptions and customers are named anew, after the commit (K11)."""

import logging
from collections.abc import Iterable, Iterator
from datetime import datetime

from django.db.models import QuerySet

from ..errors import OutsideFailure, Refusal
from ..payments import intents
from ..payments.connect import Connection
from ..payments.gateway import Gateway, NotFound
from ..payments.models import Customer, Intent
from . import deed_failures, deeds, people
from .deed_models import Deed
from .models import Subscription

logger = logging.getLogger(__name__)

PURPOSE = "name_merged"


def due() -> QuerySet[Deed]:
    """Merged or parted here, and Stripe has not heard of all of it."""
    kinds = [Deed.Kind.MERGED, Deed.Kind.PARTED]
    return Deed.objects.filter(kind__in=kinds, settled_at=None).order_by("pk")


def carry_out(deed: Deed, *, gateway: Gateway, now: datetime) -> None:
    """Name each at Stripe. Called again, each is named once. What Stripe does not know any more needs no name."""
    if deed.settled_at is not None:
        return
    try:
        for kind, stripe_id in _named_by(deed, gateway):
            _name(kind, stripe_id, deed, gateway)
    except (Refusal, OutsideFailure) as no:
        deed_failures.note(deed, no)
        raise
    deeds.settle(deed, now=now)


def carry_out_due(*, gateway: Gateway, now: datetime) -> int:
    """The job."""
    done = 0
    for deed in list(due()):
        try:
            carry_out(deed, gateway=gateway, now=now)
        except (Refusal, OutsideFailure):
            logger.warning("Merge %s is not told to Stripe yet", deed.pk, exc_info=True)
        else:
            done += 1
    return done


def out_of_reach(rows: Iterable[Subscription], connection: Connection | None) -> list[Subscription]:
    """Those of another account or mode of Stripe: moved here, they keep the old name there. None: nobody can say now."""
    if connection is None:
        return []
    named = (row for row in rows if row.is_recurring and row.stripe_id)
    return [row for row in named if not row.is_of(connection)]


def _named_by(deed: Deed, gateway: Gateway) -> Iterator[tuple[str, str]]:
    moved = deed.details["moved"]
    rows = Subscription.objects.at(gateway).filter(pk__in=moved["Subscription.user"], is_recurring=True)
    for stripe_id in rows.exclude(stripe_id="").order_by("pk").values_list("stripe_id", flat=True):
        yield "subscription", stripe_id
    customers = Customer.objects.filter(account=gateway.account_id, livemode=gateway.livemode)
    for stripe_id in customers.filter(pk__in=moved["Customer.user"]).order_by("pk").values_list("stripe_id", flat=True):
        yield "customer", stripe_id


def _name(kind: str, stripe_id: str, deed: Deed, gateway: Gateway) -> None:
    metadata = {people.USER_KEY: str(deed.user_id)}

    def name(key: str) -> str:
        if kind == "customer":
            gateway.name_customer(stripe_id, metadata, key=key)
        else:
            gateway.name_subscription(stripe_id, metadata, key=key)
        return stripe_id

    try:
        intents.carry_out(
            purpose=PURPOSE,
            subject=f"{stripe_id[:70]}:{deed.pk}",
            parameters={"kind": kind, "id": stripe_id, "user": str(deed.user_id)},
            gateway=gateway,
            call=name,
            result_id=str,
            find=lambda: _find(kind, stripe_id, str(deed.user_id), gateway),
        )
    except NotFound:
        logger.info("Stripe knows no %s %s any more", kind, stripe_id)


def _find(kind: str, stripe_id: str, user: str, gateway: Gateway) -> str | None:
    if kind == "customer":
        customer = gateway.read_customer(stripe_id)
        metadata = customer.metadata if customer else {}
    else:
        metadata = gateway.read_subscription(stripe_id).metadata
    return stripe_id if metadata.get(people.USER_KEY) == user else None


def find_named(intent: Intent, gateway: Gateway) -> str | None:
    parameters = intent.parameters
    return _find(str(parameters["kind"]), str(parameters["id"]), str(parameters["user"]), gateway)
