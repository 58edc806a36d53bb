"""What can be wrong with guests, gifts, money given back, who was shut out, and changes of tier? Put wrong by hand."""

from collections.abc import Callable

from lms_memberships.models import Deed, Gift, GuestPurchase, Price, Refund, Subscription, TierChange, Withdrawal
from tests.faults.rig.world import World


def a_guest_waits_for_what_is_over(world: World) -> None:
    GuestPurchase.objects.filter(state="returned").update(state="parked")


def a_guest_was_paid_back_twice(world: World) -> None:
    _again(world, "lmsm_attempt", GuestPurchase.objects.get(state="returned").uuid)


def a_gift_is_had_by_nobody(world: World) -> None:
    Gift.objects.filter(state="redeemed").update(subscription=None)


def a_gift_was_paid_back_twice(world: World) -> None:
    _again(world, "lmsm_gift", Gift.objects.get(state="refunded").uuid)


def a_gift_was_paid_twice(world: World) -> None:
    paid = str(Gift.objects.get(state="redeemed").uuid)
    world.sessions += [dict(each, id="cs_again") for each in world.sessions if each["client_reference_id"] == paid]


def money_went_back_twice(world: World) -> None:
    world.refunds.append(dict(_refund_of(world, Refund.objects.get(amount=500)), id="re_again"))


def what_was_withdrawn_from_is_not_all_back(world: World) -> None:
    row = Refund.objects.get(subscription__withdrawal__isnull=False)
    Refund.objects.filter(pk=row.pk).update(amount=1)
    there = _refund_of(world, row)
    world.refunds = [dict(each, amount=1) if each is there else each for each in world.refunds]


def what_was_withdrawn_from_goes_on(world: World) -> None:
    _goes_on(world, Withdrawal.objects.get().subscription)


def a_withdrawal_is_not_done(world: World) -> None:
    Withdrawal.objects.update(done_at=None)


def who_was_shut_out_is_billed(world: World) -> None:
    _goes_on(world, Deed.objects.get(kind=Deed.Kind.REVOKED).subscription)


def nobody_knows_whether_it_ended(world: World) -> None:
    Deed.objects.filter(kind=Deed.Kind.REVOKED).update(settled_at=None)


def a_change_hangs_in_the_air(world: World) -> None:
    TierChange.objects.update(state="begun")


def a_change_is_billed_as_before(world: World) -> None:
    changed = Subscription.objects.get(tier_changes__state="done")
    there = world.subscriptions[changed.stripe_id]
    item = dict(there["items"]["data"][0], price={"id": Price.objects.first().stripe_id})
    world.subscriptions[changed.stripe_id] = dict(there, items={"data": [item]})


def _refund_of(world: World, row: Refund) -> dict:
    return next(each for each in world.refunds if each["id"] == row.stripe_id)


def _goes_on(world: World, row: Subscription) -> None:
    world.subscriptions[row.stripe_id] = dict(world.subscriptions[row.stripe_id], status="active")


def _again(world: World, key: str, value: object) -> None:
    world.refunds += [dict(each, id="re_again") for each in world.refunds if each["metadata"].get(key) == str(value)]


#: By the check that must complain.
WRONG: dict[str, list[Callable[[World], None]]] = {
    "guests_are_served_or_paid_back": [a_guest_waits_for_what_is_over, a_guest_was_paid_back_twice],
    "gifts_are_for_one_person_or_paid_back": [
        a_gift_is_had_by_nobody,
        a_gift_was_paid_back_twice,
        a_gift_was_paid_twice,
    ],
    "money_goes_back_once": [
        money_went_back_twice,
        what_was_withdrawn_from_is_not_all_back,
        what_was_withdrawn_from_goes_on,
        a_withdrawal_is_not_done,
    ],
    "who_is_shut_out_pays_no_more": [who_was_shut_out_is_billed, nobody_knows_whether_it_ended],
    "changes_of_tier_have_come_to_something": [a_change_hangs_in_the_air, a_change_is_billed_as_before],
}
