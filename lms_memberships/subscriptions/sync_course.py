"""Which comparison with Stripe is under way, how far did it get, and who runs it? One at a time, taken up again."""

import logging
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from django.db import models, transaction

from .. import clock, killpoints
from ..payments.gateway import Gateway, GatewayUnreachable, KeyRejected, RateLimited
from ..payments.models import Account
from ..payments.premises import Frozen
from .sync_models import SyncRun

logger = logging.getLogger(__name__)

#: How long a run may be silent before another takes over what it left. It says that it lives far more often.
LEASE = timedelta(minutes=2)
#: How often it says so, at least.
SIGN_OF_LIFE = timedelta(seconds=15)
#: Stripe is away, or nobody may ask it: whatever else there is would fail as well.
AWAY = (GatewayUnreachable, RateLimited, KeyRejected, Frozen)
#: What was broken off longer ago is begun anew: too much has happened since.
TOO_OLD_TO_RESUME = timedelta(days=7)
#: So many lines are kept with the run; all of them are printed.
MOST_LINES = 500


class Busy(Exception):
    """Another run is at work, or has taken this one over."""

    def __init__(self, run: SyncRun) -> None:
        super().__init__(str(run))
        self.run = run


class TimeIsUp(Exception):
    """As much as was asked for is done; the next run goes on."""


class Watcher(Protocol):
    """Who wants to hear what a run does while it does it."""

    def repaired(self, line: str) -> None: ...
    def moved(self, run: SyncRun) -> None: ...


@dataclass(frozen=True)
class Plan:
    """What a run is to do. ``lasts`` None: until it is done."""

    since: datetime | None
    phase: str
    lasts: timedelta | None = None
    page_size: int = 100


@dataclass
class Course:
    """One run, held by this process."""

    run: SyncRun
    plan: Plan
    gateway: Gateway
    now: datetime
    watcher: Watcher
    #: When this process began, in wall time: what was read later needs no second look.
    began_at: datetime
    _taken: datetime = field(default_factory=clock.wall_time)
    _said: datetime = field(default_factory=clock.wall_time)

    def saw(self, number: int = 1) -> None:
        """So many more objects of ours were looked at. Says that the run lives."""
        self.run.seen += number
        if clock.wall_time() - self._said > SIGN_OF_LIFE:
            self.save()

    def look_at_the_clock(self) -> None:
        """Asked where the next run can go on. Raises TimeIsUp."""
        if self.plan.lasts is not None and clock.wall_time() - self._taken > self.plan.lasts:
            raise TimeIsUp

    def repaired(self, lines: list[str]) -> None:
        """This was not as it is at Stripe, and is now."""
        self.run.repaired += len(lines)
        self.run.repairs = [*self.run.repairs, *lines][:MOST_LINES]
        for line in lines:
            self.watcher.repaired(line)

    @contextmanager
    def trying(self, name: str) -> Iterator[None]:
        """One object that fails, for a bug of ours even, must not keep the others waiting (A7)."""
        try:
            yield
        except (*AWAY, TimeIsUp, Busy):
            raise
        except Exception:
            logger.exception("%s could not be compared with Stripe", name)
            self.run.failed += 1

    def move(self, cursor: str, *, phase: str = "") -> None:
        """Whatever comes before this is done: a run that takes over begins here."""
        self.run.cursor = cursor
        if phase:
            self.run.phase = phase
        self.save()
        killpoints.reach("sync.moved")
        self.watcher.moved(self.run)
        self.look_at_the_clock()

    def save(self) -> None:
        """Note how far it got, and that this process lives. Raises Busy when another has taken over."""
        self.run.leased_until = clock.wall_time() + LEASE
        self._write()
        self._said = clock.wall_time()

    def finish(self) -> None:
        """All is compared. What failed is looked at again by the next run, which begins where this one began."""
        self.run.finished_at = self.now
        self.release(f"{self.run.failed} could not be compared" if self.run.failed else "")

    def release(self, failure: str = "") -> None:
        """Nobody works on it now: the next may, at once."""
        self.run.leased_until = None
        self.run.failure = failure
        self._write()

    def _write(self) -> None:
        names = ("phase", "cursor", "seen", "repaired", "failed", "repairs", "failure", "finished_at", "leased_until")
        values = {name: getattr(self.run, name) for name in names}
        if not SyncRun.objects.filter(pk=self.run.pk, lease_token=self.run.lease_token).update(**values):
            raise Busy(SyncRun.objects.get(pk=self.run.pk))


def take(plan: Plan, *, gateway: Gateway, now: datetime, is_fresh: bool, watcher: Watcher) -> Course:
    """The run that was broken off, or a new one (``is_fresh``: always). Raises Busy while another process has it."""
    asked_at = clock.wall_time()
    with transaction.atomic():
        # One row for everybody who might begin a run: of two, the second sees what the first has begun.
        list(Account.objects.filter(stripe_id=gateway.account_id, livemode=gateway.livemode).select_for_update())
        run = runs(gateway).filter(finished_at=None).first()
        if run is not None and _is_held(run):
            raise Busy(run)
        if run is None or is_fresh or not _says_all(run, plan, now):
            run = _begin(plan, run, gateway=gateway, now=now)
        run.lease_token = uuid.uuid4().hex
        run.leased_until = clock.wall_time() + LEASE
        run.save()
    # A run that is taken up has begun long before: in wall time, which orders reads. ``asked_at`` stands beside
    # ``now``: taken after a slow transaction, a page that this very run has read would be read again, one by one.
    began_at = asked_at - (now - run.started_at)
    return Course(run, plan, gateway, now, watcher, began_at)


def runs(gateway: Gateway) -> "models.QuerySet[SyncRun]":
    """Of this account and mode, newest first."""
    return SyncRun.objects.filter(account=gateway.account_id, livemode=gateway.livemode).order_by("-pk")


def known_until(gateway: Gateway) -> datetime | None:
    """When the last run began that found nothing it could not read: everything before is here."""
    complete = runs(gateway).filter(finished_at__isnull=False, failed=0).first()
    return complete.started_at if complete else None


def _is_held(run: SyncRun) -> bool:
    return run.leased_until is not None and run.leased_until > clock.wall_time()


def _says_all(run: SyncRun, plan: Plan, now: datetime) -> bool:
    """Whether going on with what was broken off leads to what is asked for now."""
    is_wide = run.since is None or (plan.since is not None and run.since <= plan.since)
    return is_wide and now - run.started_at < TOO_OLD_TO_RESUME


def _begin(plan: Plan, old: SyncRun | None, *, gateway: Gateway, now: datetime) -> SyncRun:
    """A new one takes the place of one that was broken off."""
    run = old or SyncRun(account=gateway.account_id, livemode=gateway.livemode)
    run.started_at, run.since, run.phase, run.cursor = now, plan.since, plan.phase, ""
    run.seen = run.repaired = run.failed = 0
    run.repairs, run.failure = [], ""
    return run
