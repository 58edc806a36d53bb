"""What did a run do? Said in a line a job, or in JSON; a failure becomes the exit code."""

import json
from collections.abc import Mapping
from dataclasses import asdict

from django.core.management.base import BaseCommand, CommandError

from .draining import Result


def report(results: Mapping[str, Result], command: BaseCommand, **options: object) -> None:
    """Print the results; raises CommandError (exit code 1) when a job failed."""
    failed = [name for name, result in results.items() if result.error]
    if options["json"]:
        jobs = {name: asdict(result) for name, result in results.items()}
        command.stdout.write(json.dumps({"ok": not failed, "jobs": jobs}))
    elif options["verbosity"]:
        for name, result in results.items():
            command.stdout.write(f"{name}: {result.done}" + (f" ({result.error})" if result.error else ""))
    if failed:
        msg = f"Failed: {', '.join(failed)}"
        raise CommandError(msg)
