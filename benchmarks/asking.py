"""How does one question run? In a process of its own, on the database it is given; its rows go out as JSON."""

import dataclasses
import importlib
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import django

if TYPE_CHECKING:
    from .measuring import Row

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Arguments:
    """What the person asked for."""

    #: Numbers of subscriptions, growing.
    sizes: tuple[int, ...] = (1_000, 100_000)
    #: Events in each of the rounds.
    events: int = 300
    rounds: int = 5
    #: The Python of dj-stripe's environment; empty: without dj-stripe.
    peer_python: str = ""
    peer_database: str = ""

    def dumps(self) -> str:
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def loads(cls, text: str) -> "Arguments":
        values = json.loads(text)
        return cls(**{**values, "sizes": tuple(values["sizes"])})


def main(module: str, arguments: Arguments) -> None:
    """``python -m benchmarks.asking decide '{…}'``: for ``__main__``, and by hand with BENCH_DATABASE_URL set."""
    django.setup()
    found: list[Row] = importlib.import_module(f"benchmarks.{module}").rows(arguments)
    print(json.dumps([dataclasses.asdict(row) for row in found]))


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.settings")
    main(sys.argv[1], Arguments.loads(sys.argv[2]) if len(sys.argv) > 2 else Arguments())
