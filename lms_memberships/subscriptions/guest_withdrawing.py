"""How does a guest withdraw from what nobody has come for yet? Without an account, and all that was paid goes back (EU).

What somebody has come for is a subscription of theirs, and withdrawn from as such (``withdrawing``).
"""

from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .. import conf
from ..errors import Refusal
from ..payments.gateway import Gateway
from ..retrying import retried
from . import contracts, withdrawing
from .guest_models import GuestPurchase
from .withdrawal_models import Withdrawal

State = GuestPurchase.State


class AddedToAnAccount(Refusal):
    message = _(
        "This purchase was added to an account. Whoever has that account signs in, and withdraws from it under “My "
        "memberships”, for as long as that is possible."
    )


class BeingReturned(Refusal):
    message = _("It was cancelled, and whatever you paid is being returned to you. Nothing more is charged.")


def can_withdraw(purchase: GuestPurchase, *, now: datetime) -> bool:
    """Paid for, and nobody's: it waits, or is over already. Not what goes back anyway, and not after the site's days."""
    is_open = purchase.state in GuestPurchase.WITHDRAWABLE and not purchase.return_reason
    return is_open and _is_in_time(purchase, now)


def why_not(purchase: GuestPurchase, *, now: datetime) -> Refusal:
    """Why it cannot be withdrawn from; for whoever cannot."""
    if purchase.state == State.CLAIMED:
        return AddedToAnAccount()
    if purchase.return_reason:
        return BeingReturned()
    return withdrawing.NothingToWithdrawFrom() if _is_in_time(purchase, now) else withdrawing.TooLate()


def last_day(purchase: GuestPurchase) -> date | None:
    """The last one on which it can be declared, where the site is."""
    if purchase.paid_at is None:
        return None
    end = contracts.last_moment(purchase.paid_at) - timedelta(microseconds=1)
    return timezone.localdate(end, timezone.get_default_timezone())


def of(purchase: GuestPurchase) -> Withdrawal | None:
    """The declaration about it."""
    try:
        return purchase.withdrawal
    except Withdrawal.DoesNotExist:
        return None


def withdraw(purchase: GuestPurchase, *, gateway: Gateway | None, now: datetime) -> Withdrawal:
    """Note the declaration, from which on nobody can claim it; then end it and pay back. Twice is once.

    Not done yet (``done_at``): the job goes on. Raises AddedToAnAccount, BeingReturned, TooLate, NothingToWithdrawFrom.
    """
    return withdrawing.begin(_declare(purchase.pk, now=now), gateway=gateway, now=now)


def take(pk: int) -> bool:
    """The one write that decides, as in ``guest_claims``: of two, the second finds nothing."""
    return bool(GuestPurchase.objects.withdrawable().filter(pk=pk).update(return_reason=GuestPurchase.Reason.WITHDRAWN))


@retried
def _declare(pk: int, *, now: datetime) -> Withdrawal:
    """In one transaction: who claims it comes before this or not at all; of two presses, one is acknowledged."""
    with transaction.atomic():
        before = GuestPurchase.objects.get(pk=pk)
        is_taken = can_withdraw(before, now=now) and take(pk)
        row = GuestPurchase.objects.select_related("membership").get(pk=pk)
        known = of(row)
        if known is not None:
            return known
        if not is_taken:
            raise why_not(row, now=now)
        paid, contract_at = (row.amount, row.currency), row.paid_at or row.created_at
        return withdrawing.acknowledge(row, contract_at=contract_at, paid=paid, now=now, guest=row)


def _is_in_time(purchase: GuestPurchase, now: datetime) -> bool:
    if conf.WITHDRAWAL_DAYS <= 0 or purchase.paid_at is None:
        return False
    return now < contracts.last_moment(purchase.paid_at)
