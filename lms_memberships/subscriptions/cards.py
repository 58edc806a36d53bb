"""Which card is charged next? The one that its person gave last, also where a subscription had one of its own (P6)."""

import logging
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from ..errors import OutsideFailure
from ..payments import intents
from ..payments.gateway import Gateway, NotFound, RequestRefused
from ..payments.models import Customer, Intent
from ..payments.portal import CardSnapshot, CardsSnapshot
from . import lifecycle
from .models import Subscription
from .queries import SubscriptionQuerySet
from .told import OVER

logger = logging.getLogger(__name__)


class CardNotTaken(OutsideFailure):
    """Somebody has changed their card, and one of their subscriptions goes on being charged to the old one."""

    message = _("Stripe has refused to charge somebody's new card for one of their memberships.")


@dataclass(frozen=True)
class Followed:
    """What came of looking. ``is_new``: there is another card than the last time. ``kept``: what it is not charged for."""

    is_new: bool = False
    subscriptions: tuple[Subscription, ...] = ()
    kept: tuple[Subscription, ...] = ()


def follow(customer_id: str, *, gateway: Gateway, now: datetime) -> Followed:
    """Whatever this customer pays for here is charged to the card that is theirs now.

    The checkout gives each subscription a card of its own, which Stripe prefers to the customer's; the portal changes
    the customer's alone. Called by the way back from the portal and by Stripe's word of a changed customer: whoever
    comes second finds nothing to do. Raises what the gateway raises; what was not done is done the next time.
    """
    cards = gateway.read_cards(customer_id)
    if cards is None:
        return Followed()
    customer = Customer.objects.filter(
        account=gateway.account_id, livemode=gateway.livemode, stripe_id=customer_id
    ).first()
    seen = customer.card_id if customer is not None else None
    is_new, kept = _charge(cards, seen, paid_by(customer_id, gateway=gateway), gateway=gateway)
    default_id = cards.default.id if cards.default else ""
    if default_id == seen:
        return Followed(kept=kept)
    # A trial that had no card has one now, and will renew (G5): before it counts as seen.
    found = _read_again(customer_id, gateway=gateway, now=now) if seen or default_id else ()
    # Seen, nobody would try again: one that was refused is new until it is charged for everything.
    if customer is not None and not kept:
        Customer.objects.filter(pk=customer.pk).update(card_id=default_id)
    return Followed(is_new and not kept, found, kept)


def seen_of(customer_id: str, *, gateway: Gateway) -> str | None:
    """Which card of theirs was seen last; empty: none. None: nobody has looked yet."""
    mine = Customer.objects.filter(account=gateway.account_id, livemode=gateway.livemode, stripe_id=customer_id)
    return mine.values_list("card_id", flat=True).first()


def _charge(
    cards: CardsSnapshot, seen: str | None, rows: SubscriptionQuerySet, *, gateway: Gateway
) -> tuple[bool, tuple[Subscription, ...]]:
    """Whether there is a card that was not there when these were last read, and for which it is refused."""
    default, kept = cards.default, []
    if default is None:
        return False, ()
    is_new = seen is not None and default.id != seen
    for subscription in rows:
        own = cards.of_subscriptions.get(subscription.stripe_id)
        if own is None:
            is_new = is_new or not subscription.has_card
        elif not _is_wanted_instead(default, own, seen):
            continue
        elif _is_used(subscription.stripe_id, default.id, gateway):
            is_new = True
        elif not _is_over(subscription.stripe_id, gateway):
            kept.append(subscription)
    return is_new, tuple(kept)


def look_before(customer_id: str, *, gateway: Gateway) -> None:
    """Note which card is theirs now, where nobody has looked yet: then another one is known to be newer."""
    unseen = Customer.objects.filter(
        account=gateway.account_id, livemode=gateway.livemode, stripe_id=customer_id, card_id=None
    )
    if not unseen.exists():
        return
    cards = gateway.read_cards(customer_id)
    if cards is not None:
        unseen.update(card_id=cards.default.id if cards.default else "")


def paid_by(customer_id: str, *, gateway: Gateway) -> SubscriptionQuerySet:
    """What is, or may yet be, charged to this customer."""
    mine = Subscription.objects.at(gateway).filter(customer_id=customer_id, is_recurring=True).exclude(stripe_id="")
    return mine.exclude(status__in=OVER).order_by("pk")


def _is_wanted_instead(default: CardSnapshot, own: CardSnapshot, seen: str | None) -> bool:
    """Whether the person's card was chosen after the subscription's own.

    Paying an invoice on Stripe's page gives the subscription a newer one: that stays. Of a customer who was never
    looked at before, the age of the two cards tells.
    """
    if default.id == own.id:
        return False
    if seen is not None:
        return default.id != seen
    return default.made_at is not None and own.made_at is not None and default.made_at > own.made_at


def _is_used(stripe_id: str, card_id: str, gateway: Gateway) -> bool:
    """Whether it is charged from now on. One that is refused keeps none of the others from it."""
    try:
        _use(stripe_id, card_id, gateway)
    except (NotFound, RequestRefused) as no:
        logger.warning("%s keeps its card: %s", stripe_id, no.code)
        return False
    return True


def _is_over(stripe_id: str, gateway: Gateway) -> bool:
    """It has ended a moment ago, so that nothing is charged any more: neither to the one card nor to the other."""
    try:
        return gateway.read_subscription(stripe_id).status in OVER
    except NotFound:
        return True


def _use(stripe_id: str, card_id: str, gateway: Gateway) -> None:
    def call(key: str) -> str:
        gateway.use_card(stripe_id, card_id, key=key)
        return card_id

    def find() -> str | None:
        return card_id if gateway.card_of(stripe_id) == card_id else None

    intents.carry_out(
        purpose="use_card",
        subject=f"{stripe_id}:{card_id}",
        parameters={"subscription": stripe_id, "card": card_id},
        gateway=gateway,
        call=call,
        result_id=str,
        find=find,
    )


def find_used(intent: Intent, gateway: Gateway) -> str | None:
    """What came of it."""
    card_id = str(intent.parameters["card"])
    return card_id if gateway.card_of(str(intent.parameters["subscription"])) == card_id else None


def _read_again(customer_id: str, *, gateway: Gateway, now: datetime) -> tuple[Subscription, ...]:
    found = []
    for subscription in paid_by(customer_id, gateway=gateway):
        try:
            snapshot = gateway.read_subscription(subscription.stripe_id)
        except NotFound:
            logger.info("%s is gone", subscription.stripe_id)
            continue
        read = lifecycle.reconcile(snapshot, gateway=gateway, now=now)
        if read is not None:
            found.append(read)
    return tuple(found)
