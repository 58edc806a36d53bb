"""Is there work left? ``memberships_drain`` does it: webhook events, items, e-mails, prices that wait for Stripe."""

import signal
import threading
from argparse import ArgumentParser
from types import FrameType

from django.core.management.base import BaseCommand
from django.db import close_old_connections

from ..draining import ONCE, Result, drain, empty, run
from ..reporting import report

PAUSE_SECONDS = 1.0
#: What fails without a date for the next try is not tried again each second.
ROUNDS_BETWEEN_PREPARING = 60


class Command(BaseCommand):
    help = "Work off everything that is due. With --loop, go on for ever: a site without a task worker needs no more."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--loop", action="store_true", help="Keep going until stopped.")
        parser.add_argument("--json", action="store_true", help="Print the result for machines.")

    def handle(self, *args: object, **options: object) -> None:
        if options["loop"]:
            self._loop()
        else:
            report(drain(), self, **options)

    def _loop(self) -> None:
        stopping = threading.Event()

        def stop(number: int, frame: FrameType | None) -> None:
            stopping.set()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        rounds = 0
        while not stopping.is_set():
            # Failures are logged by the jobs; a database that was restarted gets a new connection.
            close_old_connections()
            results: dict[str, Result] = {}
            if rounds % ROUNDS_BETWEEN_PREPARING == 0:
                run(ONCE, results)
            empty(results)
            rounds += 1
            stopping.wait(PAUSE_SECONDS)
