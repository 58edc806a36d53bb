"""How is something done for many people at once? Looked at first, said yes to once, stopped, tried again (N6, S50).

Asking for it only notes for whom: nothing happens before the preview was seen and confirmed. The work itself is
``people_working``'s.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from wagtail.log_actions import log

from .. import clock, conf, leases
from ..errors import Refusal
from ..history import PEOPLE_AGAIN, PEOPLE_CANCELLED, PEOPLE_GIVEN, PEOPLE_STOPPED
from ..memberships.models import Membership
from ..payments.gateway import SubscriptionStatus
from ..retrying import retried
from . import changes, given_access, people, people_files, people_listing, people_states
from .copies import OWING
from .models import Subscription
from .people_job_models import PeopleJob, PeopleJobEntry
from .told import OVER

State = PeopleJobEntry.State

AT_ONCE = 1000
#: The right that an act needs, besides seeing people. It is asked again for each person, when it is done (S50).
RIGHTS: dict[str, str] = {
    PeopleJob.Kind.CANCEL: "lms_memberships.end_subscription",
    PeopleJob.Kind.GIVE: "lms_memberships.give_access",
}
#: The line that it leaves.
HISTORY: dict[str, str] = {PeopleJob.Kind.CANCEL: PEOPLE_CANCELLED, PeopleJob.Kind.GIVE: PEOPLE_GIVEN}
SEES = "lms_memberships.view_subscription"

NOT_HELD, ENDED, ENDING, NOT_RENEWING, WAITING = "not_held", "ended", "ending", "not_renewing", "waiting"
HOLDS, PAST, FULL, GONE, ELSEWHERE, DISPUTED = "holds", "past", "full", "gone", "elsewhere", "disputed"
STOPPED, NOT_ALLOWED, REFUSED, NO_ANSWER, BROKEN = "stopped", "not_allowed", "refused", "no_answer", "broken"
#: What stands in ``PeopleJobEntry.reason``, and what a creator reads.
REASONS: dict[str, str | Promise] = {
    NOT_HELD: _("They do not hold this membership."),
    ENDED: _("It has ended already."),
    ENDING: _("It is cancelled already."),
    NOT_RENEWING: _("It does not renew: paid once, paid off, or given."),
    WAITING: _("Its first payment is on the way."),
    DISPUTED: _("Its payment is disputed at the bank, and it does not renew."),
    HOLDS: _("They hold this membership already."),
    PAST: _("The date has passed."),
    FULL: _("No place is left."),
    GONE: given_access.AccountIsGone.message,
    ELSEWHERE: _("It was sold in another Stripe account."),
    STOPPED: _("Somebody stopped it before their turn."),
    NOT_ALLOWED: _("Whoever confirmed it may not do this any more."),
    REFUSED: _("Stripe refused it."),
    NO_ANSWER: _("Stripe could not be reached, again and again."),
    BROKEN: _("Something went wrong on this site, again and again: its log says what."),
}


class TooMany(Refusal):
    message = _("These are too many people at once: narrow the list first.")


class Nobody(Refusal):
    message = _("There is nobody among them for whom this can be done.")


class NotADraft(Refusal):
    message = _("This was confirmed already.")


class NotUnderWay(Refusal):
    message = _("This is over: there is nothing left to stop.")


class NothingFailed(Refusal):
    message = _("There is nothing to try again.")


@dataclass(frozen=True)
class Asked:
    """What is to be done, of which membership; for what is given, until when and why."""

    kind: str
    membership: Membership
    until: datetime | None = None
    note: str = ""


def draft(wanted: people_listing.Wanted, asked: Asked, *, by: AbstractBaseUser, now: datetime) -> PeopleJob:
    """Note for whom it would be done, and who is left out and why. Raises TooMany or Nobody."""
    most = conf.PEOPLE_AT_ONCE
    keys = list(people_listing.people(wanted, now=now).values_list("pk", flat=True)[: most + 1])
    if len(keys) > most:
        raise TooMany
    if not keys:
        raise Nobody
    with transaction.atomic():
        job = PeopleJob.objects.create(
            kind=asked.kind,
            membership=asked.membership,
            until=asked.until,
            note=asked.note,
            created_at=now,
            created_by_id=by.pk,
        )
        for some in _batches(keys):
            PeopleJobEntry.objects.bulk_create(_entries(job, some, now=now))
    return job


def why_not(job: PeopleJob, subscription: Subscription | None, *, now: datetime) -> str:
    """Why it cannot be done for whoever holds this. Empty: it can. Asked before, and again when it is done."""
    return (_why_not_cancel if job.kind == PeopleJob.Kind.CANCEL else _why_not_give)(job, subscription, now)


def meant(job: PeopleJob, keys: Iterable[Any], *, now: datetime) -> dict[Any, Subscription]:
    """Of the job's membership, what each of these people holds or held: what can be cancelled, if that is wanted,
    before all else; then what still runs before what has ended.
    """
    found = people_states.shown().filter(membership_id=job.membership_id, user__in=list(keys))
    best: dict[Any, tuple[tuple[bool, bool], Subscription]] = {}
    for row in found.order_by("started_at", "pk"):
        rank = job.kind == PeopleJob.Kind.CANCEL and _is_charged_on(row), row.is_held(now)
        if row.user_id not in best or rank >= best[row.user_id][0]:
            best[row.user_id] = rank, row
    return {key: row for key, (_rank, row) in best.items()}


def to_cancel(entry: PeopleJobEntry) -> list[Subscription]:
    """All that Stripe would charge this person on for. There can be two: another account was merged into theirs."""
    rows = _seen(entry.job, entry.user_id, entry.subscription_id)
    return [row for row in rows.order_by("started_at", "pk") if _is_charged_on(row)]


def counts(job: PeopleJob) -> dict[str, int]:
    """How many people are in each state."""
    return dict(job.entries.order_by().values_list("state").annotate(Count("pk")))


def counts_of(jobs: Iterable[PeopleJob]) -> dict[int, dict[str, int]]:
    """The same of several, by their numbers. One query."""
    rows = PeopleJobEntry.objects.filter(job__in=list(jobs)).order_by().values_list("job", "state")
    found: dict[int, dict[str, int]] = {}
    for pk, state, count in rows.annotate(Count("pk")):
        found.setdefault(pk, {})[state] = count
    return found


def left_out(job: PeopleJob) -> list[tuple[str | Promise, int]]:
    """Why some are left out or failed, and how many."""
    rows = job.entries.exclude(reason="").order_by("reason").values_list("reason").annotate(Count("pk"))
    # A later version may have known others.
    return [(REASONS.get(reason, reason), count) for reason, count in rows]


def end_at_once(job: PeopleJob) -> int:
    """For how many there is no paid period: their payment is missing or it rests, and cancelling ends it now."""
    if job.kind != PeopleJob.Kind.CANCEL:
        return 0
    rows = _seen(job, OuterRef("user"), OuterRef("subscription"))
    rows = rows.filter(is_recurring=True, paid_up_at=None, status__in=changes.WITHOUT_PAID_TIME).exclude(stripe_id="")
    # Of what is owed a planned end does not hinder it (``changes.is_ending``).
    unpaid = rows.filter(Q(cancel_at=None) | Q(status__in=OWING))
    return job.entries.filter(Exists(unpaid), state=State.PLANNED).count()


def last_moment(job: PeopleJob) -> datetime | None:
    """Of what is given: on the last day that it is open."""
    return job.until - timedelta(seconds=1) if job.until is not None else None


@retried
def confirm(job: PeopleJob, *, by: AbstractBaseUser, now: datetime) -> None:
    """Begin. Pressed twice it is begun once: the second time raises NotADraft. Raises Nobody if there is nobody."""
    with transaction.atomic():
        locked = PeopleJob.objects.select_for_update().get(pk=job.pk)
        if locked.state != PeopleJob.State.DRAFT:
            raise NotADraft
        if not locked.entries.filter(state=State.PLANNED).exists():
            raise Nobody
        locked.state, locked.confirmed_at, locked.confirmed_by_id = PeopleJob.State.RUNNING, now, by.pk
        locked.save(update_fields=["state", "confirmed_at", "confirmed_by"])
        people = locked.entries.filter(state=State.PLANNED).update(next_try_at=clock.wall_time())
        # With the decision, before anybody begins: who dies right after it has left the line (X24).
        data = {"people": people, "until": people_files.day(last_moment(locked)), "note": locked.note}
        log(instance=locked.membership, action=HISTORY[locked.kind], user=by, data=data)


@retried
def stop(job: PeopleJob, *, by: AbstractBaseUser, now: datetime) -> None:
    """Nobody more; what is done stays done. Raises NotUnderWay."""
    with transaction.atomic():
        locked = PeopleJob.objects.select_for_update().get(pk=job.pk)
        if locked.state != PeopleJob.State.RUNNING:
            raise NotUnderWay
        locked.state, locked.finished_at = PeopleJob.State.STOPPED, now
        locked.save(update_fields=["state", "finished_at"])
        # One that a worker has in its hands is settled by what it finds.
        rest = locked.entries.filter(leases.is_free(clock.wall_time()), state=State.PLANNED)
        rest.update(state=State.SKIPPED, reason=STOPPED)
        log(instance=locked.membership, action=PEOPLE_STOPPED, user=by)


@retried
def try_again(job: PeopleJob, *, by: AbstractBaseUser) -> int:
    """Those that failed, once more. Raises NothingFailed."""
    with transaction.atomic():
        locked = PeopleJob.objects.select_for_update().get(pk=job.pk)
        failed = locked.entries.filter(state=State.FAILED)
        if locked.state not in {PeopleJob.State.RUNNING, PeopleJob.State.DONE}:
            raise NothingFailed
        count = failed.update(state=State.PLANNED, attempts=0, failure="", reason="", next_try_at=clock.wall_time())
        if not count:
            raise NothingFailed
        locked.state, locked.finished_at = PeopleJob.State.RUNNING, None
        locked.save(update_fields=["state", "finished_at"])
        log(instance=locked.membership, action=PEOPLE_AGAIN, user=by, data={"people": count})
    return count


def _seen(job: PeopleJob, user: Any, chosen: Any) -> QuerySet[Subscription]:
    """Of the job's membership, what this person had when the preview was made: what they buy later is left alone.
    What was chosen for them counts wherever a merge has put it, but not once it is another membership's.
    """
    theirs = Q(pk=chosen) | Q(user=user, started_at__lte=job.created_at)
    return people_states.shown().filter(theirs, membership_id=job.membership_id)


def _is_charged_on(subscription: Subscription) -> bool:
    return changes.is_cancellable(subscription) and not changes.is_ending(subscription)


def _why_not_cancel(job: PeopleJob, subscription: Subscription | None, now: datetime) -> str:
    if subscription is None:
        return NOT_HELD
    if _is_charged_on(subscription):
        return ""
    if changes.is_ending(subscription):
        return ENDED if subscription.status in OVER else ENDING
    if subscription.status == SubscriptionStatus.INCOMPLETE:
        return WAITING
    if subscription.suspended_at is not None:
        return DISPUTED
    return NOT_RENEWING if subscription.is_live(now) else ENDED


def _why_not_give(job: PeopleJob, subscription: Subscription | None, now: datetime) -> str:
    if job.until is not None and job.until <= now:
        return PAST
    # What runs, is paid for good or was given before: a second one would only be in its way.
    return HOLDS if subscription is not None and subscription.is_held(now) else ""


def _entries(job: PeopleJob, keys: list[Any], *, now: datetime) -> Iterator[PeopleJobEntry]:
    held, due = meant(job, keys, now=now), clock.wall_time()
    # Whoever goes is given nothing more; what they pay for ends with their account, and may end before.
    gone = people.leaving(keys) if job.kind == PeopleJob.Kind.GIVE else set()
    for key in keys:
        subscription = held.get(key)
        reason = GONE if key in gone else why_not(job, subscription, now=now)
        yield PeopleJobEntry(
            job=job,
            user_id=key,
            subscription=subscription if job.kind == PeopleJob.Kind.CANCEL else None,
            state=State.SKIPPED if reason else State.PLANNED,
            reason=reason,
            next_try_at=due,
        )


def _batches(keys: list[Any]) -> Iterator[list[Any]]:
    each = iter(keys)
    while some := list(islice(each, AT_ONCE)):
        yield some
