"""How do a few students come to be on trial, paying, late, or leaving? By living through it in the sandbox."""

import time
from dataclasses import dataclass

import requests
from django.conf import settings
from django_tasks_db.models import DBTaskResult

from .. import demo_clock
from .other_ways import seed_gift
from .people import PASSWORD, make_person
from .visitor import FAILS_AT_RENEWAL, SUCCEEDS, Visitor

DAY_SECONDS = 86_400
# Longer than the trials of seven days, shorter than the grace after them.
FIRST_STUDENTS_CAME_DAYS_AGO = 8
SETTLES_WITHIN_SECONDS = 60
QUIET_SECONDS = 1.5


@dataclass(frozen=True)
class StudentWords:
    username: str
    first: str
    last: str
    buys: str
    card: str = ""


EARLY = (
    StudentWords("camille", "Camille", "Roux", "the-workshop", SUCCEEDS),
    StudentWords("lena", "Lena", "Novak", "the-workshop", SUCCEEDS),
    # The first charge after the trial fails: past due, within the days of grace.
    StudentWords("samuel", "Samuel", "Okoro", "the-workshop", FAILS_AT_RENEWAL),
    # A trial without a card that has ended.
    StudentWords("aiko", "Aiko", "Tanaka", "first-clay"),
)
LATE = (
    StudentWords("jonas", "Jonas", "Weber", "the-workshop", SUCCEEDS),
    StudentWords("priya", "Priya", "Nair", "first-clay"),
    StudentWords("marta", "Marta", "Silva", "the-glaze-bench", SUCCEEDS),
)
LEAVES = "lena"
# A file and not a row: it says that the whole story was lived through, to its last day.
STORY_TOLD = "students"


def seed_students(*, site: str) -> bool:
    """Needs the running site, its worker and a sandbox with a clock; says whether there was one."""
    sandbox = settings.LMS_MEMBERSHIPS_STRIPE_API_BASE.rstrip("/")
    done = settings.DEMO_STATE / STORY_TOLD
    if done.exists() or demo_clock.ask(sandbox) is None:
        return False
    early = {words.username: _join(words, site=site) for words in EARLY}
    _advance(sandbox, days=FIRST_STUDENTS_CAME_DAYS_AGO)
    # Any page makes the site follow the clock.
    requests.get(f"{site}/demo/", timeout=60).raise_for_status()
    _wait_until_settled()
    early[LEAVES].cancel()
    for words in LATE:
        _join(words, site=site)
    seed_gift(site=site)
    _wait_until_settled()
    done.touch()
    return True


def _join(words: StudentWords, *, site: str) -> Visitor:
    make_person(words.username, words.first, words.last)
    visitor = Visitor(
        site=site,
        username=words.username,
        name=f"{words.first} {words.last}",
        password=PASSWORD,
    )
    visitor.buy(words.buys, card=words.card)
    return visitor


def _advance(sandbox: str, *, days: int) -> None:
    answer = requests.post(f"{sandbox}/_sandbox/api/clock", json={"advance": days * DAY_SECONDS}, timeout=60)
    answer.raise_for_status()
    demo_clock.forget_last_answer()


def _wait_until_settled() -> None:
    """Until webhooks have come and the worker has been idle for a moment."""
    last = time.monotonic() + SETTLES_WITHIN_SECONDS
    quiet_since = time.monotonic()
    while time.monotonic() < last:
        if _is_busy():
            quiet_since = time.monotonic()
        elif time.monotonic() - quiet_since >= QUIET_SECONDS:
            return
        time.sleep(0.2)


def _is_busy() -> bool:
    return DBTaskResult.objects.exclude(finished_at__isnull=False).exists()
