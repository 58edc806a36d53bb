"""How much is tried? Three sizes of one suite: ``make test``, CI and ``make soak``, by ``FAULTS_SIZE`` and a seed."""

import os
from typing import TypeVar

T = TypeVar("T")

SIZES = ("test", "ci", "soak")
SIZE = os.environ.get("FAULTS_SIZE", "test")
SEED = int(os.environ.get("FAULTS_SEED", "1"))

if SIZE not in SIZES:
    raise ValueError(f"FAULTS_SIZE is {SIZE!r}; it is one of {', '.join(SIZES)}")


def pick(*, test: T, ci: T, soak: T) -> T:
    """What belongs to the size of this run."""
    return {"test": test, "ci": ci, "soak": soak}[SIZE]
