"""How is something done for a person? Noted with who and why, done once however often it is asked, and told (X24)."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Model
from django.utils.translation import gettext_lazy as _
from wagtail.log_actions import log

from .. import history
from ..errors import OutsideFailure, Refusal
from ..payments.gateway import Gateway
from ..payments.models import StripeObject
from ..retrying import retried
from . import deed_failures
from .deed_models import Deed
from .models import Subscription

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

Kind = Deed.Kind


class ReasonMissing(Refusal):
    message = _("Please say why: it stands in the history.")


class SentAlready(Refusal):
    """The same form with something else in it: back in the browser, changed, and pressed again."""

    message = _("This form was sent already, with something else in it. Open the page again.")


class InOtherAccount(Refusal):
    """Money flows in an account that this site is not connected to: nothing can be changed there."""

    message = _(
        "This subscription runs in another Stripe account. Connect it again, or change it in Stripe's dashboard."
    )


class BilledElsewhere(OutsideFailure):
    """The same of what is decided already, and waits until that account is connected again."""

    message = _("This was paid in another Stripe account. Connect it again, or give it back in Stripe's dashboard.")


@dataclass(frozen=True)
class Wish:
    """Who wants it, why, and the key of the form that said so."""

    by: AbstractBaseUser
    reason: str
    key: uuid.UUID


def refuse_elsewhere(row: StripeObject | None, gateway: Gateway, words: "str | _StrPromise | None" = None) -> None:
    """Raise InOtherAccount: what another account does not know, or would not do, says nothing of it (E9)."""
    if row is not None and not row.is_of(gateway):
        raise InOtherAccount(words)


def put_off_elsewhere(row: StripeObject, gateway: Gateway) -> None:
    """Raise BilledElsewhere, before anything is concluded from what this account does not know (E9)."""
    if not row.is_of(gateway):
        raise BilledElsewhere


def note(kind: Deed.Kind, user_id: int, wish: Wish, *, now: datetime, **columns: object) -> tuple[Deed, bool]:
    """The deed of this wish, and whether it is new. Raises ReasonMissing. Inside the transaction that does it, or
    before Stripe is asked.
    """
    if not wish.reason.strip():
        raise ReasonMissing
    wanted = {"kind": kind, "user_id": user_id, "by_id": wish.by.pk, "reason": wish.reason.strip(), **columns}
    deed, is_new = Deed.objects.get_or_create(key=wish.key, defaults={**wanted, "done_at": now})
    if not is_new:
        refuse_another(deed, **wanted)
    return deed, is_new


def refuse_another(deed: Deed, **wanted: object) -> None:
    """Raise SentAlready: the form's key is one wish, not two."""
    # What came of it was added since.
    if any(getattr(deed, name) != value for name, value in wanted.items() if name != "details"):
        raise SentAlready


def settle(deed: Deed, *, now: datetime, **details: object) -> None:
    """All of it is done. It stands in the history from here on: of the membership, where it does not say for whom; or,
    where it is about all that somebody holds, of their account.
    """
    with transaction.atomic():
        row = Deed.objects.select_for_update().get(pk=deed.pk)
        if row.settled_at is not None:
            return
        row.settled_at, row.failure = now, ""
        row.details = {**deed_failures.forget(row.details), **details}
        row.save(update_fields=["settled_at", "failure", "details"])
        _write_history(row)
    deed.refresh_from_db()


def _write_history(deed: Deed) -> None:
    """In the transaction that settles it."""
    data: dict[str, object] = {"deed": deed.pk, "reason": deed.reason}
    about: Model = deed.user
    if deed.subscription is not None:
        data["subscription"] = deed.subscription.stripe_id
        about = deed.subscription.membership
    log(instance=about, action=history.DEEDS[deed.kind], user=deed.by, data=data)


def carry_out(
    kind: Deed.Kind,
    subscription: Subscription,
    wish: Wish,
    do: Callable[[], object],
    *,
    now: datetime,
    **columns: object,
) -> Deed:
    """Note it, do it at Stripe, and settle it. What Stripe refuses is noted too, and raised; sent again, it is tried
    again.
    """
    deed, _is_new = _note_alone(kind, subscription, wish, now=now, **columns)
    if deed.settled_at is not None:
        return deed
    try:
        do()
    except (Refusal, OutsideFailure) as no:
        deed_failures.note_refusal(deed, no)
        raise
    settle(deed, now=now)
    return deed


@retried
def _note_alone(
    kind: Deed.Kind, subscription: Subscription, wish: Wish, *, now: datetime, **columns: object
) -> tuple[Deed, bool]:
    with transaction.atomic():
        return note(kind, subscription.user_id, wish, now=now, subscription=subscription, **columns)
