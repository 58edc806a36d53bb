"""How does a buyer withdraw from a contract in the first days? Declared in two presses, ended now, all paid back (EU)."""

import logging
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet, Sum
from django.utils.translation import gettext_lazy as _

from .. import conf, events, killpoints
from ..errors import OutsideFailure, Refusal
from ..payments.gateway import Gateway, NotFound
from ..retrying import retried
from . import contracts, deeds, gift_refunding, guest_returns, lifecycle, one_by_one, paying_back, people, settling
from .copies import CHARGED
from .gift_models import Gift
from .guest_models import GuestPurchase
from .models import Invoice, Subscription
from .money_back_models import Dispute
from .queries import BILLED
from .withdrawal_models import Withdrawal

logger = logging.getLogger(__name__)

REASON = "withdrawn"


class TooLate(Refusal):
    message = _("The time in which you could withdraw from this contract is over.")


class NothingToWithdrawFrom(Refusal):
    message = _("There is nothing here to withdraw from.")


def can_withdraw(subscription: Subscription, *, now: datetime) -> bool:
    """As its row says: bought here, begun or being paid, not paid off, and not longer ago than the site's days."""
    is_bought = subscription.origin == Subscription.Origin.BOUGHT and bool(subscription.stripe_id)
    # A debit takes days: the time to withdraw runs meanwhile.
    has_begun = subscription.opened_at is not None or subscription.status in BILLED
    if not is_bought or not has_begun or subscription.must_be_undone or subscription.undone_at is not None:
        return False
    if subscription.paid_up_at is not None or not contracts.is_in_time(subscription, now):
        return False
    return subscription.ended_at is None or contracts.is_money_left(subscription)


def can_withdraw_gift(gift: Gift, *, now: datetime) -> bool:
    """A gift that nobody has redeemed, as long after it was paid."""
    if gift.paid_at is None or gift.state not in Gift.REFUNDABLE or gift.state == Gift.State.REFUNDING:
        return False
    return conf.WITHDRAWAL_DAYS > 0 and now < contracts.last_moment(gift.paid_at)


def of(subscription: Subscription) -> Withdrawal | None:
    """The declaration about it. Asks nothing where it was selected with it."""
    try:
        return subscription.withdrawal
    except Withdrawal.DoesNotExist:
        return None


def of_gift(gift: Gift) -> Withdrawal | None:
    try:
        return gift.withdrawal
    except Withdrawal.DoesNotExist:
        return None


def is_disputed(withdrawal: Withdrawal) -> bool:
    """Whether its money waits for what the bank decides."""
    running = Dispute.objects.running().keeping_closed()
    return (
        withdrawal.subscription_id is not None and running.filter(subscription_id=withdrawal.subscription_id).exists()
    )


def withdraw(subscription: Subscription, *, gateway: Gateway | None, now: datetime) -> Withdrawal:
    """Note the declaration, which stands whatever comes; then end it and pay back. Twice is once.

    Not done yet (``done_at``): Stripe has not answered, or there is no way to it now (``gateway`` is None), and the job
    goes on. Raises TooLate, NothingToWithdrawFrom.
    """
    return begin(_declare(subscription, now=now), gateway=gateway, now=now)


def withdraw_gift(gift: Gift, *, gateway: Gateway | None, now: datetime) -> Withdrawal:
    """The same for a gift: from here on nobody can redeem it. Raises AlreadyRedeemed too."""
    return begin(_declare_gift(gift, now=now), gateway=gateway, now=now)


def acknowledge(
    row: Subscription | Gift | GuestPurchase,
    *,
    contract_at: datetime,
    paid: tuple[int, str],
    now: datetime,
    **about: object,
) -> Withdrawal:
    """Write it down, and tell of it; inside the transaction that decides. ``about``: the row again, by its column."""
    amount, currency = paid
    withdrawal = Withdrawal.objects.create(
        membership=row.membership,
        title=row.membership.title,
        contract_at=contract_at,
        declared_at=now,
        amount=amount,
        currency=currency,
        language=row.language,
        **about,
    )
    events.publish(events.ContractWithdrawn(withdrawal_id=withdrawal.pk))
    return withdrawal


def begin(withdrawal: Withdrawal, *, gateway: Gateway | None, now: datetime) -> Withdrawal:
    """Carry out what was just declared, if there is a way to Stripe; else the job does."""
    killpoints.reach("withdrawal.declared")
    if withdrawal.done_at is None and gateway is not None:
        try:
            carry_out(withdrawal, gateway=gateway, now=now)
        except OutsideFailure as failure:
            logger.warning("%r waits for Stripe: %s", withdrawal, failure)
        withdrawal.refresh_from_db()
    return withdrawal


def paid_for(subscription: Subscription) -> tuple[int, str]:
    """What was paid for it so far, in minor units, as Stripe's invoices say it."""
    rows = Invoice.objects.filter(subscription=subscription).order_by()
    # Also what was paid in part of one that is open.
    sums = dict(rows.filter(amount_paid__gt=0).values_list("currency").annotate(sum=Sum("amount_paid")))
    if not sums and subscription.opened_at is None and subscription.status in CHARGED:
        # Its first debit is on its way: what comes of it goes back.
        sums = dict(rows.filter(status="open").values_list("currency").annotate(sum=Sum("amount_due")))
    # Stripe bills one subscription in one currency for its whole life.
    if sums:
        currency, amount = next(iter(sums.items()))
        return amount, currency
    if not subscription.is_recurring and subscription.stripe_id.startswith("pi_"):
        # Sold before invoices were made for what is paid once.
        return subscription.amount, subscription.currency
    return 0, subscription.currency


def unfinished() -> "QuerySet[Withdrawal]":
    """Declared, and not all paid back yet, the oldest first."""
    rows = Withdrawal.objects.filter(done_at=None).order_by("declared_at", "pk")
    return rows.select_related("subscription__membership", "gift__membership", "guest")


def carry_out_all(withdrawals: Iterable[Withdrawal], *, gateway: Gateway, now: datetime) -> int:
    """One that fails does not stop the others. Raises the first failure when all were tried."""
    here = (each for each in withdrawals if _is_at(each, gateway))
    return one_by_one.each(here, lambda each: carry_out(each, gateway=gateway, now=now))


def _is_at(withdrawal: Withdrawal, gateway: Gateway) -> bool:
    about = withdrawal.subscription or withdrawal.gift or withdrawal.guest
    return about is not None and about.is_of(gateway)


def carry_out(withdrawal: Withdrawal, *, gateway: Gateway, now: datetime) -> bool:
    """End it and pay back all of it. Calling it again ends and refunds nothing twice.

    False: something is on its way or disputed at the bank, and goes back when that is decided.
    """
    if withdrawal.subscription is not None:
        deeds.put_off_elsewhere(withdrawal.subscription, gateway)
    if withdrawal.gift is not None:
        if not gift_refunding.carry_out(withdrawal.gift, gateway=gateway, now=now):
            return False
    elif withdrawal.subscription is not None:
        give_back = _end if withdrawal.subscription.is_recurring else _give_back
        if not give_back(withdrawal.subscription, gateway=gateway, now=now):
            return False
    elif withdrawal.guest is not None and not guest_returns.carry_out(withdrawal.guest, gateway=gateway, now=now):
        return False
    _note_done(withdrawal.pk, now=now)
    return True


@retried
def _declare(subscription: Subscription, *, now: datetime) -> Withdrawal:
    """Under the person's lock: of two presses, one is the declaration, and it is acknowledged once."""
    with transaction.atomic():
        people.lock_person(subscription.user_id)
        row = Subscription.objects.select_related("membership").get(pk=subscription.pk)
        known = of(row)
        if known is not None:
            return known
        if not can_withdraw(row, now=now):
            is_late = conf.WITHDRAWAL_DAYS > 0 and not contracts.is_in_time(row, now)
            raise TooLate if is_late else NothingToWithdrawFrom
        return acknowledge(row, contract_at=contracts.contract_at(row), paid=paid_for(row), now=now, subscription=row)


@retried
def _declare_gift(gift: Gift, *, now: datetime) -> Withdrawal:
    """The decision and the declaration in one transaction: who redeems it comes before this or not at all."""
    with transaction.atomic():
        people.lock_person(gift.giver_id)
        row = gift_refunding.locked(gift.pk)
        known = of_gift(row)
        if known is not None:
            return known
        if row.state == Gift.State.REDEEMED:
            raise gift_refunding.AlreadyRedeemed
        if not can_withdraw_gift(row, now=now):
            is_late = row.paid_at is not None and conf.WITHDRAWAL_DAYS > 0 and now >= contracts.last_moment(row.paid_at)
            raise TooLate if is_late else NothingToWithdrawFrom
        gift_refunding.close(row.pk, now=now)
        return acknowledge(
            row, contract_at=row.paid_at or row.created_at, paid=(row.amount, row.currency), now=now, gift=row
        )


def _end(subscription: Subscription, *, gateway: Gateway, now: datetime) -> bool:
    try:
        is_all = paying_back.end_and_pay_back(subscription, since=None, reason=REASON, gateway=gateway, now=now)
        settling.follow_subscription(subscription.stripe_id, gateway=gateway, now=now)
    except NotFound:
        # Stripe has no such subscription: nothing was paid there that could be paid back.
        lifecycle.end_what_is_gone(subscription.pk, now=now)
        return True
    return is_all


def _give_back(subscription: Subscription, *, gateway: Gateway, now: datetime) -> bool:
    """What was paid once. Of what cost nothing there is nothing to pay back."""
    is_back = True
    if subscription.stripe_id.startswith("pi_"):
        amount, _currency = paid_for(subscription)
        is_back = paying_back.pay_back(
            subscription.stripe_id, amount, user_id=subscription.user_id, reason=REASON, gateway=gateway
        )
    lifecycle.end_what_is_gone(subscription.pk, now=now)
    return is_back


@retried
def _note_done(pk: int, *, now: datetime) -> None:
    with transaction.atomic():
        Withdrawal.objects.filter(pk=pk, done_at=None).update(done_at=now)
