"""Who is told of a new price, and who is given it now? The work of a price change: leased, once a person, again after a crash."""

import logging
from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet

from .. import clock, conf, events, leases
from ..memberships.intervals import rhythm_of
from ..memberships.pricing import STEPS
from ..payments import intents
from ..payments.gateway import (
    Gateway,
    GatewayFailure,
    Locked,
    NotFound,
    RequestRefused,
    SubscriptionSnapshot,
    SubscriptionStatus,
)
from ..payments.models import Intent
from ..retrying import retried
from . import lifecycle, price_moves
from .models import Subscription
from .price_move_models import OPEN, PriceMove, PriceMoveEntry

logger = logging.getLogger(__name__)

State = PriceMoveEntry.State
PURPOSE = "move_price"
#: So few at a time, so that webhooks and mails come in between.
BATCH = 25
#: After each call that Stripe did not answer; after the last one it is given up, until somebody tries again.
WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 720, 1440))
#: Of some entries, those whose notice did not leave, or came back.
Undelivered = Callable[[Collection[PriceMoveEntry]], set[int]]


def is_anybody_waiting(*, now: datetime) -> bool:
    """Whether a way to Stripe is needed at all."""
    return _untold().exists() or _due(now).exists()


def tell_due(*, gateway: Gateway, now: datetime) -> int:
    """Tell those who are to be told: a fact each, and what follows it is the e-mail. Returns how many were looked at."""
    lease = leases.take(_here(_untold(), gateway).order_by("next_try_at", "pk"), most=BATCH)
    for entry in lease.rows:
        lease.keep()
        try:
            _tell(entry, lease.token, now=now)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is noted, and the next one's turn comes
            _note_bug(entry, lease.token, error)
    return len(lease.rows)


def move_due(*, gateway: Gateway, undelivered: Undelivered, now: datetime) -> int:
    """Give the new price to those whose day has come. Returns how many were looked at."""
    lease = leases.take(_here(_due(now), gateway).order_by("due_at", "pk"), most=BATCH)
    if not lease:
        return 0
    rows = lease.held().select_related("move__old_price", "move__new_price", "subscription").order_by("due_at", "pk")
    untold = undelivered(lease.rows)
    looked_at = 0
    for entry in rows:
        lease.keep()
        if not _move(entry, lease.token, is_untold=entry.pk in untold, gateway=gateway, now=now):
            # Stripe does not answer: the others would wait in vain as well.
            lease.release()
            break
        looked_at += 1
    return looked_at


def finish(*, now: datetime) -> int:
    """Price changes with nobody left to move are done."""
    left = PriceMoveEntry.objects.filter(move=OuterRef("pk"), state__in=OPEN)
    over = PriceMove.objects.filter(~Exists(left), state=PriceMove.State.PLANNED)
    return over.update(state=PriceMove.State.DONE, finished_at=now)


def find_moved(intent: Intent, gateway: Gateway) -> str | None:
    """What came of an intent of ours, from its row."""
    found = gateway.read_subscription(str(intent.parameters["subscription"]))
    return found.id if intent.parameters["new"] in found.price_ids else None


def first_renewal(subscription: Subscription, *, after: datetime) -> datetime:
    """When it is first billed after that moment."""
    anchor = subscription.period_end or after
    if subscription.status == SubscriptionStatus.TRIALING and subscription.trial_end is not None:
        anchor = subscription.trial_end
    rhythm = rhythm_of(subscription.interval)
    renewal, count = anchor, 0
    while renewal <= after and rhythm.unit is not None:
        count += 1
        renewal = anchor + STEPS[rhythm.unit](rhythm.step * count)
    return renewal


def _untold() -> "QuerySet[PriceMoveEntry]":
    return PriceMoveEntry.objects.filter(state=State.PLANNED, next_try_at__lte=clock.wall_time())


def _here(entries: "QuerySet[PriceMoveEntry]", gateway: Gateway) -> "QuerySet[PriceMoveEntry]":
    """In the account and mode that the gateway speaks to: nobody is told of a price in another."""
    moves = PriceMove.objects.filter(account=gateway.account_id, livemode=gateway.livemode)
    return entries.filter(move__in=moves)


def _due(now: datetime) -> "QuerySet[PriceMoveEntry]":
    return PriceMoveEntry.objects.filter(state=State.TOLD, due_at__lte=now, next_try_at__lte=clock.wall_time())


@retried
def _tell(entry: PriceMoveEntry, token: str, *, now: datetime) -> None:
    with transaction.atomic():
        move = PriceMove.objects.select_for_update(of=("self",)).select_related("old_price").get(pk=entry.move_id)
        reason = _why_not(entry, move)
        if reason:
            leases.settle(entry, token, state=State.SKIPPED, reason=reason)
            return
        due_at = max(move.move_at, now + timedelta(days=conf.PRICE_CHANGE_NOTICE_DAYS))
        subscription = Subscription.objects.get(pk=entry.subscription_id)
        is_mine = leases.settle(
            entry,
            token,
            state=State.TOLD,
            told_at=now,
            due_at=due_at,
            applies_from=first_renewal(subscription, after=due_at),
            tellings=F("tellings") + 1,
        )
        if is_mine:
            events.publish(events.PriceWillChange(entry.pk, entry.tellings + 1))


def _why_not(entry: PriceMoveEntry, move: PriceMove) -> str:
    """As our row has it now."""
    if move.state != PriceMove.State.PLANNED:
        return price_moves.CALLED_OFF
    rows = price_moves.classified(move.old_price, besides=move.pk).filter(pk=entry.subscription_id)
    found = rows.values_list("why_not", flat=True).first()
    return price_moves.ENDED if found is None else found


def _move(entry: PriceMoveEntry, token: str, *, is_untold: bool, gateway: Gateway, now: datetime) -> bool:
    """One person. False: Stripe does not answer at all."""
    try:
        values = _outcome(entry, is_untold=is_untold, gateway=gateway, now=now)
    except NotFound:
        values = {"state": State.SKIPPED, "reason": price_moves.ENDED}
    except RequestRefused as failure:
        values = {"state": State.FAILED, "reason": price_moves.REFUSED, "failure": str(failure.message)}
    except GatewayFailure as failure:
        logger.warning("Price change %s waits: %s", entry.pk, type(failure).__name__)
        leases.settle(entry, token, **_put_off(entry, str(failure.message), price_moves.NO_ANSWER))
        return isinstance(failure, Locked)
    except Exception as error:  # noqa: BLE001 - the same
        _note_bug(entry, token, error)
        return True
    leases.settle(entry, token, **values)
    return True


def _outcome(entry: PriceMoveEntry, *, is_untold: bool, gateway: Gateway, now: datetime) -> dict[str, object]:
    """What comes of it, read again at Stripe first: cancelled meanwhile, it is left alone. Calls Stripe once at most."""
    stripe_id, new = entry.subscription.stripe_id, entry.move.new_price
    snapshot = gateway.read_subscription(stripe_id)
    lifecycle.reconcile(snapshot, gateway=gateway, now=now)
    done = {"state": State.DONE, "done_at": now, "reason": "", "failure": ""}
    if new.stripe_id in snapshot.price_ids:
        # By an earlier run of ours that could not write it down, or by hand in Stripe.
        return done
    reason = _why_not(entry, PriceMove.objects.select_related("old_price").get(pk=entry.move_id))
    if reason:
        return {"state": State.SKIPPED, "reason": reason}
    if is_untold:
        return {"state": State.FAILED, "reason": price_moves.NOT_TOLD}
    moved = _ask(entry, gateway)
    lifecycle.reconcile(moved, gateway=gateway, now=now)
    return done


def _ask(entry: PriceMoveEntry, gateway: Gateway) -> SubscriptionSnapshot:
    stripe_id = entry.subscription.stripe_id
    old, new = entry.move.old_price.stripe_id, entry.move.new_price.stripe_id

    def find() -> SubscriptionSnapshot | None:
        found = gateway.read_subscription(stripe_id)
        return found if new in found.price_ids else None

    return intents.carry_out(
        purpose=PURPOSE,
        # One key for a subscription in a price change, whoever runs it and how often (guide §8).
        subject=f"{stripe_id}:{entry.move_id}",
        parameters={"subscription": stripe_id, "old": old, "new": new},
        gateway=gateway,
        call=lambda key: gateway.move_price(stripe_id, old=old, new=new, key=key),
        result_id=lambda moved: moved.id,
        find=find,
    )


def _note_bug(entry: PriceMoveEntry, token: str, error: Exception) -> None:
    """A bug of ours, or of a receiver of the site's: the others must not wait behind it."""
    logger.exception("Price change %s failed", entry.pk)
    leases.settle(entry, token, **_put_off(entry, type(error).__name__, price_moves.BROKEN))


def _put_off(entry: PriceMoveEntry, said: str, reason: str) -> dict[str, object]:
    attempts = entry.attempts + 1
    if attempts > len(WAITS):
        return {"state": State.FAILED, "reason": reason, "failure": said, "attempts": attempts}
    later = clock.wall_time() + WAITS[attempts - 1]
    return {"attempts": attempts, "failure": said, "next_try_at": later}
