"""Where can a process die, and what does a person do meanwhile? Every killpoint of the product, and ways to reach it (R3)."""

import ast
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from django.db import connection

import lms_memberships
from lms_memberships.models import Membership
from lms_memberships.webhooks.handlers import HANDLERS
from tests.faults.rig import people
from tests.faults.rig.people import Answer, Browser
from tests.faults.rig.site import Site

PACKAGE = Path(lms_memberships.__file__).parent
#: How long anybody tries again before the test says that it does not go on.
PATIENCE_SECONDS = 120
#: A little longer than the leases of the rig's site.
LEASE_SECONDS = 2.5


def killpoints() -> list[str]:
    """Every name that ``killpoints.reach`` is called with, from the source."""
    return sorted({name for file in PACKAGE.rglob("*.py") for name in _names(ast.parse(file.read_text()))})


def _names(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if called == "reach":
            assert len(node.args) == 1, ast.unparse(node)
            yield from _values(node.args[0])


def _values(name: ast.expr) -> Iterator[str]:
    """A plain text; or one with the state of an intent in it, which is each state that an intent can end in."""
    if isinstance(name, ast.Constant):
        yield name.value
        return
    assert ast.unparse(name) == "f'intent.{state.value}'", f"{ast.unparse(name)}: the rig cannot read that name"
    yield from (f"intent.{state}" for state in ("confirmed", "refused", "unknown", "planned"))


def some(names: list[str], number: int, seed: int) -> list[str]:
    """So many of them, from as many parts of the product as there are."""
    chance = random.Random(seed)  # noqa: S311 - another choice for another seed
    shuffled = chance.sample(names, len(names))
    places = [sum(1 for earlier in shuffled[:at] if _part(earlier) == _part(name)) for at, name in enumerate(shuffled)]
    return [name for _place, name in sorted(zip(places, shuffled, strict=True), key=lambda pair: pair[0])][:number]


def _part(name: str) -> str:
    return name.partition(".")[0]


class Driver:
    """Runs a scenario against processes of which one dies, starts them anew, and finishes."""

    def __init__(self, site: Site, membership: Membership) -> None:
        self.site = site
        self.membership = membership
        self.delivered: set[str] = set()
        self.students = 0
        #: How many seconds a scenario waits for what is left to do, before it goes on all the same.
        self.patience = 20.0
        self._kill_at = ""
        self._killed_before = 0
        self._died_at = 0.0

    def run(self, scenario: "Scenario", *, at: str) -> float | None:
        """The seconds from the death to the moment at which nothing was left to do. None: nobody died."""
        self.site.stop_all()
        self.calm()
        self._kill_at, self._killed_before = at, self.site.all_killed()
        self.site.start(LMS_KILL_AT=at)
        scenario(self)
        self.look()
        died, self._kill_at = not self._kill_at, ""
        self.calm()
        self.deliver()
        self.site.wait_until_quiet()
        return time.monotonic() - self._died_at if died else None

    def die(self, scenario: "Scenario", *, at: str, time: int) -> float | None:
        """As ``run``: at the n-th time that a process comes by there; at the first, if none comes by that often."""
        seconds = self.run(scenario, at=f"{at}:{time}")
        return self.run(scenario, at=f"{at}:1") if seconds is None and time > 1 else seconds

    def look(self) -> bool:
        """Whether somebody was killed; then all are started again, and nobody is killed any more."""
        if not self._kill_at or self.site.all_killed() == self._killed_before:
            return False
        self._kill_at, self._died_at = "", time.monotonic()
        # Not killed: another worker may be handing a mail over at that moment, and of that mail nobody would know.
        self.site.stop_all()
        self.site.start()
        return True

    def calm(self) -> None:
        """The outside works again."""
        self.site.stripe.control("faults", clear=True)
        self.site.esp.rates = {"accept": 1.0}
        items_can_be_handed_over()

    def newcomer(self) -> Browser:
        self.students += 1
        return people.student(self.site, self.students)

    def until(self, ask: Callable[[], Answer], status: int) -> Answer:
        """Again and again, as a person does who gets no answer."""
        until = time.monotonic() + PATIENCE_SECONDS
        while (answer := ask()).status != status:
            assert time.monotonic() < until, (answer, self.site.log()[-2000:])
            self.look()
            time.sleep(0.1)
        self.look()
        return answer

    def wait(self) -> None:
        """Until somebody has died, or nothing is left to do."""
        until = time.monotonic() + self.patience
        while not self.look() and self.site.left() and time.monotonic() < until:
            time.sleep(0.1)

    def deliver(self) -> None:
        """Stripe calls for what it has not been answered yet, and calls again."""
        waiting = [each for each in self.site.stripe.events() if each["id"] not in self.delivered]
        followed = [each for each in waiting if each["type"] in HANDLERS]
        until = time.monotonic() + PATIENCE_SECONDS
        while followed and self.site.deliver(followed, processes=2).statuses.keys() != {200}:
            assert time.monotonic() < until, self.site.log()[-2000:]
            self.look()
            time.sleep(0.1)
        self.delivered |= {each["id"] for each in waiting}

    def command(self, *command: str) -> None:
        """By hand; and by hand once more if it died."""
        while True:
            pid = self.site.start_command(*command, LMS_KILL_AT=self._kill_at)
            while self.site.is_running(pid):
                time.sleep(0.05)
            if not self.look():
                return
            # What it held is free again then.
            time.sleep(LEASE_SECONDS)


Scenario = Callable[[Driver], None]

BREAKS = """
    CREATE OR REPLACE FUNCTION rig_breaks() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'the rig breaks this'; END $$;
    CREATE OR REPLACE TRIGGER rig_breaks BEFORE INSERT ON wagtail_lms_courseenrollment
    FOR EACH ROW EXECUTE FUNCTION rig_breaks()
"""


def items_break() -> None:
    """The courses' own system is broken: nobody can be enrolled."""
    with connection.cursor() as cursor:
        cursor.execute(BREAKS)


def items_can_be_handed_over() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER IF EXISTS rig_breaks ON wagtail_lms_courseenrollment")
