"""How do two accounts of one person become one? All that the other holds is moved in one transaction, and can be moved back (K11).

Nothing is cancelled and nothing charged by it. What both hold becomes a double with a name, for somebody to resolve.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from .. import events
from ..errors import Refusal
from ..payments.models import Customer
from ..retrying import retried
from . import deeds, people, people_states, tombstones, twins
from .deed_models import Deed
from .gift_models import Gift
from .models import Checkout, Subscription
from .queries import DOUBLE

OURS = "lms_memberships"
#: Every column that says whose something is.
MOVED = (
    "Subscription.user",
    "Checkout.user",
    "Invoice.user",
    "TierChange.user",
    "Gift.giver",
    "Gift.user",
    "GuestPurchase.claimed_by",
    "TrialTaken.user",
    "InvitationUse.user",
    "WaitingEntry.user",
    "Email.user",
    "Customer.user",
)
#: What names a person and stays, and why.
STAYS = {
    "Deed.user": "it was done for that account",
    "Deed.by": "who did it",
    "Erasure.user": "a merge is refused while one runs",
    "TrialTaken.forgiven_by": "who did it",
    "InvitationLink.created_by": "who did it",
    "PriceMove.created_by": "who did it",
    "Refund.author": "who did it",
    "PeopleJob.created_by": "who did it",
    "PeopleJob.confirmed_by": "who did it",
    "PeopleJobEntry.user": "it was done for that account",
    "PeopleExport.owner": "the file is for whoever asked",
    "Membership.locked_by": "who did it",
}
#: Where one person has one row for each of these: what the other account has already stays where it is.
ONE_FOR_EACH = {
    "InvitationUse.user": ("invitation_id",),
    "WaitingEntry.user": ("membership_id",),
    "Customer.user": ("account", "livemode"),
}


class SameAccount(Refusal):
    message = _("These are not two accounts.")


class BeingDeleted(Refusal):
    message = _("One of the two accounts is being deleted, or was: they cannot be merged.")


class IsBuying(Refusal):
    """What is paid on that page would come to an account that holds nothing any more."""

    message = _("The other account stands before a payment page, or its payment is on its way. Try again in a day.")


class RunsTheSite(Refusal):
    message = _("An account with rights in the admin cannot be merged into another one.")


class NotMerged(Refusal):
    message = _("There is no merge to undo here.")


@dataclass(frozen=True)
class Preview:
    """What would be moved, counted by table, with ``standing`` as in the list of people; and what they would hold twice."""

    counts: dict[str, int]
    doubles: list[Subscription]
    moved: list[Subscription]
    has_two_customers: bool


def preview(source_id: int, target_id: int, *, now: datetime) -> Preview:
    """Writes nothing. Raises what ``merge`` raises."""
    _refuse(source_id, target_id, now)
    moved = people_states.with_state(Subscription.objects.filter(user_id=source_id), now=now)
    rows = list(moved.select_related("membership").order_by("pk"))
    theirs = list(Subscription.objects.filter(user_id=target_id).select_related("membership").order_by("pk"))
    movable = {column: len(_movable(column, source_id, target_id)) for column in MOVED}
    customers = Customer.objects.filter(user_id=source_id).count()
    return Preview(
        counts={column: count for column, count in movable.items() if count},
        doubles=_doubles(rows, theirs, now),
        moved=rows,
        has_two_customers=customers > movable["Customer.user"],
    )


@retried
def merge(source_id: int, target_id: int, *, wish: deeds.Wish, now: datetime) -> Deed:
    """All that the source holds is the target's. The deed says what, row by row; Stripe is told after (``merged_names``)."""
    with transaction.atomic():
        _lock(source_id, target_id)
        known = Deed.objects.filter(key=wish.key).first()
        if known is not None:
            return _same(known, Deed.Kind.MERGED, source_id, target_id)
        _refuse(source_id, target_id, now)
        rows, theirs = people.holdings(source_id), people.holdings(target_id)
        doubles = _doubles(rows, theirs, now)
        moved = {column: _movable(column, source_id, target_id) for column in MOVED}
        named = [row.pk for row in doubles if not row.flag]
        details = {"from": source_id, "moved": moved, "doubles": named}
        deed, _is_new = deeds.note(Deed.Kind.MERGED, target_id, wish, now=now, details=details)
        _move(moved, source_id, target_id)
        # Left so before, it is news now.
        Subscription.objects.filter(pk__in=named).update(flag=DOUBLE, left_alone_at=None)
        events.publish(events.AccountsMerged(deed_id=deed.pk))
    return deed


@retried
def part(merged: Deed, *, wish: deeds.Wish, now: datetime) -> Deed:
    """Move back what was moved, as far as it is still there. Raises NotMerged, BeingDeleted."""
    source_id, target_id = _accounts(merged)
    with transaction.atomic():
        _lock(source_id, target_id)
        known = Deed.objects.filter(key=wish.key).first()
        if known is not None:
            return _same(known, Deed.Kind.PARTED, target_id, source_id)
        row = Deed.objects.select_for_update().get(pk=merged.pk)
        if row.details.get("parted"):
            raise NotMerged
        _refuse_who_goes(source_id, target_id)
        back = {
            column: sorted(set(_movable(column, target_id, source_id)) & set(pks))
            for column, pks in row.details["moved"].items()
        }
        details = {"from": target_id, "moved": back, "doubles": [], "undoes": row.pk}
        deed, _is_new = deeds.note(Deed.Kind.PARTED, source_id, wish, now=now, details=details)
        _move(back, target_id, source_id)
        Subscription.objects.filter(pk__in=row.details["doubles"], flag=DOUBLE).update(flag="")
        row.details = {**row.details, "parted": deed.pk}
        row.save(update_fields=["details"])
        events.publish(events.AccountsMerged(deed_id=deed.pk))
    return deed


def moved_by(deed_id: int) -> list[int]:
    """The subscriptions that this deed has moved."""
    return list(Deed.objects.get(pk=deed_id).details["moved"]["Subscription.user"])


def _same(known: Deed, kind: Deed.Kind, source_id: int, target_id: int) -> Deed:
    if (known.kind, known.details.get("from"), known.user_id) != (kind, source_id, target_id):
        raise deeds.SentAlready
    return known


def _accounts(merged: Deed) -> tuple[int, int]:
    if merged.kind != Deed.Kind.MERGED:
        raise NotMerged
    return int(merged.details["from"]), merged.user_id


def _lock(*user_ids: int) -> None:
    # Always in one order: nobody else locks two people.
    for user_id in sorted(user_ids):
        people.lock_person(user_id)


def _refuse(source_id: int, target_id: int, now: datetime) -> None:
    if source_id == target_id:
        raise SameAccount
    _refuse_who_goes(source_id, target_id)
    source = get_user_model()._base_manager.get(pk=source_id)
    if getattr(source, "is_superuser", False) or source.has_perm("wagtailadmin.access_admin"):
        # Whoever may do this could otherwise take what belongs to a colleague.
        raise RunsTheSite
    attempts = Checkout.objects.filter(user_id=source_id)
    pages = Gift.objects.filter(giver_id=source_id, state__in=[Gift.State.PLANNED, Gift.State.PENDING])
    if attempts.running().exists() or attempts.on_their_way(now).exists() or pages.exists():
        raise IsBuying


def _refuse_who_goes(*user_ids: int) -> None:
    if _model("Erasure").filter(user_id__in=user_ids).exists():
        raise BeingDeleted
    found = get_user_model()._base_manager.filter(pk__in=user_ids)
    if len(found) < len(user_ids) or any(tombstones.is_forgotten(user) for user in found):
        raise BeingDeleted


def _movable(column: str, source_id: int, target_id: int) -> list[int]:
    rows, field = _column(column)
    mine = rows.filter(**{field: source_id}).order_by("pk")
    names = ONE_FOR_EACH.get(column)
    if names is None:
        return list(mine.values_list("pk", flat=True))
    taken = set(rows.filter(**{field: target_id}).values_list(*names))
    return [pk for pk, *key in mine.values_list("pk", *names) if tuple(key) not in taken]


def _move(moved: dict[str, list[int]], source_id: int, target_id: int) -> None:
    for column, pks in moved.items():
        rows, field = _column(column)
        rows.filter(pk__in=pks, **{field: source_id}).update(**{field: target_id})


def _doubles(rows: Iterable[Subscription], theirs: list[Subscription], now: datetime) -> list[Subscription]:
    """Those that are charged while the other account pays for the same, or for another tier of the same ladder."""
    ladder_of = twins.ladders()
    # What was given stands beside what is paid, and neither ends the other (X2).
    pairs = ((row, other) for row in rows for other in theirs if twins.are_twins(row, other, ladder_of, now))
    return list({marked.pk: marked for marked in (_marked(*pair, now) for pair in pairs)}.values())


def _marked(row: Subscription, other: Subscription, now: datetime) -> Subscription:
    """Of two the one that carries the mark: charged; and of two tiers the one that came second."""
    charged = [each for each in (row, other) if each.is_charged_on(now)]
    return charged[0] if row.membership_id == other.membership_id else max(charged, key=lambda each: each.pk)


def _column(column: str) -> tuple[models.Manager, str]:
    name, _dot, field = column.partition(".")
    return _model(name), f"{field}_id"


def _model(name: str) -> models.Manager:
    # By name: some of these tables belong to packages that know this one.
    return apps.get_model(OURS, name)._base_manager
