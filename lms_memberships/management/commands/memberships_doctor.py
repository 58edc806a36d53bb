"""Is the running site well? A line for each light with what mends it; the exit code says it to machines (N7)."""

import json
from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError
from django.utils import translation

from ... import clock
from ...errors import OutsideFailure, Refusal
from ...health import stripe_look, verdict
from ...health.repairs import REPAIRS, repair
from ...health.verdict import Shining, Verdict
from ...health.words import State

WORDS = {State.OK: "ok     ", State.WARNING: "warning", State.FAULT: "FAULT  ", State.UNKNOWN: "unknown"}


class Command(BaseCommand):
    help = (
        "Ask Stripe, look at what waits, and say what is wrong and how to mend it. Exits with 1 when there is a fault."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="Print the result for machines.")
        parser.add_argument("--stored", action="store_true", help="Do not ask Stripe: judge by what it last said.")
        parser.add_argument("--repair", choices=sorted(REPAIRS), help="Mend this first.")

    def handle(self, *args: object, **options: object) -> None:
        # For whoever administers the server, and for machines: not in a visitor's language.
        with translation.override("en"):
            if options["repair"]:
                self._repair(str(options["repair"]))
            if not options["stored"]:
                stripe_look.ask()
            found = verdict.judge(now=clock.wall_time())
            if options["json"]:
                self.stdout.write(json.dumps(as_json(found)))
            elif options["verbosity"]:
                self._print(found)
            if not found.is_well:
                names = ", ".join(each.light.name for each in found.red)
                msg = f"Not well: {names}"
                raise CommandError(msg)

    def _repair(self, name: str) -> None:
        try:
            done = repair(name)
        except (Refusal, OutsideFailure) as no:
            raise CommandError(str(no.message)) from no
        self.stderr.write(done.message)
        if done.secret:
            # On standard output alone, and once: nobody keeps it.
            self.stdout.write(done.secret)

    def _print(self, found: Verdict) -> None:
        for each in found.lights:
            self.stdout.write(f"{WORDS[each.state]}  {each.light.label}: {each.finding.sentence}")
            if each.cause is not None:
                self.stdout.write(f"         because of: {each.cause.label}")
                continue
            if each.state is State.OK:
                continue
            for one in each.finding.repairs:
                how = f" (--repair {one.name})" if one.name else ""
                self.stdout.write(f"         → {one.label}{how}: {one.how}")


def as_json(found: Verdict) -> dict[str, object]:
    """For machines: names do not change, sentences may."""
    return {
        "ok": found.is_well,
        "judged_at": found.judged_at.isoformat(),
        "asked_stripe_at": None if found.asked_at is None else found.asked_at.isoformat(),
        "red": [each.light.name for each in found.red],
        "lights": [_light(each) for each in found.lights],
    }


def _light(each: Shining) -> dict[str, object]:
    return {
        "name": each.light.name,
        "label": str(each.light.label),
        "state": each.state.value,
        "sentence": str(each.finding.sentence),
        "cause": each.cause.name if each.cause is not None else None,
        "repairs": [
            {"name": one.name or None, "label": str(one.label), "how": str(one.how)} for one in each.finding.repairs
        ],
    }
