"""What does a comparison with Stripe cost, and does it grow with whoever else is in the database? ``memberships_sync``."""

import time
import uuid

from django.test import Client, override_settings

from lms_memberships import clock
from lms_memberships.emails import switches
from lms_memberships.models import Subscription
from lms_memberships.payments import connect
from lms_memberships.sandbox.server import Sandbox
from lms_memberships.subscriptions import syncing
from lms_memberships.webhooks import inbox
from tests.faults import crowd as members

from . import crowd, intake, processing
from .asking import Arguments
from .measuring import Row, at_most, milliseconds, number_of_queries

#: Compared each time, all of them in the one account that is asked.
COMPARED = 300
TURNS = 3
FLAT = 1.5


def rows(arguments: Arguments) -> list[Row]:
    """The same few hundred subscriptions each time, with invoices; only the tables that they stand in grow."""
    intake.clear()
    switches.switch_all_on()
    found: list[Row] = []
    times: dict[int, float] = {}
    # As fast as it goes: a school's pace is a setting, and says nothing about our own work.
    with (
        Sandbox() as sandbox,
        override_settings(LMS_MEMBERSHIPS_STRIPE_API_BASE=sandbox.url, LMS_MEMBERSHIPS_STRIPE_CALLS_PER_SECOND=0),
    ):
        _gather(sandbox)
        for size in arguments.sizes:
            crowd.grow(size)
            times[size] = min(_seconds() for _turn in range(TURNS))
            asked = number_of_queries(_compare)
            each = f"{asked / COMPARED:.1f} queries and {milliseconds(times[size] / COMPARED)} for each"
            found.append(Row(f"{COMPARED:,} subscriptions compared with Stripe, {size:,} people", each))
    first, last = min(times), max(times)
    flat = at_most(FLAT, times[last] / times[first])
    what = f"the comparison, {last:,} people beside {first:,}"
    return [*found, Row(what, f"{times[last]:.1f} s", f"{times[first]:.1f} s", **flat)]


def _gather(sandbox: Sandbox) -> None:
    """One has bought, and the others are copies of that one, here and at Stripe."""
    membership, page = processing.offer()
    stage = processing.Stage(sandbox, processing.Replayed(), membership, page, Client())
    subscription_id = processing.buy(f"compared {uuid.uuid4().hex[:8]}", stage)
    stage.deliver(stage.events_of(subscription_id))
    inbox.work_off(now=clock.now())
    members.gather(sandbox, Subscription.objects.get(stripe_id=subscription_id), COMPARED)
    # Whatever the copies lack of what a purchase writes is mended by the first.
    _compare()


def _seconds() -> float:
    began = time.perf_counter()
    watcher = _compare()
    if watcher.lines:
        raise RuntimeError(f"There was something to mend: {watcher.lines[:3]}")
    return time.perf_counter() - began


def _compare() -> members.Nobody:
    watcher = members.Nobody()
    gateway = connect.get_background_gateway()
    run = syncing.synchronise(
        syncing.plan_everything(), gateway=gateway, now=clock.now(), watcher=watcher, is_fresh=True
    )
    if run.failed or run.seen < COMPARED:
        raise RuntimeError(f"{run.failed} of {run.seen} could not be compared")
    return watcher
