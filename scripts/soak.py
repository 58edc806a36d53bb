"""What do the tests of faults come to at their largest? Seed after seed, and one table at the end, or when stopped.

    python scripts/soak.py --seeds "1 2 3" --size soak [--no-mutate] [pytest arguments]

Counts are asserted by the tests; the times in the table are only said.
"""

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
#: What failed, while it runs: the suite itself says so only at its end.
FAILURES = ROOT / "test-results" / "soak-failures.txt"


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    target: str
    seed: str
    size: str
    result: str
    seconds: float


def main() -> int:
    options, rest = _parser().parse_known_args()
    # Stopped politely, it says what it has, as with Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    rows: list[Row] = []
    codes: list[int] = []
    try:
        for seed in options.seeds.split():
            codes.append(_suite(seed, options.size, rest, rows))
        if not options.no_mutate:
            codes.append(_mutate(options.size, rows))
    except KeyboardInterrupt:
        print("\nStopped; this is what there is.")
        codes.append(130)
    _print(rows)
    return max(codes, default=0)


def _suite(seed: str, size: str, rest: list[str], rows: list[Row]) -> int:
    """tests/faults at this size with this seed, on PostgreSQL; what it reports are rows, and so is its end."""
    began = time.monotonic()
    FAILURES.parent.mkdir(exist_ok=True)
    print(f"What fails is written to {FAILURES.relative_to(ROOT)} as it comes.", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report"
        environment = {
            **os.environ,
            "FAULTS_SIZE": size,
            "FAULTS_SEED": seed,
            "FAULTS_REPORT": str(report),
            "FAULTS_FAILURES": str(FAILURES),
            "TEST_DATABASES": "postgresql",
            "REQUIRE_POSTGRES": "1",
            "REQUIRE_REDIS": "1",
        }
        command = [sys.executable, str(ROOT / "scripts" / "test.py"), "tests/faults", *rest]
        try:
            code = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
        finally:
            rows.extend(_reported(report))
    rows.append(Row("whole suite", seed, size, "green" if code == 0 else "RED", time.monotonic() - began))
    return code


def _mutate(size: str, rows: list[Row]) -> int:
    began = time.monotonic()
    command = [sys.executable, str(ROOT / "scripts" / "mutate.py")]
    code = subprocess.run(command, cwd=ROOT, check=False).returncode
    rows.append(Row("T19", "-", size, "8/8 noticed" if code == 0 else "RED", time.monotonic() - began))
    return code


def _reported(file: Path) -> Iterator[Row]:
    """What the tests have counted, a line of JSON each; many of one target are one row."""
    lines = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    for target in dict.fromkeys(line["target"] for line in lines):
        alike = [line for line in lines if line["target"] == target]
        counts = [name for name, value in alike[0].items() if name not in {"target", "size", "seed"}]
        result = ", ".join(f"{name} {_figures([line[name] for line in alike])}" for name in counts if name != "seconds")
        if len(alike) > 1:
            result = f"{len(alike)} times: {result}"
        seconds = sum(line.get("seconds", 0) for line in alike)
        yield Row(target, str(alike[0]["seed"]), alike[0]["size"], result, seconds)


def _figures(values: list[float]) -> str:
    low, high = min(values), max(values)
    return f"{round(low, 3):,}" if low == high else f"{round(low, 3):,} to {round(high, 3):,}"


def _print(rows: list[Row]) -> None:
    now = datetime.now(UTC)
    print(
        f"\n{now:%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    )
    print(f"{'target':<34} {'seed':>4} {'size':<5} {'seconds':>8}  result")
    for row in rows:
        print(f"{row.target:<34} {row.seed:>4} {row.size:<5} {row.seconds:>8.1f}  {row.result}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="1", help='one run of the suite for each, as in "1 2 3"')
    parser.add_argument("--size", default="soak", choices=["test", "ci", "soak"])
    parser.add_argument("--no-mutate", action="store_true", help="leave the eight guards alone")
    return parser


if __name__ == "__main__":
    sys.exit(main())
