"""The whole demo in one command: sandbox, site and worker, seeded, until Ctrl-C."""

import os
import signal
import sys
import time
from argparse import ArgumentParser
from types import FrameType
from typing import NoReturn

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from ... import demo_clock
from ...demo.processes import (
    DemoFailed,
    Family,
    answers,
    demo_environment,
    require_free_port,
)

LOOK_EVERY_SECONDS = 1.0


class Command(BaseCommand):
    help = "Run the example school with a stand-in for Stripe; prints READY and its address."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8000, help="the sandbox takes the next one")

    def handle(self, *args: object, port: int, **options: object) -> None:
        signal.signal(signal.SIGTERM, _stop_gently)
        given = os.environ.get("LMS_MEMBERSHIPS_STRIPE_API_BASE", "")
        sandbox = given or f"http://127.0.0.1:{port + 1}"
        environment = demo_environment(port=port, sandbox=sandbox)
        family = Family(environment, settings.DEMO_STATE / "logs")
        try:
            require_free_port(port)
            self._start(family, port=port, sandbox="" if given else sandbox)
            self.stdout.write(f"READY http://127.0.0.1:{port}/")
            self.stdout.flush()
            self._watch(family, site=f"http://127.0.0.1:{port}", sandbox=sandbox)
        except DemoFailed as failure:
            raise CommandError(str(failure)) from failure
        except KeyboardInterrupt:
            self._say("Stopping")
        finally:
            family.stop()

    def _start(self, family: Family, *, port: int, sandbox: str) -> None:
        site = f"http://127.0.0.1:{port}"
        self._say("Preparing the database")
        family.run("migrate", *_manage("migrate", "--no-input"))
        self._say("Making the school")
        family.run("school", *_manage("demo_seed", "school"))
        if sandbox:
            require_free_port(port + 1)
            family.start("sandbox", *_sandbox(port, site))
            family.wait_for(f"{sandbox}/_sandbox/api/clock")
        family.start("web", *_manage("runserver", "--noreload", f"127.0.0.1:{port}"))
        family.start("worker", *_manage("db_worker", "--queue-name", "*", "--interval", "0.3", "--no-reload"))
        family.wait_for(f"{site}/demo/")
        self._say("Selling memberships, enrolling students")
        family.run("sales", *_manage("demo_seed", "sales"))
        family.wait_for(f"{site}/")

    def _watch(self, family: Family, *, site: str, sandbox: str) -> None:
        """Until something ends; when the clock was moved, the site is made to follow."""
        seen = demo_clock.ask(sandbox)
        while True:
            time.sleep(LOOK_EVERY_SECONDS)
            family.check()
            offset = demo_clock.ask(sandbox)
            if offset is not None and offset != seen:
                # Any page runs memberships_daily first.
                answers(f"{site}/demo/")
                seen = offset

    def _say(self, text: str) -> None:
        # Not on standard output: READY is the only line there, for scripts that wait for it.
        self.stderr.write(f"{text} …", ending="\n", style_func=str)
        self.stderr.flush()


def _manage(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "django", *arguments)


def _sandbox(port: int, site: str) -> tuple[str, ...]:
    return (
        sys.executable,
        "-m",
        "lms_memberships.sandbox",
        "--port",
        str(port + 1),
        "--webhook",
        f"{site}/memberships/webhooks/stripe/",
        "--state",
        str(settings.DEMO_STATE / "stripe.sqlite3"),
    )


def _stop_gently(signum: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
