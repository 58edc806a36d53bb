"""How is dj-stripe asked? In its own environment, a line out and a line back for each round."""

import json
import os
import statistics
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from .asking import ROOT, Arguments

#: It is an order of magnitude slower: fewer events take as long.
SHARE = 6


class Peer:
    """dj-stripe, which knows fifty subscriptions and whose Stripe answers at once."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.facts = self._read()
        self.rates: list[float] = []
        self.reads = 0.0

    def round(self, events: int) -> None:
        """Have it take in a share of so many events."""
        count = max(20, events // SHARE)
        if self.process.stdin is None:
            raise RuntimeError("dj-stripe cannot be asked")
        print(count, file=self.process.stdin, flush=True)
        answer = self._read()
        self.rates.append(count / answer["seconds"])
        self.reads = answer["reads"]

    @property
    def rate(self) -> float:
        """Events a second: the middle one of the rounds."""
        return statistics.median(self.rates)

    def __str__(self) -> str:
        asked = f"{self.facts['queries']} statements, {self.reads:g} read of Stripe"
        return f"dj-stripe {self.facts['version']}: {self.rate:.1f} events/s, {asked}"

    def _read(self) -> dict[str, float]:
        line = self.process.stdout.readline() if self.process.stdout else ""
        if not line:
            raise RuntimeError("dj-stripe stopped; what it said is above")
        return json.loads(line)


@contextmanager
def peer(arguments: Arguments) -> Iterator[Peer | None]:
    """Started for the time being. None: the person did not want it."""
    if not arguments.peer_python:
        yield None
        return
    environment = {**os.environ, "BENCH_DATABASE_URL": arguments.peer_database}
    environment["DJANGO_SETTINGS_MODULE"] = "benchmarks.djstripe_peer.settings"
    with subprocess.Popen(
        [arguments.peer_python, "-m", "benchmarks.djstripe_peer"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=ROOT,
    ) as process:
        try:
            yield Peer(process)
        finally:
            process.terminate()
