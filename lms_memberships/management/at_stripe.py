"""What do the jobs do that need Stripe? Each finds what is due, and asks for the gateway only then.

Those that ask ``background_gateway_or_none`` have nothing to do without a connection; with the others it is a failure that is told.
"""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from ..emails import price_changes
from ..memberships import portal_settings, promotions, publishing
from ..payments import customers
from ..payments.connect import background_gateway_or_none, configured_key, current, get_background_gateway
from ..personal_data import erasing
from ..subscriptions import (
    changing_tiers,
    daily,
    departures,
    disputes,
    gift_refunding,
    gift_settling,
    giving_back,
    guest_daily,
    instalment_ends,
    ledger,
    merged_names,
    one_by_one,
    people_working,
    price_moving,
    refunds,
    revoking,
    withdrawing,
)
from ..subscriptions.gift_models import Gift
from ..subscriptions.money_back_models import Refund


class SomeFailed(Exception):
    """Single rows failed. They are logged, and wait for another try."""


def old_checkouts(now: datetime) -> int:
    due = list(daily.old_checkouts(now=now))
    return daily.close_old_checkouts(due, gateway=get_background_gateway(), now=now) if due else 0


def second_purchases(now: datetime) -> int:
    due = list(daily.second_purchases())
    return daily.undo_second_purchases(due, gateway=get_background_gateway(), now=now) if due else 0


def endless_instalments(now: datetime) -> int:
    due = list(instalment_ends.endless())
    return daily.end_instalments(due, gateway=get_background_gateway(), now=now) if due else 0


def guests(now: datetime) -> int:
    forgotten = guest_daily.forget(now=now)
    due = list(guest_daily.due(now=now))
    return forgotten + (guest_daily.follow_all(due, gateway=get_background_gateway(), now=now) if due else 0)


def customer_emails(now: datetime) -> int:
    if not customers.owed_emails().exists():
        return 0
    gateway = background_gateway_or_none()
    return customers.tell_emails(gateway=gateway) if gateway is not None else 0


def tier_changes(now: datetime) -> int:
    if not changing_tiers.unanswered(now=now).exists():
        return 0
    return changing_tiers.find_out_all(gateway=get_background_gateway(), now=now)


def old_gift_pages(now: datetime) -> int:
    due = list(gift_settling.old_pages(now=now))
    return gift_settling.close_old_pages(due, gateway=get_background_gateway(), now=now) if due else 0


def gift_refunds(now: datetime) -> int:
    due = Gift.objects.filter(state=Gift.State.REFUNDING)
    if not due.exists():
        return 0
    gateway = get_background_gateway()
    return gift_refunding.carry_out_due(due.at(gateway).order_by("pk"), gateway=gateway, now=now)


def money_back(now: datetime) -> int:
    asked, revoked, disputed = Refund.objects.unanswered().order_by("pk"), refunds.revoked(), disputes.renewing()
    if not (asked.exists() or revoked.exists() or disputed.exists()):
        return 0
    gateway = get_background_gateway()
    # One row for all three kinds: a refund that Stripe does not answer keeps nobody billed for what is closed.
    steps: list[Callable[[], object]] = [
        *(partial(giving_back.carry_out, refund, gateway=gateway, now=now) for refund in asked.at(gateway)),
        *(
            partial(refunds.end_revoked, subscription.pk, gateway=gateway, now=now)
            for subscription in revoked.at(gateway)
        ),
        *(partial(disputes.stop_renewal, dispute.pk, gateway=gateway, now=now) for dispute in disputed.at(gateway)),
    ]
    return one_by_one.each(steps, lambda step: step())


def finish_departures(now: datetime) -> int:
    due = list(departures.under_way().select_related("subscription"))
    return departures.carry_out_all(due, gateway=get_background_gateway(), now=now) if due else 0


def withdrawals(now: datetime) -> int:
    due = list(withdrawing.unfinished())
    return withdrawing.carry_out_all(due, gateway=get_background_gateway(), now=now) if due else 0


def compare_ledger(now: datetime) -> int:
    if not configured_key():
        return 0
    gateway = background_gateway_or_none()
    if gateway is None:
        return 0
    found = ledger.compare(gateway=gateway, now=now)
    return len(found.missing) + len(found.mended)


def memberships(now: datetime) -> int:
    gateway = background_gateway_or_none()
    return publishing.prepare_waiting(gateway=gateway, now=now) if gateway is not None else 0


def sweep_promotions(now: datetime) -> int:
    gateway = background_gateway_or_none()
    return promotions.sweep(gateway=gateway) if gateway is not None else 0


def portal(now: datetime) -> int:
    """Only one that is there: the first student who needs it makes it."""
    connection = current()
    if connection is None:
        return 0
    row = portal_settings.stored(connection.account_id, livemode=connection.livemode)
    if row is None or portal_settings.is_kept(row, livemode=connection.livemode):
        return 0
    gateway = background_gateway_or_none()
    if gateway is None:
        return 0
    portal_settings.ensure(gateway=gateway)
    return 1


def revocations(now: datetime) -> int:
    if not revoking.is_anything_due():
        return 0
    gateway = background_gateway_or_none()
    return revoking.carry_out_due(gateway=gateway, now=now) if gateway is not None else 0


def tell_merged_names(now: datetime) -> int:
    if not merged_names.due().exists():
        return 0
    gateway = background_gateway_or_none()
    return merged_names.carry_out_due(gateway=gateway, now=now) if gateway is not None else 0


def erasures(now: datetime) -> int:
    tally = erasing.carry_out_due(gateway=background_gateway_or_none(), now=now)
    if tally.waiting:
        msg = f"{tally.waiting} accounts wait to be deleted, until Stripe confirms that nothing more is charged"
        raise SomeFailed(msg)
    return tally.done


def price_moves(now: datetime) -> int:
    worked_on = 0
    if price_moving.is_anybody_waiting(now=now):
        gateway = background_gateway_or_none()
        if gateway is None:
            return 0
        worked_on += price_moving.tell_due(gateway=gateway, now=now)
        worked_on += price_moving.move_due(gateway=gateway, undelivered=price_changes.undelivered, now=now)
    return worked_on + price_moving.finish(now=now)


def people(now: datetime) -> int:
    return people_working.work(background_gateway_or_none, now=now)
