"""Was anything missed? ``memberships_sync`` compares with Stripe, repairs, and says in words what it repaired."""

import json
from argparse import ArgumentParser
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime

from django.core.management.base import BaseCommand, CommandError

from ... import clock
from ...emails import truth
from ...errors import OutsideFailure, Refusal
from ...payments import connect
from ...payments.gateway import Gateway
from ...subscriptions import syncing
from ...subscriptions.sync_course import Busy, Plan
from ...subscriptions.sync_models import SyncRun
from ...subscriptions.sync_sweep import TooManyGone
from .memberships_why import find_moment

REPAIRED = 2
#: Back to the beginning of a terminal's line, and empty it.
CLEAR = "\r\x1b[K"


class Command(BaseCommand):
    help = (
        "Compares with Stripe and repairs what differs: what happened since the last run, or everything. "
        "Goes on where it was broken off. Exits with 0 when nothing was wrong, 2 when something was and is repaired, "
        "1 when something failed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--all", action="store_true", help="Compare everything, not only what happened lately.")
        parser.add_argument("--since", metavar="DATE", help="Look back at least to this day, such as 2027-01-31.")
        parser.add_argument("--with-mail", action="store_true", help="Write about what happened long ago as well.")
        parser.add_argument("--restart", action="store_true", help="Do not go on with a run that was broken off.")
        parser.add_argument("--max-rate", type=int, default=0, metavar="N", help="So many calls a second at most.")
        parser.add_argument("--page-size", type=int, default=100, help="Objects in a call, at most 100.")
        parser.add_argument("--json", action="store_true", help="Print the result for machines.")

    def handle(self, *args: object, **options: str) -> None:
        self.is_silent = bool(options["json"]) or not int(options["verbosity"])
        now = clock.now()
        try:
            gateway = connect.get_background_gateway(at_most=int(options["max_rate"]))
            plan = self._plan(gateway, now, **options)
            is_fresh = bool(options["restart"])
            with truth.all_is_news() if options["with_mail"] else nullcontext():
                run = syncing.synchronise(plan, gateway=gateway, now=now, watcher=self, is_fresh=is_fresh)
        except Busy as busy:
            self._say_busy(busy.run, **options)
        except (Refusal, OutsideFailure) as failure:
            self._fail(str(failure.message), **options)
        except TooManyGone as failure:
            self._fail(str(failure), **options)
        else:
            self._report(run, **options)

    # ------------------------------------------------------------------ while it runs
    def repaired(self, line: str) -> None:
        self._say(f"{CLEAR}{line}" if self.stdout.isatty() else line)

    def moved(self, run: SyncRun) -> None:
        line = f"{run.phase}: {run.seen} compared, {run.repaired} repaired, {run.failed} failed"
        if self.stdout.isatty():
            # The same line again and again, for a person; a log gets one each.
            self._say(f"{CLEAR}{line}", ending="")
        else:
            self._say(line)

    # ------------------------------------------------------------------ afterwards
    def _report(self, run: SyncRun, **options: str) -> None:
        line = f"Compared {run.seen}, repaired {run.repaired}, failed {run.failed}."
        if options["json"]:
            self.stdout.write(json.dumps({"ok": not run.failed, "state": "done", **_as_json(run)}))
        else:
            self._say(line)
        if run.failed:
            msg = f"{run.failed} could not be compared; the next run tries again. The log says why."
            raise CommandError(msg)
        if run.repaired:
            raise CommandError(f"{run.repaired} were not as at Stripe, and are now.", returncode=REPAIRED)

    def _say_busy(self, run: SyncRun, **options: str) -> None:
        if options["json"]:
            self.stdout.write(json.dumps({"ok": True, "state": "busy", **_as_json(run)}))
        else:
            self._say(f"Another run is at work ({run.phase}, {run.seen} compared). Nothing was done.")

    def _fail(self, message: str, **options: str) -> None:
        if options["json"]:
            self.stdout.write(json.dumps({"ok": False, "state": "failed", "failure": message}))
        raise CommandError(message)

    def _say(self, line: str, *, ending: str | None = None) -> None:
        if not self.is_silent:
            self.stdout.write(line, ending=ending)

    def _plan(self, gateway: Gateway, now: datetime, **options: str) -> Plan:
        since = find_moment(options["since"]) if options["since"] else None
        plan = syncing.plan_everything() if options["all"] else syncing.plan_events(gateway, now=now, since=since)
        return replace(plan, page_size=int(options["page_size"]))


def _as_json(run: SyncRun) -> dict[str, object]:
    return {
        "since": run.since and run.since.isoformat(),
        "phase": run.phase,
        "seen": run.seen,
        "repaired": run.repaired,
        "failed": run.failed,
        "repairs": run.repairs,
    }
