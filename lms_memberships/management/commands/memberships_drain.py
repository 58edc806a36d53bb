"""Is there work left? ``memberships_drain`` does it: webhook events, items, e-mails, prices that wait for Stripe."""

import signal
import threading
from argparse import ArgumentParser
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ...payments.models import WebhookEvent
from ...payments.replaying import replay
from ..draining import drain, loop
from ..jobs import Rhythm
from ..reporting import report


class Command(BaseCommand):
    help = "Work off everything that is due. With --loop, go on for ever: a site without a task worker needs no more."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--loop", action="store_true", help="Keep going until stopped.")
        parser.add_argument("--json", action="store_true", help="Print the result for machines.")
        parser.add_argument(
            "--replay", nargs="*", metavar="event_id", help="First begin again with these webhook events of Stripe's."
        )
        parser.add_argument("--dead", action="store_true", help="With --replay: all those that were given up.")

    def handle(self, *args: object, **options: Any) -> None:
        if options["replay"] is not None:
            self._replay(options["replay"], with_dead=options["dead"])
        if options["loop"]:
            loop(self._until_stopped())
        else:
            report(drain(Rhythm.MINUTE), self, **options)

    def _replay(self, event_ids: list[str], *, with_dead: bool) -> None:
        wanted = WebhookEvent.objects.filter(event_id__in=event_ids)
        missing = set(event_ids) - set(wanted.values_list("event_id", flat=True))
        if missing:
            msg = f"No such webhook event: {', '.join(sorted(missing))}"
            raise CommandError(msg)
        if not event_ids and not with_dead:
            msg = "--replay needs ids of events, or --dead"
            raise CommandError(msg)
        count = replay(wanted) if event_ids else 0
        if with_dead:
            count += replay(WebhookEvent.objects.filter(state=WebhookEvent.State.DEAD))
        self.stderr.write(f"{count} webhook events begin again")

    @staticmethod
    def _until_stopped() -> threading.Event:
        stopping = threading.Event()

        def stop(number: int, frame: FrameType | None) -> None:
            stopping.set()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        return stopping
