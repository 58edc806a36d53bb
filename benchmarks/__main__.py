"""``python -m benchmarks``: every question on scratch databases of its own, and a table of ratios for each."""

import argparse
import json
import os
import platform
import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from .asking import ROOT, Arguments

#: Question → what it compares with, for the headline.
QUESTIONS = {
    "decide": "Who may open what? Beside Wagtail's own restriction to groups",
    "intake": "How fast are webhooks taken in? Beside a bare INSERT, and beside dj-stripe",
    "processing": "And worked off, until access is open?",
    "people": "How quickly is the list of people there? Beside Wagtail's own listing",
    "pages": "And the screens that people come back to? Beside Wagtail's own, where it has one",
    "syncing": "What does a comparison with Stripe cost, and does it grow?",
}
#: Those that begin with a thousand people, and let them grow: each in a database of its own.
OF_A_CROWD = frozenset({"people", "pages", "syncing"})
#: Inside ours, so that it goes when that goes and no tool looks into it.
PEER_ENVIRONMENT = ROOT / ".venv" / "bench-djstripe"
PEER_NEEDS = ("dj-stripe==2.11.*", "stripe<16", "psycopg[binary]>=3.2")
SERVER = "postgresql://postgres@127.0.0.1:5432/postgres"


def main() -> int:
    """1 when a budget was missed."""
    wanted = _arguments()
    server = wanted.server
    with _database(server, "site") as site, _database(server, "djstripe") as djstripe:
        arguments = Arguments(
            sizes=tuple(sorted({1_000, *wanted.size})),
            events=wanted.events,
            rounds=wanted.rounds,
            peer_python="" if wanted.without_djstripe else str(_peer_python()),
            peer_database=djstripe,
        )
        _print_machine(server)
        found: dict[str, list[dict]] = {}
        for name in wanted.only or QUESTIONS:
            if name in OF_A_CROWD:
                with _database(server, name) as crowd:
                    found[name] = _ask(name, arguments, crowd)
            else:
                found[name] = _ask(name, arguments, site)
            # At once: the next one may take long, and be stopped.
            _print_table(name, found[name])
            sys.stdout.flush()
    return int(any(row["is_met"] is False for rows in found.values() for row in rows))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--size", type=int, nargs="+", default=[100_000], help="numbers of subscriptions, to 1000000")
    parser.add_argument("--events", type=int, default=300, help="webhook events in each round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=QUESTIONS, help="only these questions")
    parser.add_argument("--without-djstripe", action="store_true", help="nothing is installed beside this project")
    server = os.environ.get("BENCH_SERVER_URL", SERVER)
    parser.add_argument("--server", default=server, help="a PostgreSQL on which databases may be made and dropped")
    return parser.parse_args()


@contextmanager
def _database(server: str, name: str) -> Iterator[str]:
    """A scratch database; gone afterwards, also after a failure."""
    name = f"lmsm_bench_{name}_{os.getpid()}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _run(database: str, module: str, *arguments: str) -> str:
    environment = {**os.environ, "BENCH_DATABASE_URL": database, "DJANGO_SETTINGS_MODULE": "benchmarks.settings"}
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, env=environment, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def _ask(name: str, arguments: Arguments, database: str) -> list[dict]:
    print(f"Asking: {QUESTIONS[name]} …", flush=True)
    _run(database, "django", "migrate", "--verbosity", "0")
    return json.loads(_run(database, "benchmarks.asking", name, arguments.dumps()).splitlines()[-1])


def _peer_python() -> Path:
    """dj-stripe's environment, made the first time."""
    python = PEER_ENVIRONMENT / "bin" / "python"
    marker = PEER_ENVIRONMENT / ".installed"
    if not marker.exists():
        print("Installing dj-stripe in an environment of its own …", flush=True)
        venv.create(PEER_ENVIRONMENT, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PEER_NEEDS], check=True)
        marker.touch()
    return python


def _print_machine(server: str) -> None:
    with psycopg.connect(server) as connection:
        major, minor = divmod(connection.info.server_version, 10_000)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**30
    load = f"{os.getloadavg()[0]:.1f}"
    print(
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC: {os.cpu_count()} cores, {memory} GB, load {load}, {platform.system()}"
    )
    versions = ", ".join(f"{name} {version(name)}" for name in ("Django", "wagtail", "stripe", "psycopg"))
    print(f"Python {platform.python_version()}, {versions}, PostgreSQL {major}.{minor}\n")


def _print_table(name: str, rows: list[dict]) -> None:
    print(f"\n## {QUESTIONS[name]}\n")
    print("| what | ours | beside | ratio | budget | |")
    print("|---|---|---|---|---|---|")
    for row in rows:
        ratio = "" if row["ratio"] is None else f"**{row['ratio']:.2f} ×**"
        verdict = {True: "met", False: "MISSED", None: ""}[row["is_met"]]
        print(f"| {row['what']} | {row['ours']} | {row['peer']} | {ratio} | {row['budget']} | {verdict} |")


if __name__ == "__main__":
    sys.exit(main())
