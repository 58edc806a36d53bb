"""Is everything here as it is at Stripe, whatever was missed? Events since the last run, or everything one by one.

Stripe tells a webhook again for three days and keeps its events for thirty. What was missed for longer is found by
looking at everything. Both read the objects again and hand them to the same functions as the webhooks do.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from ..payments.gateway import Gateway
from . import sync_course, sync_events, sync_money_back, sync_sweep
from .sync_course import Course, Plan, TimeIsUp, Watcher
from .sync_models import SyncRun
from .sync_writing import Hands

#: Stripe keeps events for thirty days; a day less, for clocks and for long runs.
EVENTS_ARE_KEPT = timedelta(days=29)
#: Events may be listed late, and clocks differ.
OVERLAP = timedelta(hours=1)

#: Each phase, and the one after it; the last has none. A phase may name another one itself.
PHASES: dict[str, tuple[Callable[[Hands], str | None], str]] = {
    "events": (sync_events.follow, "gifts"),
    "subscriptions": (sync_sweep.subscriptions, "unlisted"),
    "unlisted": (sync_sweep.unlisted, "checkouts"),
    "checkouts": (sync_sweep.checkouts, "waiting"),
    "waiting": (sync_sweep.waiting, "invoices"),
    "invoices": (sync_sweep.invoices, "unclosed"),
    "unclosed": (sync_sweep.unclosed, "absent"),
    "absent": (sync_money_back.absent, "owing"),
    "owing": (sync_sweep.owing, "gifts"),
    "gifts": (sync_sweep.gifts, "refunds"),
    "refunds": (sync_money_back.refunded, "disputes"),
    "disputes": (sync_money_back.disputed, "tidy"),
    "tidy": (sync_sweep.tidy, ""),
}


def plan_events(gateway: Gateway, *, now: datetime, since: datetime | None = None) -> Plan:
    """What happened since the last complete run; ``since`` looks further back. Too long ago for events: everything."""
    known = sync_course.known_until(gateway)
    moments = [moment for moment in (known and known - OVERLAP, since) if moment is not None]
    begin = min(moments) if moments else None
    is_kept = begin is not None and now - begin < EVENTS_ARE_KEPT
    return Plan(begin, "events" if is_kept else "subscriptions")


def plan_everything() -> Plan:
    """All that was ever sold."""
    return Plan(None, "subscriptions")


def synchronise(plan: Plan, *, gateway: Gateway, now: datetime, watcher: Watcher, is_fresh: bool = False) -> SyncRun:
    """Compare, repair, and say what was repaired. A run that was broken off goes on, unless ``is_fresh``.

    Raises Busy while another run is at work, and what Stripe's failure raises: the next run goes on from there.
    """
    course = sync_course.take(plan, gateway=gateway, now=now, is_fresh=is_fresh, watcher=watcher)
    try:
        _go(course)
    except TimeIsUp:
        course.release()
    except sync_course.Busy:
        raise
    except BaseException as failure:
        course.release(f"{type(failure).__name__}: {failure}")
        raise
    else:
        course.finish()
    return course.run


def _go(course: Course) -> None:
    hands = Hands(course)
    phase = course.run.phase
    while phase:
        do, following = PHASES[phase]
        phase = do(hands) or following
        if phase:
            course.move("", phase=phase)
