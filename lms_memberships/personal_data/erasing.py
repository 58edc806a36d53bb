"""How is somebody forgotten? Billing stops at Stripe first; only when that is confirmed is the name taken away (K6)."""

import logging
import secrets
from datetime import datetime, timedelta
from typing import NamedTuple

from django.contrib.auth.models import AbstractBaseUser
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from .. import clock, killpoints
from ..errors import OutsideFailure, Refusal
from ..payments.gateway import Gateway
from ..retrying import retried
from ..subscriptions import people
from . import forgetting, stopping
from .models import Erasure

logger = logging.getLogger(__name__)

State = Erasure.State
#: After each failed try the wait before the next; the last one for ever: a wish to be forgotten is never given up.
WAITS = (
    timedelta(seconds=30),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=12),
)
#: Longer than one try takes. After that, whoever held it is taken for dead.
LEASE = timedelta(minutes=10)
BATCH = 20


class KeepsTheKeys(Refusal):
    """Whoever runs the site is not deleted by a press on a button."""

    message = _("This account runs the site. Take away its rights first; then it can be deleted.")


class BeingErased(Refusal):
    """No new purchase while the account goes."""

    message = _("Your account is being deleted: nothing new can be bought with it.")


class Tally(NamedTuple):
    """How many were completed, and how many wait for another try."""

    done: int
    waiting: int


def erase(user: AbstractBaseUser, *, now: datetime) -> Erasure:
    """Note the wish; ``carry_out`` does it. Asking twice is one wish."""
    if getattr(user, "is_superuser", False):
        raise KeepsTheKeys
    erasure, _created = Erasure.objects.get_or_create(
        user_id=user.pk, defaults={"requested_at": now, "next_try_at": clock.wall_time()}
    )
    return erasure


def pending_for(user: AbstractBaseUser) -> Erasure | None:
    """The wish of this person that is not carried out yet."""
    return Erasure.objects.filter(user_id=user.pk, state=State.PENDING).first()


def refuse_who_leaves(user: AbstractBaseUser) -> None:
    """Raise BeingErased: a purchase in between would outlive the account."""
    if pending_for(user) is not None:
        raise BeingErased


def carry_out_due(*, gateway: Gateway | None, now: datetime) -> Tally:
    """Try each that is due; one that fails waits longer each time, and does not stop the others."""
    done = waiting = 0
    for erasure in _claim(Erasure.objects.filter(next_try_at__lte=clock.wall_time())):
        if carry_out(erasure, gateway=gateway, now=now):
            done += 1
        else:
            waiting += 1
    return Tally(done, waiting)


def carry_out_now(erasure: Erasure, *, gateway: Gateway | None, now: datetime) -> bool:
    """Try this one at once, unless somebody is at it. Whether it is done."""
    for claimed in _claim(Erasure.objects.filter(pk=erasure.pk)):
        carry_out(claimed, gateway=gateway, now=now)
    erasure.refresh_from_db()
    return erasure.state == State.DONE


def carry_out(erasure: Erasure, *, gateway: Gateway | None, now: datetime) -> bool:
    """One try with a claimed row. False: it waits, and the row says why."""
    try:
        _stop(erasure, gateway=gateway, now=now)
        killpoints.reach("erase.stopped")
        _forget(erasure, gateway=gateway, now=now)
    except OutsideFailure as failure:
        logger.warning("Erasure %s has to wait: %s", erasure.pk, failure)
        _put_off(erasure, str(failure.message))
        return False
    except Exception as error:
        # A bug of ours, or of a receiver of the site's: the others must not wait behind it.
        logger.exception("Erasure %s failed", erasure.pk)
        _put_off(erasure, type(error).__name__)
        return False
    killpoints.reach("erase.done")
    return True


def _stop(erasure: Erasure, *, gateway: Gateway | None, now: datetime) -> None:
    if stopping.is_all_over(_user_id(erasure), gateway=gateway):
        # Whoever never paid can go while Stripe is down, or was never connected.
        return
    if gateway is None:
        raise stopping.NobodyToAsk
    stopping.stop(_user_id(erasure), gateway=gateway, now=now)


@retried
def _forget(erasure: Erasure, *, gateway: Gateway | None, now: datetime) -> None:
    with transaction.atomic():
        people.lock_person(_user_id(erasure))
        if not stopping.is_all_over(_user_id(erasure), gateway=gateway):
            # Bought in the last moment.
            raise stopping.NotOverYet
        mine = Erasure.objects.select_for_update().filter(pk=erasure.pk, lease_token=erasure.lease_token)
        if not mine.filter(state=State.PENDING).exists():
            # Somebody else took it over, when we seemed dead (B11).
            return
        report = forgetting.forget(_user_id(erasure))
        mine.update(state=State.DONE, finished_at=now, leased_until=None, failure="", report=report)


def _claim(rows: "QuerySet[Erasure]") -> list[Erasure]:
    now = clock.wall_time()
    free = rows.filter(state=State.PENDING, user__isnull=False).filter(Q(leased_until=None) | Q(leased_until__lt=now))
    with transaction.atomic():
        can_skip = connection.features.has_select_for_update_skip_locked
        claimed = list(free.select_for_update(skip_locked=can_skip).order_by("next_try_at", "pk")[:BATCH])
        for erasure in claimed:
            erasure.lease_token, erasure.leased_until = secrets.token_hex(16), now + LEASE
            erasure.save(update_fields=["lease_token", "leased_until"])
    return claimed


def _put_off(erasure: Erasure, failure: str) -> None:
    attempts = erasure.attempts + 1
    Erasure.objects.filter(pk=erasure.pk, lease_token=erasure.lease_token, state=State.PENDING).update(
        attempts=attempts,
        next_try_at=clock.wall_time() + WAITS[min(attempts, len(WAITS)) - 1],
        leased_until=None,
        failure=failure,
    )


def _user_id(erasure: Erasure) -> int:
    if erasure.user_id is None:
        msg = f"The person of erasure {erasure.pk} is gone"
        raise LookupError(msg)
    return erasure.user_id
