"""What became of whom did not simply buy and stay? Guests, gifts, money given back, who was shut out, changes of tier."""

from collections import Counter
from collections.abc import Iterator

from lms_memberships.models import Deed, Gift, GuestPurchase, Refund, Subscription, TierChange, Withdrawal
from tests.faults.rig.world import ATTEMPT, World, invoices_of

GIFT = "lmsm_gift"


def guests_are_served_or_paid_back(world: World) -> Iterator[str]:
    """What waits for its guest goes on; of what was returned all went back, once, and it ended."""
    backs = Counter(each["metadata"].get(ATTEMPT) for each in world.refunds)
    for purchase in GuestPurchase.objects.exclude(state__in=["planned", "open", "expired", "pending"]):
        there, number = world.subscriptions.get(purchase.stripe_id), backs[str(purchase.uuid)]
        is_returned = purchase.state == GuestPurchase.State.RETURNED
        paid = [each for each in invoices_of(purchase.stripe_id, world) if each["amount_paid"]]
        if number != (len(paid) if is_returned else 0):
            yield f"{purchase.uuid} is {purchase.state}, was paid {len(paid)} times and given back {number} times"
        if there is not None and is_returned != (there["status"] == "canceled"):
            yield f"{purchase.stripe_id} is {there['status']}, and the purchase {purchase.state}"


def gifts_are_for_one_person_or_paid_back(world: World) -> Iterator[str]:
    """Paid once, and then redeemed by one person, waiting for one, or given back: never two of these."""
    paid = Counter(each["client_reference_id"] for each in world.sessions if each["payment_status"] == "paid")
    backs = Counter(each["metadata"].get(GIFT) for each in world.refunds)
    for gift in Gift.objects.exclude(state=Gift.State.ABANDONED):
        is_bought = gift.state not in {Gift.State.PLANNED, Gift.State.PENDING}
        counts = (paid[str(gift.uuid)], backs[str(gift.uuid)], Subscription.objects.filter(gifts=gift).count())
        wanted = (int(is_bought), int(gift.state == Gift.State.REFUNDED), int(gift.state == Gift.State.REDEEMED))
        if counts != wanted:
            yield f"{gift.uuid} is {gift.state}: paid, given back and held {counts} times"


def money_goes_back_once(world: World) -> Iterator[str]:
    """What Stripe has given back of a payment is what is noted here; of what was withdrawn from, all that was paid."""
    there, here = Counter(), Counter()
    for each in world.refunds:
        there[each["payment_intent"]] += each["amount"]
    for row in Refund.objects.effective():
        here[row.payment_intent_id] += row.amount
    yield from (f"of {key} went back {there[key]}, and noted is {here[key]}" for key in here if there[key] != here[key])
    for declared in Withdrawal.objects.filter(subscription__is_recurring=True).select_related("subscription"):
        stripe_id, rows = declared.subscription.stripe_id, Refund.objects.filter(subscription=declared.subscription)
        back = sum(row.amount for row in rows)
        if world.subscriptions[stripe_id]["status"] != "canceled" or back != declared.amount or not declared.done_at:
            yield f"{stripe_id} was withdrawn from, and {back} of {declared.amount} went back"


def who_is_shut_out_pays_no_more(world: World) -> Iterator[str]:
    """Revoked by staff: ended at Stripe too."""
    for deed in Deed.objects.filter(kind=Deed.Kind.REVOKED, subscription__is_recurring=True):
        there = world.subscriptions[deed.subscription.stripe_id]
        if there["status"] != "canceled" or deed.settled_at is None:
            yield f"{there['id']} was revoked, and is {there['status']}"


def changes_of_tier_have_come_to_something(world: World) -> Iterator[str]:
    """None hangs in the air, and what is done is what Stripe bills."""
    yield from (f"change {each.pk} was begun, and no more" for each in TierChange.objects.filter(state="begun"))
    for row in Subscription.objects.filter(tier_changes__state="done").distinct():
        there = world.subscriptions.get(row.stripe_id)
        price = there and there["items"]["data"][0]["price"]["id"]
        if price != row.price.stripe_id or row.price.membership_id != row.membership_id:
            yield f"{row.stripe_id} is {row.membership}, and at Stripe {price}"


CHECKS = (
    guests_are_served_or_paid_back,
    gifts_are_for_one_person_or_paid_back,
    money_goes_back_once,
    who_is_shut_out_pays_no_more,
    changes_of_tier_have_come_to_something,
)
