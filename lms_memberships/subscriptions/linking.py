"""How does a subscription that runs at Stripe already become somebody's? Looked at, shown, named, and read (guide §16, §17).

Never by an e-mail address: staff name the subscription and the person, and see both before anything is written.
"""

import re
import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from ..errors import Refusal
from ..memberships.models import Price
from ..payments import intents
from ..payments.gateway import Gateway, NotFound, SubscriptionSnapshot
from ..payments.models import Customer, Intent
from ..payments.stewardship import CustomerSnapshot
from ..retrying import retried
from . import deeds, people, places, settling
from .deed_models import Deed
from .guest_models import GuestPurchase
from .models import Checkout, Subscription
from .queries import BILLED, PAID_FOR

PURPOSE = "link_subscription"
SHAPE = re.compile(r"sub_[A-Za-z0-9_]{1,200}")


class NotFoundAtStripe(Refusal):
    message = _(
        "Stripe knows no subscription of this id in the connected account and mode. Its ids begin with “sub_”; those "
        "of test mode are not found with a live key."
    )


class AlreadyLinked(Refusal):
    message = _("This subscription is linked already: to this account, or to somebody else's.")


class NotRunning(Refusal):
    message = _("This subscription is over at Stripe, or was never paid: there is nothing to link.")


class OtherCustomer(Refusal):
    """Cards and invoices of one person must not be another's (X8)."""

    message = _(
        "It belongs to a customer at Stripe who is not this person: they have another customer there, or this one is "
        "somebody else's here. Link it to that account instead."
    )


class UnknownPrice(Refusal):
    message = _(
        "What it pays is no price of any membership here. Give a membership this price first (“Use an existing "
        "price” in the wizard), then link it."
    )


class SeveralThings(Refusal):
    message = _("It bills more than one thing, or more than one of it: such a subscription cannot be linked.")


class HeldAlready(Refusal):
    """Linked all the same, it would be taken for a second purchase, and be cancelled and refunded."""

    message = _("They hold this membership already. End one of the two first, so that nobody pays twice.")


class HoldsAnotherTier(Refusal):
    """Nothing would ever undo it: both would be charged until somebody sees it."""

    message = _("They pay for another tier of the same ladder. End one of the two first, so that nobody pays twice.")


class NoPlaceForIt(Refusal):
    message = _("No place is left in this membership. Raise its limit first.")


@dataclass(frozen=True)
class Candidate:
    """What would be linked, as Stripe has it now."""

    snapshot: SubscriptionSnapshot
    price: Price
    customer: CustomerSnapshot | None


def look(user_id: int, stripe_id: str, *, gateway: Gateway, now: datetime) -> Candidate:
    """Raises the refusal that says why it cannot be linked to this person. Writes nothing."""
    snapshot = _read(stripe_id, gateway)
    if snapshot.status not in BILLED:
        raise NotRunning
    if snapshot.item_count != 1 or snapshot.quantity != 1:
        raise SeveralThings
    _refuse_other_customer(user_id, snapshot.customer_id, gateway)
    prices = Price.objects.filter(account=gateway.account_id, livemode=gateway.livemode, stripe_id=snapshot.price_id)
    price = prices.select_related("membership").first()
    if price is None:
        raise UnknownPrice
    _refuse_a_second(user_id, price.membership_id, now)
    return Candidate(snapshot, price, gateway.read_customer(snapshot.customer_id))


def _read(stripe_id: str, gateway: Gateway) -> SubscriptionSnapshot:
    """Raises NotFoundAtStripe; AlreadyLinked for what is anybody's here."""
    if not SHAPE.fullmatch(stripe_id):
        raise NotFoundAtStripe
    guests = GuestPurchase.objects.filter(account=gateway.account_id, livemode=gateway.livemode)
    if any(rows.filter(stripe_id=stripe_id).exists() for rows in (Subscription.objects.at(gateway), guests)):
        raise AlreadyLinked
    try:
        snapshot = gateway.read_subscription(stripe_id)
    except NotFound:
        raise NotFoundAtStripe from None
    if people.attempts(snapshot.metadata.get(people.ATTEMPT_KEY, ""), gateway=gateway).exists():
        # Bought here, and the news of it is on its way: it is that person's.
        raise AlreadyLinked
    return snapshot


def link(user_id: int, stripe_id: str, *, wish: deeds.Wish, gateway: Gateway, now: datetime) -> Deed:
    """It is theirs from now on: noted here, named at Stripe, and read like every other. Raises what ``look`` raises."""
    known = Deed.objects.filter(key=wish.key).first()
    if known is None:
        candidate = look(user_id, stripe_id, gateway=gateway, now=now)
        known = _note(user_id, candidate, wish, gateway, now)
    elif known.kind != Deed.Kind.LINKED or (known.user_id, known.details["subscription"]) != (user_id, stripe_id):
        raise deeds.SentAlready
    if known.settled_at is not None:
        return known
    attempt = str(known.key)
    metadata = {
        people.USER_KEY: str(known.user_id),
        people.ATTEMPT_KEY: attempt,
        people.MEMBERSHIP_KEY: str(known.details["membership"]),
    }
    _name(str(known.details["subscription"]), metadata, gateway)
    found = settling.follow_subscription(str(known.details["subscription"]), gateway=gateway, now=now)
    if found is not None:
        Deed.objects.filter(pk=known.pk).update(subscription=found)
        deeds.settle(known, now=now)
    return known


@retried
def _note(user_id: int, candidate: Candidate, wish: deeds.Wish, gateway: Gateway, now: datetime) -> Deed:
    """The attempt by which Stripe's answer is known as theirs, and whose customer it is, before Stripe is told."""
    snapshot, price = candidate.snapshot, candidate.price
    details = {"subscription": snapshot.id, "membership": str(price.membership.uuid)}
    with transaction.atomic():
        people.lock_person(user_id)
        deed, is_new = deeds.note(Deed.Kind.LINKED, user_id, wish, now=now, details=details)
        if not is_new:
            return deed
        # Bought since it was shown?
        _refuse_a_second(user_id, price.membership_id, now)
        try:
            places.reserve(user_id, price.membership, now=now)
        except places.Full:
            raise NoPlaceForIt from None
        here = {"account": gateway.account_id, "livemode": gateway.livemode}
        Customer.objects.get_or_create(user_id=user_id, **here, defaults={"stripe_id": snapshot.customer_id})
        Checkout.objects.create(
            uuid=wish.key,
            user_id=user_id,
            membership=price.membership,
            price=price,
            # Nobody can pay on its page, and there was none. The subscription itself completes it.
            state=Checkout.State.EXPIRED,
            created_at=snapshot.started_at,
            **here,
        )
    return deed


def _refuse_a_second(user_id: int, membership_id: int, now: datetime) -> None:
    mine = Subscription.objects.filter(user_id=user_id)
    if mine.filter(membership_id=membership_id).held(now).exists():
        raise HeldAlready
    # What was given stands beside what is paid (X2).
    paid = mine.filter(membership__tier__ladder__is_on=True, origin__in=PAID_FOR).held(now)
    if paid.filter(membership__tier__ladder__tiers__membership=membership_id).exists():
        raise HoldsAnotherTier


def _refuse_other_customer(user_id: int, customer_id: str, gateway: Gateway) -> None:
    here = Customer.objects.filter(account=gateway.account_id, livemode=gateway.livemode)
    theirs = here.filter(user_id=user_id).first()
    if theirs is not None and theirs.stripe_id != customer_id:
        raise OtherCustomer
    if here.filter(stripe_id=customer_id).exclude(user_id=user_id).exists():
        raise OtherCustomer


def _name(stripe_id: str, metadata: dict[str, str], gateway: Gateway) -> None:
    def name(key: str) -> str:
        gateway.name_subscription(stripe_id, metadata, key=key)
        return stripe_id

    intents.carry_out(
        purpose=PURPOSE,
        subject=f"{stripe_id[:60]}:{uuid.UUID(metadata[people.ATTEMPT_KEY]).hex}",
        parameters={"subscription": stripe_id, "metadata": metadata},
        gateway=gateway,
        call=name,
        result_id=str,
        find=lambda: _find(stripe_id, metadata, gateway),
    )


def _find(stripe_id: str, metadata: dict[str, str], gateway: Gateway) -> str | None:
    return stripe_id if metadata.items() <= gateway.read_subscription(stripe_id).metadata.items() else None


def find_named(intent: Intent, gateway: Gateway) -> str | None:
    metadata = intent.parameters["metadata"]
    return _find(str(intent.parameters["subscription"]), dict(metadata), gateway)
