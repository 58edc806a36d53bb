"""Would a test notice if a guard were gone? Each of the eight is taken out of a copy of the source, and a test must fail.

    python scripts/mutate.py [guard …]

``TEST_DATABASE_URL`` names the PostgreSQL server, as for ``make test``. The source itself is never touched. It fails
loudly when the text of a guard is not found: whoever moves a guard moves its line here.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", ".demo", "build", "__pycache__", "*.pyc", ".*_cache", "node_modules")
AT_ONCE = 2


@dataclass(frozen=True)
class Guard:
    """What is replaced where, and which tests ought to notice. With a migration in it, the tests migrate anew."""

    name: str
    edits: tuple[tuple[str, str, str], ...]
    tests: tuple[str, ...]

    @property
    def changes_tables(self) -> bool:
        return any("/migrations/" in file for file, _old, _new in self.edits)


PACKAGE = "lms_memberships"
FIRST = f"{PACKAGE}/migrations/0001_initial.py"

GUARDS = (
    Guard(
        "unique key",
        (
            (
                FIRST,
                "models.UniqueConstraint(fields=('account', 'livemode', 'event_id'), name='lmsm_one_row_per_event')",
                "",
            ),
            (
                f"{PACKAGE}/payments/models.py",
                'models.UniqueConstraint(fields=["account", "livemode", "event_id"], name="lmsm_one_row_per_event"),',
                "",
            ),
        ),
        ("tests/webhooks/test_receive.py", "-k", "again or replay"),
    ),
    Guard(
        "lock",
        (
            (
                f"{PACKAGE}/subscriptions/people.py",
                "_base_manager.select_for_update(no_key=True)",
                "_base_manager.all()",
            ),
        ),
        # The Checkout's lock and the second try hide it from the first test; inside a transaction nothing does.
        ("tests/faults/test_races.py", "-k", "same_new_subscription or same_transaction"),
    ),
    Guard(
        "fence",
        (
            (
                f"{PACKAGE}/subscriptions/lifecycle.py",
                "return subscription.read_started_at is not None and read.started_at < subscription.read_started_at",
                "return False",
            ),
        ),
        ("tests/subscriptions/test_lifecycle.py", "-k", "older_read or six_reads"),
    ),
    Guard(
        "outbox key",
        (
            (
                FIRST,
                "('key', models.CharField(max_length=255, unique=True))",
                "('key', models.CharField(max_length=255))",
            ),
            (
                f"{PACKAGE}/emails/models.py",
                "key = models.CharField(max_length=255, unique=True)",
                "key = models.CharField(max_length=255)",
            ),
        ),
        ("tests/emails/test_outbox.py", "-k", "told_twice"),
    ),
    Guard(
        "livemode check",
        (
            (
                f"{PACKAGE}/webhooks/receive.py",
                "if notice.livemode != livemode_of(connect.configured_key()):",
                "if False:",
            ),
        ),
        ("tests/webhooks/test_receive.py", "-k", "other_mode"),
    ),
    Guard(
        "account check",
        (
            (
                f"{PACKAGE}/webhooks/receive.py",
                "if notice.account_id and not _is_connected(notice.account_id):",
                "if False:",
            ),
        ),
        ("tests/webhooks/test_receive.py", "-k", "other_accounts"),
    ),
    Guard(
        "price check",
        (
            (
                f"{PACKAGE}/subscriptions/copies.py",
                "if subscription.price is None and subscription.origin == Subscription.Origin.BOUGHT:",
                "if False:",
            ),
        ),
        ("tests/subscriptions", "-k", "price"),
    ),
    Guard(
        "no-store header",
        ((f"{PACKAGE}/access/gate.py", 'response["Cache-Control"] = "private, no-store"', "pass"),),
        ("tests/access/test_gate.py", "-k", "nobody_may_cache"),
    ),
)


@dataclass(frozen=True)
class Outcome:
    """What a run of a guard's tests came to."""

    guard: Guard
    passed: int
    failed: int
    broken: int
    seconds: float
    text: str

    @property
    def is_noticed(self) -> bool:
        """A test failed. One that could not even begin proves nothing."""
        return self.failed > 0 and self.broken == 0


def main(arguments: list[str]) -> int:
    guards = [guard for guard in GUARDS if not arguments or guard.name in arguments]
    template = _template()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        whole = list(pool.map(lambda guard: _try(guard, template, is_there=True), _of_each_kind(guards)))
        without = list(pool.map(lambda guard: _try(guard, template, is_there=False), guards))
    ill = [outcome for outcome in whole if outcome.failed or outcome.broken or not outcome.passed]
    for outcome in ill:
        print(f"With every guard in its place the tests of {outcome.guard.name} do not pass:\n{outcome.text}")
    print(f"\n{'guard taken out':<18} {'tests that failed':>17} {'passed':>8} {'seconds':>8}")
    for outcome in without:
        note = "" if outcome.is_noticed else "   NOBODY NOTICED"
        print(f"{outcome.guard.name:<18} {outcome.failed:>17} {outcome.passed:>8} {round(outcome.seconds):>8}{note}")
        if not outcome.is_noticed:
            print(outcome.text)
    noticed = sum(outcome.is_noticed for outcome in without)
    print(f"{noticed}/{len(guards)} noticed")
    return 0 if noticed == len(guards) and not ill else 1


def _of_each_kind(guards: list[Guard]) -> list[Guard]:
    """One guard that stands for all: its tests are everybody's."""
    # One word in parentheses for each choice of tests: pytest takes only one expression for all files.
    files = tuple(dict.fromkeys(guard.tests[0] for guard in guards))
    words = " or ".join(f"({guard.tests[2]})" for guard in guards)
    return [Guard("all of them", (), (*files, "-k", words))]


def _try(guard: Guard, template: str, *, is_there: bool) -> Outcome:
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutate_") as folder:
        copy = Path(folder) / "copy"
        shutil.copytree(ROOT, copy, ignore=LEFT_OUT)
        if not is_there:
            for file, old, new in guard.edits:
                _replace(copy / file, old, new)
        return _run(guard, copy, template, began)


def _replace(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    if text.count(old) != 1:
        raise SystemExit(f"{file.name}: {old!r} is there {text.count(old)} times, and must be there once")
    file.write_text(text.replace(old, new), encoding="utf-8")


def _run(guard: Guard, copy: Path, template: str, began: float) -> Outcome:
    report = copy / "report.xml"
    environment = {
        **os.environ,
        # One database for each run: Django adds test_ to it, and removes it.
        "TEST_DATABASE_URL": f"{_server()}/mutate_{os.getpid()}_{copy.parent.name}",
        "TEST_DATABASE_TEMPLATE": "" if guard.changes_tables else template,
        "FAULTS_SIZE": "test",
    }
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", "--tb=line"]
    done = subprocess.run(
        [*command, f"--junitxml={report}", *guard.tests], cwd=copy, env=environment, capture_output=True, text=True
    )
    counts = _counts(report)
    outcome = Outcome(guard, *counts, seconds=time.monotonic() - began, text=(done.stdout + done.stderr)[-1500:])
    print(f"{guard.name}: {outcome.failed} failed, {outcome.passed} passed", flush=True)
    return outcome


def _counts(report: Path) -> tuple[int, int, int]:
    if not report.exists():
        return 0, 0, 1
    root = ElementTree.parse(report).getroot()  # noqa: S314 - pytest has just written it
    suite = root.find("testsuite")
    if suite is None:
        return 0, 0, 1
    total, failed, broken, skipped = (int(suite.get(name, 0)) for name in ("tests", "failures", "errors", "skipped"))
    return total - failed - broken - skipped, failed, broken


def _server() -> str:
    return os.environ.get("TEST_DATABASE_URL", "postgresql://postgres@127.0.0.1:5432/postgres").rpartition("/")[0]


def _template() -> str:
    """A migrated database for all runs that change no table."""
    environment = {**os.environ, "TEST_DATABASE_URL": f"{_server()}/postgres"}
    command = [sys.executable, "-m", "tests.faults.rig.template"]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
