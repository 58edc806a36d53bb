"""What has to be done, and how often? The one table of the jobs that no request waits for."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ..access import deliveries
from ..announcements import telling
from ..bundles import catalogue
from ..emails import gift_delivery, outbox, price_changes
from ..health import stripe_look
from ..memberships import promotions, publishing
from ..payments import customers
from ..payments.connect import NotConnected, configured_key, get_background_gateway
from ..payments.gateway import Gateway
from ..payments.premises import Frozen
from ..personal_data import erasing, keeping
from ..subscriptions import (
    changing_tiers,
    daily,
    gift_refunding,
    gift_settling,
    gift_turns,
    guest_daily,
    instalment_ends,
    lifecycle,
    price_moving,
    trials,
    waiting,
)
from ..subscriptions.gift_models import Gift
from ..webhooks import inbox
from . import pruning
from .missed import find_missed
from .resolving import resolve_open

#: How long one round may tell the rest of the site: slow receivers must not keep purchases waiting (B12).
TELLING_SECONDS = 5


class SomeFailed(Exception):
    """Single rows failed. They are logged, and wait for another try."""


class Rhythm(StrEnum):
    """How often a job is run."""

    #: Again and again until it finds nothing: its rows say themselves when they are due.
    ROUND = "round"
    #: Once in a run, and once a minute in a loop: what fails here is due again at once.
    MINUTE = "minute"
    #: By ``memberships_daily``.
    DAY = "day"


@dataclass(frozen=True)
class Job:
    """``do`` is told the domain's time, and says how much it did."""

    rhythm: Rhythm
    do: Callable[[datetime], int]


def _lapses(now: datetime) -> int:
    return lifecycle.announce_lapses(now=now)


def _trial_reminders(now: datetime) -> int:
    return daily.remind_of_trial_ends(now=now)


def _old_checkouts(now: datetime) -> int:
    due = list(daily.old_checkouts(now=now))
    return daily.close_old_checkouts(due, gateway=get_background_gateway(), now=now) if due else 0


def _second_purchases(now: datetime) -> int:
    due = list(daily.second_purchases())
    return daily.undo_second_purchases(due, gateway=get_background_gateway(), now=now) if due else 0


def _endless_instalments(now: datetime) -> int:
    due = list(instalment_ends.endless())
    return daily.end_instalments(due, gateway=get_background_gateway(), now=now) if due else 0


def _guests(now: datetime) -> int:
    forgotten = guest_daily.forget(now=now)
    due = list(guest_daily.due(now=now))
    return forgotten + (guest_daily.follow_all(due, gateway=get_background_gateway(), now=now) if due else 0)


def _customer_emails(now: datetime) -> int:
    if not customers.owed_emails().exists():
        return 0
    try:
        gateway = get_background_gateway()
    except (NotConnected, Frozen):
        return 0
    return customers.tell_emails(gateway=gateway)


def _waiting(now: datetime) -> int:
    return waiting.move_on(now=now)


def _tier_changes(now: datetime) -> int:
    if not changing_tiers.unanswered(now=now).exists():
        return 0
    return changing_tiers.find_out_all(gateway=get_background_gateway(), now=now)


def _old_gift_pages(now: datetime) -> int:
    due = list(gift_settling.old_pages(now=now))
    return gift_settling.close_old_pages(due, gateway=get_background_gateway(), now=now) if due else 0


def _gift_refunds(now: datetime) -> int:
    due = list(Gift.objects.filter(state=Gift.State.REFUNDING).order_by("pk"))
    return gift_refunding.carry_out_due(due, gateway=get_background_gateway(), now=now) if due else 0


def _gift_turns(now: datetime) -> int:
    return gift_turns.look_again(now=now)


def _gifts(now: datetime) -> int:
    return gift_settling.expire_unredeemed(now=now) + gift_delivery.deliver_due(now=now)


def _old_trials(now: datetime) -> int:
    return trials.note_old_ones()


def _catalogue(now: datetime) -> int:
    return catalogue.rebuild()


def _kept_invoices(now: datetime) -> int:
    return keeping.purge(now=now)


def _pruning(now: datetime) -> int:
    return pruning.prune()


def _health(now: datetime) -> int:
    if not configured_key():
        return 0
    stripe_look.ask()
    return 1


def _memberships(now: datetime) -> int:
    try:
        gateway = get_background_gateway()
    except (NotConnected, Frozen):
        # A site that has not connected Stripe yet has nothing to prepare, and nothing wrong with it. Nor has a copy.
        return 0
    return publishing.prepare_waiting(gateway=gateway, now=now)


def _promotions(now: datetime) -> int:
    try:
        gateway = get_background_gateway()
    except (NotConnected, Frozen):
        return 0
    return promotions.sweep(gateway=gateway)


def _webhooks(now: datetime) -> int:
    tally = inbox.work_through(now=now)
    if tally.failed:
        msg = f"{tally.failed} webhook events failed and wait for another try"
        raise SomeFailed(msg)
    return tally.done


def _erasures(now: datetime) -> int:
    gateway: Gateway | None
    try:
        gateway = get_background_gateway()
    except (NotConnected, Frozen):
        gateway = None
    tally = erasing.carry_out_due(gateway=gateway, now=now)
    if tally.waiting:
        msg = f"{tally.waiting} accounts wait to be deleted, until Stripe confirms that nothing more is charged"
        raise SomeFailed(msg)
    return tally.done


def _price_moves(now: datetime) -> int:
    worked_on = 0
    if price_moving.is_anybody_waiting(now=now):
        try:
            gateway = get_background_gateway()
        except (NotConnected, Frozen):
            return 0
        worked_on += price_moving.tell_due(gateway=gateway, now=now)
        worked_on += price_moving.move_due(gateway=gateway, undelivered=price_changes.undelivered, now=now)
    return worked_on + price_moving.finish(now=now)


def _items(now: datetime) -> int:
    return deliveries.deliver_due(now=now)


def _emails(now: datetime) -> int:
    return outbox.deliver_due(now=now)


def _announcements(now: datetime) -> int:
    return telling.tell_due(seconds=TELLING_SECONDS)


#: In this order: an event owes items and e-mails.
JOBS: dict[str, Job] = {
    # First: whoever has paid unheard must not be told that their access has ended.
    "missed": Job(Rhythm.DAY, find_missed),
    # Access ends by itself; this only says so, by mail and in the listings.
    "lapses": Job(Rhythm.DAY, _lapses),
    # Stripe tells it too, but an event can get lost (G6).
    "trial_reminders": Job(Rhythm.DAY, _trial_reminders),
    # Stripe tells of these as well; here are those whose event got lost.
    "old_checkouts": Job(Rhythm.DAY, _old_checkouts),
    # A refund that Stripe could not make yet.
    "second_purchases": Job(Rhythm.DAY, _second_purchases),
    # Instalments that nothing at Stripe would stop after the last one (V10).
    "endless_instalments": Job(Rhythm.DAY, _endless_instalments),
    # Changes of tier whose answer was lost, or whose payment never came (G15).
    "tier_changes": Job(Rhythm.DAY, _tier_changes),
    # What nobody has claimed: reminded, not charged again, and its money given back where somebody decided so.
    "guests": Job(Rhythm.DAY, _guests),
    # Gifts: the same for their pages and refunds; and one that waits behind something whose end has moved unheard.
    "old_gift_pages": Job(Rhythm.DAY, _old_gift_pages),
    "gift_refunds": Job(Rhythm.DAY, _gift_refunds),
    "gift_turns": Job(Rhythm.DAY, _gift_turns),
    # Trials from before they were noted (X12).
    "old_trials": Job(Rhythm.DAY, _old_trials),
    # Codes that were made in Stripe before it called here, or whose event got lost (V20).
    "promotions": Job(Rhythm.DAY, _promotions),
    # What was imported without a signal, or deleted behind our back.
    "catalogue": Job(Rhythm.DAY, _catalogue),
    # What the law asks to be kept of deleted accounts, once it no longer does.
    "kept_invoices": Job(Rhythm.DAY, _kept_invoices),
    # Texts that nobody needs any more, and rows that nothing can double any more (E11).
    "pruning": Job(Rhythm.DAY, _pruning),
    # So that the health page, and its line on our other pages, know of today's key, endpoint and clock.
    "health": Job(Rhythm.DAY, _health),
    # Writes whose answer was lost: looked up, never made again (D1).
    "intents": Job(Rhythm.MINUTE, resolve_open),
    # Published by workflow, schedule or bulk action: not on sale before Stripe has confirmed the price.
    "memberships": Job(Rhythm.MINUTE, _memberships),
    # Addresses that were proven here, and that receipts still miss (K3).
    "customer_emails": Job(Rhythm.MINUTE, _customer_emails),
    # A membership ended, a payment page ran out, a limit was raised: whoever waits hears of it.
    "waiting": Job(Rhythm.MINUTE, _waiting),
    # Their day has come, or their time is over (X15).
    "gifts": Job(Rhythm.MINUTE, _gifts),
    "webhooks": Job(Rhythm.ROUND, _webhooks),
    # Accounts to be deleted: Stripe was down, or the person pressed a moment ago (K6).
    "erasures": Job(Rhythm.ROUND, _erasures),
    # Members who are told of another price, and given it on the day: a few at a time (X11).
    "price_moves": Job(Rhythm.ROUND, _price_moves),
    "items": Job(Rhythm.ROUND, _items),
    "emails": Job(Rhythm.ROUND, _emails),
    # Last: these are the site's own functions, which may take their time.
    "announcements": Job(Rhythm.ROUND, _announcements),
}
