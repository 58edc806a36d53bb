"""What has to be done, and how often? The one table of the jobs that no request waits for."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from .. import clock
from ..access import deliveries
from ..announcements import telling
from ..bundles import catalogue
from ..emails import gift_delivery, outbox
from ..health import stripe_look
from ..payments.connect import configured_key
from ..personal_data import keeping
from ..subscriptions import (
    daily,
    exporting,
    gift_settling,
    gift_turns,
    lifecycle,
    trials,
    waiting,
)
from ..webhooks import inbox
from . import at_stripe, pruning, reminding
from .at_stripe import SomeFailed as SomeFailed
from .missed import find_missed
from .resolving import resolve_open

#: How long one round may tell the rest of the site: slow receivers must not keep purchases waiting (B12).
TELLING_SECONDS = 5


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


def _waiting(now: datetime) -> int:
    return waiting.move_on(now=now)


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


def _webhooks(now: datetime) -> int:
    tally = inbox.work_through(now=now)
    if tally.failed:
        msg = f"{tally.failed} webhook events failed and wait for another try"
        raise SomeFailed(msg)
    return tally.done


def _exports(now: datetime) -> int:
    return exporting.make_due()


def _old_exports(now: datetime) -> int:
    return exporting.forget_old(now=clock.wall_time())


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
    # Days of grace that run: whoever has not mended a failed payment is told again (X17).
    "missing_payments": Job(Rhythm.DAY, reminding.of_missing_payments),
    # Renewals that the site wants its members reminded of, and cards that will not pay them.
    "renewals": Job(Rhythm.DAY, reminding.of_renewals),
    "cards": Job(Rhythm.DAY, reminding.of_cards),
    # Stripe tells of these as well; here are those whose event got lost.
    "old_checkouts": Job(Rhythm.DAY, at_stripe.old_checkouts),
    # A refund that Stripe could not make yet.
    "second_purchases": Job(Rhythm.DAY, at_stripe.second_purchases),
    # Instalments that nothing at Stripe would stop after the last one (V10).
    "endless_instalments": Job(Rhythm.DAY, at_stripe.endless_instalments),
    # Changes of tier whose answer was lost, or whose payment never came (G15).
    "tier_changes": Job(Rhythm.DAY, at_stripe.tier_changes),
    # What nobody has claimed: reminded, not charged again, and its money given back where somebody decided so.
    "guests": Job(Rhythm.DAY, at_stripe.guests),
    # Gifts: the same for their pages; and one that waits behind something whose end has moved unheard.
    "old_gift_pages": Job(Rhythm.DAY, at_stripe.old_gift_pages),
    "gift_turns": Job(Rhythm.DAY, _gift_turns),
    # Trials from before they were noted (X12).
    "old_trials": Job(Rhythm.DAY, _old_trials),
    # Codes that were made in Stripe before it called here, or whose event got lost (V20).
    "promotions": Job(Rhythm.DAY, at_stripe.sweep_promotions),
    # What was imported without a signal, or deleted behind our back.
    "catalogue": Job(Rhythm.DAY, _catalogue),
    # What the law asks to be kept of deleted accounts, once it no longer does.
    "kept_invoices": Job(Rhythm.DAY, _kept_invoices),
    # Texts that nobody needs any more, and rows that nothing can double any more (E11).
    "pruning": Job(Rhythm.DAY, _pruning),
    # The site's terms have another address, or its language is another: the portal at Stripe follows (P14).
    "portal": Job(Rhythm.DAY, at_stripe.portal),
    # So that the health page, and its line on our other pages, know of today's key, endpoint and clock.
    "health": Job(Rhythm.DAY, _health),
    # After everything that still brings invoices in: what differs now is what nobody has heard of (H11).
    "ledger": Job(Rhythm.DAY, at_stripe.compare_ledger),
    # Writes whose answer was lost: looked up, never made again (D1).
    "intents": Job(Rhythm.MINUTE, resolve_open),
    # Published by workflow, schedule or bulk action: not on sale before Stripe has confirmed the price.
    "memberships": Job(Rhythm.MINUTE, at_stripe.memberships),
    # Somebody has cancelled, and Stripe has not confirmed it (G24).
    "departures": Job(Rhythm.MINUTE, at_stripe.finish_departures),
    # The same of who has withdrawn from a purchase: it ends, and each payment goes back once.
    "withdrawals": Job(Rhythm.MINUTE, at_stripe.withdrawals),
    # Refunds that Stripe has not answered; and what a refund or a dispute has closed here, and Stripe would go on billing.
    "money_back": Job(Rhythm.MINUTE, at_stripe.money_back),
    # Gifts whose money somebody was promised back.
    "gift_refunds": Job(Rhythm.MINUTE, at_stripe.gift_refunds),
    # Access that staff have closed: until Stripe has ended it too, and collects nothing more (P24).
    "revocations": Job(Rhythm.MINUTE, at_stripe.revocations),
    # Whose it is, at Stripe, since two accounts were merged (K11).
    "merged_names": Job(Rhythm.MINUTE, at_stripe.tell_merged_names),
    # Files of people that nobody can fetch any more (S20).
    "old_exports": Job(Rhythm.MINUTE, _old_exports),
    # Addresses that were proven here, and that receipts still miss (K3).
    "customer_emails": Job(Rhythm.MINUTE, at_stripe.customer_emails),
    # A membership ended, a payment page ran out, a limit was raised: whoever waits hears of it.
    "waiting": Job(Rhythm.MINUTE, _waiting),
    # Their day has come, or their time is over (X15).
    "gifts": Job(Rhythm.MINUTE, _gifts),
    "webhooks": Job(Rhythm.ROUND, _webhooks),
    # Accounts to be deleted: Stripe was down, or the person pressed a moment ago (K6).
    "erasures": Job(Rhythm.ROUND, at_stripe.erasures),
    # Members who are told of another price, and given it on the day: a few at a time (X11).
    "price_moves": Job(Rhythm.ROUND, at_stripe.price_moves),
    # What was confirmed for many people at once: a few at a time (N6).
    "people": Job(Rhythm.ROUND, at_stripe.people),
    # Files of people: some parts at a time (M7).
    "exports": Job(Rhythm.ROUND, _exports),
    "items": Job(Rhythm.ROUND, _items),
    "emails": Job(Rhythm.ROUND, _emails),
    # Last: these are the site's own functions, which may take their time.
    "announcements": Job(Rhythm.ROUND, _announcements),
}
