"""Who waits for a free place, and whose turn is it? In the order in which they asked (W17)."""

from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from .. import conf, events
from ..errors import Refusal
from ..memberships.models import Membership
from ..retrying import retried
from . import holding, people, places
from .waiting_models import WaitingEntry


class NobodyWaits(Refusal):
    """There is a place: no list is needed."""

    message = _("There is a place free: you can join right now.")


@retried
def ask(user: AbstractBaseUser, membership: Membership, *, language: str, now: datetime) -> WaitingEntry:
    """Put them at the end of the list. Asking twice keeps the first turn."""
    with transaction.atomic():
        people.lock_person(user.pk)
        holding.refuse_a_second(user, membership, now=now)
        try:
            places.reserve(user.pk, membership, now=now)
        except places.Full:
            # One that was told and let its days pass asks anew, and stands at the end.
            _lapsed(now).filter(user_id=user.pk, membership=membership).delete()
            defaults = {"language": language, "asked_at": now}
            return WaitingEntry.objects.get_or_create(user_id=user.pk, membership=membership, defaults=defaults)[0]
    raise NobodyWaits


def strike_off(user_id: int, membership_id: int) -> None:
    """They wait no longer: at their own wish, or because they are in."""
    WaitingEntry.objects.filter(user_id=user_id, membership_id=membership_id).delete()


def entry_of(user: AbstractBaseUser, membership: Membership) -> WaitingEntry | None:
    return WaitingEntry.objects.filter(user_id=user.pk, membership=membership).first()


def move_on(*, now: datetime) -> int:
    """Offer what is free to whoever is next, wherever somebody waits. Returns how many were told."""
    _lapsed(now).delete()
    waited_for = WaitingEntry.objects.filter(told_at=None).order_by().values("membership").distinct()
    on_sale = Membership.objects.filter(pk__in=waited_for, live=True).order_by("pk")
    return sum(_offer(membership, now=now) for membership in on_sale)


@retried
def _offer(membership: Membership, *, now: datetime) -> int:
    with transaction.atomic():
        free = places.count_free(membership, now=now)
        entries = WaitingEntry.objects.filter(membership=membership, told_at=None).order_by("asked_at", "pk")
        # Without a limit nobody has to wait any more.
        told = list(entries if free is None else entries[:free])
        for entry in told:
            entry.told_at, entry.held_until = now, now + timedelta(hours=conf.WAITING_HOLD_HOURS)
            entry.save(update_fields=["told_at", "held_until"])
            events.publish(events.PlaceOffered(entry_id=entry.pk))
    return len(told)


def _lapsed(now: datetime) -> QuerySet[WaitingEntry]:
    return WaitingEntry.objects.filter(held_until__lte=now)
