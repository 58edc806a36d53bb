"""Whose turn is it in what is done for many people? Leased, once a person, again after a crash (N6, S50)."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from .. import clock, leases
from ..errors import Refusal
from ..payments.gateway import Gateway, GatewayFailure, Locked, NotFound, RequestRefused
from ..retrying import retried
from . import changes, giving, holding, people, people_jobs, places, tombstones
from .models import Subscription
from .people_job_models import PeopleJob, PeopleJobEntry

logger = logging.getLogger(__name__)

State = PeopleJobEntry.State
Values = dict[str, object]
#: So few at a time, so that webhooks and mails come in between.
BATCH = 25
#: After each try that came to nothing; after the last one it is given up, until somebody tries again.
WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 720))
#: Done already is done: an earlier run of ours that could not write it down, or the person themselves.
AS_ASKED = frozenset({people_jobs.ENDING, people_jobs.ENDED})


def work(gateway: Callable[[], Gateway | None], *, now: datetime) -> int:
    """A few of each kind whose turn it is. Returns how many were looked at. Stripe is asked for only if it is needed."""
    worked_on = give_due(now=now)
    if _due(PeopleJob.Kind.CANCEL).exists():
        way = gateway()
        if way is None:
            return worked_on
        worked_on += cancel_due(gateway=way, now=now)
    return worked_on + finish(now=now)


def cancel_due(*, gateway: Gateway, now: datetime) -> int:
    """Cancel for those whose turn it is. Returns how many were looked at."""
    lease = _take(PeopleJob.Kind.CANCEL)
    looked_at = 0
    for entry in lease.rows:
        lease.keep()
        if not _cancel(entry, lease.token, gateway=gateway, now=now):
            # Stripe does not answer: the others would wait in vain as well.
            lease.release()
            break
        looked_at += 1
    return looked_at


def give_due(*, now: datetime) -> int:
    """Give to those whose turn it is. Stripe hears nothing of it. Returns how many were looked at."""
    lease = _take(PeopleJob.Kind.GIVE)
    for entry in lease.rows:
        lease.keep()
        try:
            _give(entry, lease.token, now=now)
        except leases.Lost:
            continue
        except Exception as error:  # noqa: BLE001 - whatever it is, it is noted, and the next one's turn comes
            _note_bug(entry, lease.token, error)
    return len(lease.rows)


def finish(*, now: datetime) -> int:
    """What is under way with nobody left in it is done."""
    left = PeopleJobEntry.objects.filter(job=OuterRef("pk"), state=State.PLANNED)
    over = PeopleJob.objects.filter(~Exists(left), state=PeopleJob.State.RUNNING)
    return over.update(state=PeopleJob.State.DONE, finished_at=now)


def _due(kind: str) -> "QuerySet[PeopleJobEntry]":
    running = PeopleJob.objects.filter(kind=kind, state__in=[PeopleJob.State.RUNNING, PeopleJob.State.STOPPED])
    confirmed = running.filter(confirmed_at__isnull=False)
    return PeopleJobEntry.objects.filter(job__in=confirmed, state=State.PLANNED, next_try_at__lte=clock.wall_time())


def _take(kind: str) -> leases.Lease:
    lease = leases.take(_due(kind).order_by("next_try_at", "pk"), most=BATCH)
    if lease:
        rows = lease.held().select_related("job__membership", "job__confirmed_by", "subscription__price", "user")
        lease.rows = list(rows.order_by("next_try_at", "pk"))
    return lease


def _refused_at_the_door(job: PeopleJob) -> str:
    """What is true of everybody in it by now."""
    state = PeopleJob.objects.values_list("state", flat=True).get(pk=job.pk)
    if state != PeopleJob.State.RUNNING:
        return people_jobs.STOPPED
    return "" if may(job.confirmed_by, job.kind) else people_jobs.NOT_ALLOWED


def may(person: AbstractBaseUser | AnonymousUser | None, kind: str) -> bool:
    """Whether this person may do it, and see for whom (S50)."""
    has_perms = getattr(person, "has_perms", None)
    return bool(has_perms and has_perms([people_jobs.SEES, people_jobs.RIGHTS[kind]]))


def kinds_of(person: AbstractBaseUser | AnonymousUser) -> list[PeopleJob.Kind]:
    """What this person may do for many."""
    return [kind for kind in PeopleJob.Kind if may(person, kind)]


def _cancel(entry: PeopleJobEntry, token: str, *, gateway: Gateway, now: datetime) -> bool:
    """One person. False: Stripe does not answer at all."""
    try:
        values = _cancelled(entry, gateway=gateway, now=now)
    except (NotFound, RequestRefused) as failure:
        values = {"state": State.FAILED, "reason": people_jobs.REFUSED, "failure": str(failure.message)}
    except GatewayFailure as failure:
        logger.warning("Cancelling %s waits: %s", entry.pk, type(failure).__name__)
        leases.settle(entry, token, **_put_off(entry, str(failure.message), people_jobs.NO_ANSWER))
        return isinstance(failure, Locked)
    except Exception as error:  # noqa: BLE001 - the same
        _note_bug(entry, token, error)
        return True
    leases.settle(entry, token, **values)
    return True


def _cancelled(entry: PeopleJobEntry, *, gateway: Gateway, now: datetime) -> Values:
    """What comes of it. As our rows have it now; ``changes`` reads each again at Stripe. Broken off between two, the
    next run finds those that are left. Raises what Stripe said of the last that it refused, after all were tried.
    """
    if reason := _refused_at_the_door(entry.job):
        return _left_out(reason)
    rows = people_jobs.to_cancel(entry)
    if not rows:
        return _nothing_to_cancel(entry, now=now)
    here = [row for row in rows if row.is_at(gateway, row.stripe_id)]
    left = "" if len(here) == len(rows) else people_jobs.ELSEWHERE
    refused: GatewayFailure | None = None
    for row in here:
        try:
            changes.cancel(row, gateway=gateway, now=now)
        except (NotFound, RequestRefused) as failure:
            # One that Stripe refuses must not keep the others renewing.
            refused = failure
        except Refusal:
            left = people_jobs.NOT_RENEWING
    if refused is not None:
        raise refused
    return _left_out(left) if left else _done(now)


def _nothing_to_cancel(entry: PeopleJobEntry, *, now: datetime) -> Values:
    """What was chosen has ended meanwhile, or is something else by now."""
    entry.refresh_from_db(fields=["subscription"])
    reason = people_jobs.why_not(entry.job, entry.subscription, now=now)
    return _done(now) if reason in AS_ASKED else _left_out(reason or people_jobs.NOT_HELD)


def _left_out(reason: str) -> Values:
    return {"state": State.SKIPPED, "reason": reason}


@retried
def _give(entry: PeopleJobEntry, token: str, *, now: datetime) -> None:
    """Access, and the note that it was given, in one transaction: neither without the other, and neither twice."""
    with transaction.atomic():
        people.lock_person(entry.user_id)
        values = _given(entry, now=now)
        if not leases.settle(entry, token, **values):
            raise leases.Lost


def _given(entry: PeopleJobEntry, *, now: datetime) -> Values:
    job = entry.job
    # Read again: it may have been emptied before it was our turn.
    person = get_user_model()._base_manager.get(pk=entry.user.pk)
    if tombstones.is_forgotten(person) or people.leaving([person.pk]):
        return _left_out(people_jobs.GONE)
    held = people_jobs.meant(job, [entry.user_id], now=now).get(entry.user_id)
    reason = _refused_at_the_door(job) or people_jobs.why_not(job, held, now=now)
    if reason:
        return _left_out(reason)
    try:
        holding.refuse_a_second(person, job.membership, now=now)
        given = giving.give(person, job.membership, until=job.until, language=_language_of(entry), now=now)
    except holding.AlreadyMember:
        return _left_out(people_jobs.HOLDS)
    except places.Full:
        return _left_out(people_jobs.FULL)
    return {**_done(now), "subscription": given}


def _language_of(entry: PeopleJobEntry) -> str:
    """In which they were written to last."""
    spoken = Subscription.objects.filter(user_id=entry.user_id).exclude(language="").order_by("-started_at", "-pk")
    return spoken.values_list("language", flat=True).first() or ""


def _done(now: datetime) -> Values:
    return {"state": State.DONE, "done_at": now, "reason": "", "failure": ""}


def _note_bug(entry: PeopleJobEntry, token: str, error: Exception) -> None:
    """A bug of ours, or of a receiver of the site's: the others must not wait behind it."""
    logger.exception("%s for one of many people failed", entry.pk)
    leases.settle(entry, token, **_put_off(entry, type(error).__name__, people_jobs.BROKEN))


def _put_off(entry: PeopleJobEntry, said: str, reason: str) -> Values:
    attempts = entry.attempts + 1
    if attempts > len(WAITS):
        return {"state": State.FAILED, "reason": reason, "failure": said, "attempts": attempts}
    return {"attempts": attempts, "failure": said, "next_try_at": clock.wall_time() + WAITS[attempts - 1]}
