"""Which writes at Stripe are looked up when their answer is lost, by whom, and which later writes undo them?"""

from datetime import datetime

from ..memberships import portal_settings, promotion_making, stripe_catalogue
from ..payments import customers, resolving
from ..payments.connect import NotConnected, get_background_gateway
from ..payments.premises import Frozen
from ..subscriptions import (
    cards,
    changes,
    checkout,
    closing,
    collecting,
    discounts,
    duplicates,
    freed_credit,
    gift_buying,
    gift_refunding,
    giving_back,
    guest_returns,
    guests,
    instalment_ends,
    letting_go,
    linking,
    merged_names,
    pausing,
    paying_back,
    price_moving,
    refunds,
    revoking,
    taking_credit,
    tier_writes,
    trial_extending,
)

#: Complete but for webhook endpoints, whose secret is shown once: only whoever presses again can go on from there.
FINDERS: dict[str, resolving.Finder] = {
    "cancel": changes.find_ending,
    "cancel_now": changes.find_over,
    "cancel_second_purchase": changes.find_over,
    "clear_away_unpaid": changes.find_over,
    "checkout": checkout.find_session,
    "coupon": promotion_making.find_coupon,
    "customer": customers.find_made,
    customers.EMAIL_PURPOSE: customers.find_email,
    "erase": changes.find_over,
    guests.PURPOSE: guests.find_page,
    guest_returns.REFUND: duplicates.find_refund,
    guest_returns.END: changes.find_over,
    guest_returns.STOP: changes.find_ending,
    closing.PURPOSE: closing.find_closed,
    collecting.PURPOSE: collecting.find_paid,
    gift_buying.PURPOSE: checkout.find_session,
    gift_refunding.PURPOSE: duplicates.find_refund,
    freed_credit.PURPOSE: freed_credit.find_freed,
    giving_back.PURPOSE: giving_back.find_made,
    refunds.END: changes.find_over,
    instalment_ends.PURPOSE: instalment_ends.find_end,
    pausing.GO_ON: pausing.find_gone_on,
    pausing.PAUSE: pausing.find_paused,
    paying_back.END: changes.find_over,
    letting_go.LET_GO: letting_go.find_let_go,
    letting_go.WRITE_OFF: letting_go.find_let_go,
    paying_back.REFUND: paying_back.find_paid_back,
    price_moving.PURPOSE: price_moving.find_moved,
    "portal": portal_settings.find_made,
    "portal_update": portal_settings.find_updated,
    "price": stripe_catalogue.find_price,
    "promotion_code": promotion_making.find_code,
    "put_code_on": discounts.find_put_on,
    "product": stripe_catalogue.find_product,
    "product_texts": stripe_catalogue.find_texts,
    "refund_second_purchase": duplicates.find_refund,
    revoking.PURPOSE: changes.find_over,
    linking.PURPOSE: linking.find_named,
    merged_names.PURPOSE: merged_names.find_named,
    trial_extending.PURPOSE: trial_extending.find_moved,
    "resume": changes.find_renewing,
    "retire_code": promotion_making.find_retired,
    "take_discounts_off": discounts.find_taken_off,
    taking_credit.PURPOSE: taking_credit.find_taken,
    "use_card": cards.find_used,
    tier_writes.CHANGE: tier_writes.find_changed,
    tier_writes.LET_GO: tier_writes.find_free,
    tier_writes.NAME: tier_writes.find_named,
    tier_writes.PLAN: tier_writes.find_planned,
}

_ENDING = frozenset(
    purpose for purpose, finder in FINDERS.items() if finder in {changes.find_ending, changes.find_over}
)

#: What a look cannot find once another of these was made at the same object, because that undid it.
UNDONE_BY: resolving.Undoing = {
    "cancel": frozenset({"resume"}),
    guest_returns.STOP: frozenset({"resume"}),
    "resume": _ENDING,
    pausing.PAUSE: frozenset({pausing.GO_ON}) | _ENDING,
    pausing.GO_ON: frozenset({pausing.PAUSE}) | _ENDING,
    "product_texts": frozenset({"product_texts"}),
    "put_code_on": frozenset({"put_code_on", "take_discounts_off"}),
    "take_discounts_off": frozenset({"put_code_on"}),
    trial_extending.PURPOSE: frozenset({trial_extending.PURPOSE}),
    "use_card": frozenset({"use_card"}),
    tier_writes.NAME: frozenset({tier_writes.NAME}),
}


def resolve_open(now: datetime) -> int:
    """The job: what came of the writes whose answer never arrived?"""
    try:
        gateway = get_background_gateway()
    except (NotConnected, Frozen):
        return 0
    return resolving.resolve_open(gateway=gateway, finders=FINDERS, undone_by=UNDONE_BY)
