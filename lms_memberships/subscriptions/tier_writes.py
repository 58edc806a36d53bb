"""Which writes at Stripe make a change of tier, and was each made? Changed, planned, let go of, named: through intents."""

from datetime import datetime

from ..memberships.intervals import rhythm_of
from ..payments import intents
from ..payments.gateway import Gateway
from ..payments.models import Intent
from ..payments.switching import PlanRequest
from . import people
from .change_models import TierChange
from .models import Subscription
from .quotes import Quote

CHANGE, PLAN, LET_GO, NAME = "change_tier", "plan_tier", "let_go_of_plan", "name_tier"


def change_now(begun: TierChange, quote: Quote, *, gateway: Gateway) -> None:
    """At once, with the very moment that the preview was asked for."""
    request = quote.request

    def call(key: str) -> str:
        gateway.change_item(request, key=key)
        return request.subscription_id

    intents.carry_out(
        purpose=CHANGE,
        subject=f"{request.subscription_id}:{begun.pk}",
        parameters={
            "subscription": request.subscription_id,
            "item": request.item_id,
            "price": request.price_id,
            "quantity": request.quantity,
            "at": request.at,
        },
        gateway=gateway,
        call=call,
        result_id=str,
        find=lambda: _find_changed(request.subscription_id, request.price_id, gateway),
    )


def plan(begun: TierChange, quote: Quote, *, gateway: Gateway) -> None:
    """With the end of the period."""
    rhythm = rhythm_of(quote.price.interval)
    request = PlanRequest(
        subscription_id=quote.request.subscription_id,
        price_id=quote.price.stripe_id,
        quantity=quote.request.quantity,
        interval=rhythm.unit or "month",
        interval_count=rhythm.step,
        metadata={people.MEMBERSHIP_KEY: str(begun.membership.uuid)},
    )
    intents.carry_out(
        purpose=PLAN,
        subject=f"{request.subscription_id}:{begun.pk}",
        parameters={
            "subscription": request.subscription_id,
            "price": request.price_id,
            "quantity": request.quantity,
            "change": begun.pk,
            "due": quote.next_at,
        },
        gateway=gateway,
        call=lambda key: gateway.plan_change(request, key=key),
        result_id=str,
        find=lambda: find_plan_at(request.subscription_id, request.price_id, gateway),
    )


def let_go(subscription: Subscription, which: str, *, gateway: Gateway) -> None:
    """Whatever is planned is not to come. ``which`` tells one such wish from the next."""
    stripe_id = subscription.stripe_id

    def release(key: str) -> str:
        # Letting go twice is letting go once: this call needs no key. An end that a schedule has set is none of ours.
        schedule_id = gateway.read_subscription(stripe_id).schedule_id
        if schedule_id and not gateway.read_schedule(schedule_id).ends_subscription:
            gateway.release_schedule(schedule_id)
        return stripe_id

    intents.carry_out(
        purpose=LET_GO,
        subject=f"{stripe_id}:{which}",
        parameters={"subscription": stripe_id},
        gateway=gateway,
        call=release,
        result_id=str,
        find=lambda: _find_free(stripe_id, gateway),
    )


def name(subscription: Subscription, *, gateway: Gateway) -> None:
    """Say at Stripe which membership it is now, for whoever looks at it there."""
    stripe_id, wanted = subscription.stripe_id, str(subscription.membership.uuid)

    def call(key: str) -> str:
        gateway.name_tier(stripe_id, {people.MEMBERSHIP_KEY: wanted}, key=key)
        return stripe_id

    intents.carry_out(
        purpose=NAME,
        # With the turn: to Gold, back and to Gold again are three requests.
        subject=f"{stripe_id}:{subscription.turn}",
        parameters={"subscription": stripe_id, "membership": wanted},
        gateway=gateway,
        call=call,
        result_id=str,
        find=lambda: _find_named(stripe_id, wanted, gateway),
    )


def note_planned(change_id: int, due_at: datetime) -> None:
    """Stripe has it."""
    begun = TierChange.objects.filter(pk=change_id, state=TierChange.State.BEGUN)
    begun.update(state=TierChange.State.PLANNED, due_at=due_at)


def find_plan_at(stripe_id: str, price_id: str, gateway: Gateway) -> str | None:
    """Planned there, or come true already."""
    snapshot = gateway.read_subscription(stripe_id)
    if snapshot.price_id == price_id:
        return stripe_id
    if not snapshot.schedule_id:
        return None
    schedule = gateway.read_schedule(snapshot.schedule_id)
    return schedule.id if schedule.next_price_id == price_id else None


def find_changed(intent: Intent, gateway: Gateway) -> str | None:
    said = intent.parameters
    return _find_changed(str(said["subscription"]), str(said["price"]), gateway)


def find_planned(intent: Intent, gateway: Gateway) -> str | None:
    """Whoever asked for it may have died before it was noted here."""
    said = intent.parameters
    found = find_plan_at(str(said["subscription"]), str(said["price"]), gateway)
    if found is not None:
        note_planned(int(str(said["change"])), datetime.fromisoformat(str(said["due"])))
    return found


def find_free(intent: Intent, gateway: Gateway) -> str | None:
    return _find_free(str(intent.parameters["subscription"]), gateway)


def find_named(intent: Intent, gateway: Gateway) -> str | None:
    said = intent.parameters
    return _find_named(str(said["subscription"]), str(said["membership"]), gateway)


def _find_changed(stripe_id: str, price_id: str, gateway: Gateway) -> str | None:
    """Changed, or waiting for its payment: both say that Stripe has it."""
    snapshot = gateway.read_subscription(stripe_id)
    return stripe_id if snapshot.price_id == price_id or snapshot.pending_until is not None else None


def _find_free(stripe_id: str, gateway: Gateway) -> str | None:
    return None if gateway.read_subscription(stripe_id).schedule_id else stripe_id


def _find_named(stripe_id: str, wanted: str, gateway: Gateway) -> str | None:
    is_named = gateway.read_subscription(stripe_id).metadata.get(people.MEMBERSHIP_KEY) == wanted
    return stripe_id if is_named else None
