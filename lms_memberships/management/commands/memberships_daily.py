"""What does time alone bring about? ``memberships_daily``: ends of access, reminders, pages nobody paid on."""

from argparse import ArgumentParser
from datetime import datetime

from django.core.management.base import BaseCommand

from ...bundles import catalogue
from ...payments.connect import get_gateway
from ...subscriptions import daily, lifecycle
from ..draining import Job, Result, drain, run
from ..reporting import report


class Command(BaseCommand):
    help = "Close what time has closed, remind of ending trials, tidy up, then work off everything that is due."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="Print the result for machines.")

    def handle(self, *args: object, **options: object) -> None:
        results: dict[str, Result] = {}
        run(JOBS, results)
        results |= drain()
        report(results, self, **options)


def _lapses(now: datetime) -> int:
    return lifecycle.announce_lapses(now=now)


def _trial_reminders(now: datetime) -> int:
    return daily.remind_of_trial_ends(now=now)


def _old_checkouts(now: datetime) -> int:
    due = list(daily.old_checkouts(now=now))
    return daily.close_old_checkouts(due, gateway=get_gateway(), now=now) if due else 0


def _second_purchases(now: datetime) -> int:
    due = list(daily.second_purchases())
    return daily.undo_second_purchases(due, gateway=get_gateway(), now=now) if due else 0


def _catalogue(now: datetime) -> int:
    return catalogue.rebuild()


JOBS: dict[str, Job] = {
    # Access ends by itself; this only says so, by mail and in the listings.
    "lapses": _lapses,
    # Stripe tells it too, but an event can get lost (G6).
    "trial_reminders": _trial_reminders,
    # Stripe tells of these as well; here are those whose event got lost.
    "old_checkouts": _old_checkouts,
    # A refund that Stripe could not make yet.
    "second_purchases": _second_purchases,
    # What was imported without a signal, or deleted behind our back.
    "catalogue": _catalogue,
}
