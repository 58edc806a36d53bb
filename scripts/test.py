"""Which tests can this machine run? SQLite always, then PostgreSQL and Chromium where they are; the rest is named.

``TEST_DATABASE_URL`` names a PostgreSQL server; without it, one on 127.0.0.1:5432 that trusts us is used. Only scratch
databases are made, and removed, but for one that is migrated and copied from: lmsm_rig_template_…, a new one for each
change of the migrations. ``REQUIRE_POSTGRES=1``, ``REQUIRE_BROWSER=1`` and ``REQUIRE_REDIS=1`` turn what is missing into
a failure. ``TEST_DATABASES=postgresql`` leaves SQLite out, ``sqlite`` PostgreSQL. Where PostgreSQL runs all journeys,
SQLite runs a sixth of them, besides everything else; ``TEST_SQLITE=whole`` runs all on both. Further arguments go to pytest.
"""

import getpass
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator

import psycopg

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
#: Name each skip with its reason. Which tests may run beside each other: tests/scheduling.py.
OPTIONS = ("--no-header", "-rs", "--durations=15")
SERVER = "127.0.0.1:5432"


def main(arguments: list[str]) -> int:
    postgres, browser = _postgres_url(), _browser()
    skipped = list(_skipped(postgres=postgres, browser=browser, redis=bool(shutil.which("redis-server"))))
    for name, sentence in skipped:
        if os.environ.get(f"REQUIRE_{name}"):
            print(f"{sentence} It is required here (REQUIRE_{name}).")
            return 1
    without_browser = "" if browser else "not browser"
    if postgres:
        wanted = os.environ.get("TEST_DATABASES") or "sqlite postgresql"
        share = "" if os.environ.get("TEST_SQLITE") == "whole" else " and not once"
        runs = {
            "sqlite": ("SQLite", "", f"not browser and not postgres{share}"),
            # Last, so that the closing line counts everything.
            "postgresql": ("PostgreSQL", postgres, without_browser),
        }
        results = [_run(*run, arguments) for name, run in runs.items() if name in wanted]
    else:
        results = [_run("SQLite", "", " and ".join(filter(None, ["not postgres", without_browser])), arguments)]
    for _name, sentence in skipped:
        print(sentence)
    return max(results)


def _skipped(*, postgres: str, browser: str, redis: bool) -> Iterator[tuple[str, str]]:
    if not redis:
        yield "REDIS", "Not tested: the queue in Redis. There is no redis-server, which the tests start for themselves."
    if not postgres:
        yield (
            "POSTGRES",
            f"Not tested: PostgreSQL. TEST_DATABASE_URL is not set, and none at {SERVER} lets postgres or you in.",
        )
    if not browser:
        yield "BROWSER", f"Not tested: the journeys in a browser. None of {', '.join(BROWSERS)} is installed."


def _run(database: str, url: str, marks: str, arguments: list[str]) -> int:
    # Headlines go out before pytest's own lines, also into a file.
    print(f"\n── {database} ──", flush=True)
    command = [sys.executable, "-m", "pytest", *OPTIONS, "-n", os.environ.get("TEST_WORKERS", "auto"), "-m", marks]
    environment = {**os.environ, "TEST_DATABASE_URL": url, "TEST_DATABASE_TEMPLATE": _template(url) if url else ""}
    return subprocess.run([*command, *arguments], env=environment, check=False).returncode


def _template(url: str) -> str:
    """A migrated database that the tests' are copied from: migrating takes longer than most of the tests."""
    command = [sys.executable, "-m", "tests.faults.rig.template"]
    environment = {**os.environ, "TEST_DATABASE_URL": url}
    return subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def _postgres_url() -> str:
    if url := os.environ.get("TEST_DATABASE_URL"):
        return url
    for user in dict.fromkeys(("postgres", getpass.getuser())):
        try:
            psycopg.connect(f"postgresql://{user}@{SERVER}/postgres", connect_timeout=3).close()
        except psycopg.Error:
            continue
        # Django puts test_ before the name and the worker behind it; the number keeps two runs apart.
        return f"postgresql://{user}@{SERVER}/lms_memberships_{os.getpid()}"
    return ""


def _browser() -> str:
    return next(filter(None, map(shutil.which, BROWSERS)), "")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
