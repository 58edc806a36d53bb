"""By which way does a process come to each killpoint?"""

from tests.faults.rig import leavings, others, scenarios
from tests.faults.rig.killing import Scenario

#: The longest beginning of a point's name that is here; all others are met in a life.
WAYS: dict[str, Scenario] = {
    "": scenarios.a_life,
    "emails.failed": scenarios.mails_break,
    "inbox.put_back": scenarios.stripe_breaks,
    "deliveries.put_off": scenarios.items_break,
    "undo.": scenarios.bought_twice,
    "intent.refused": scenarios.stripe_refuses,
    "intent.unknown": scenarios.answers_are_lost,
    "intent.looked_up": scenarios.answers_are_lost,
    "intent.planned": scenarios.stripe_is_busy,
    "sync.": scenarios.compared,
    "erase.": scenarios.erased,
    "guest.": others.claimed,
    "guest.refunded": others.returned,
    "guest.ended": others.returned,
    "gift.": others.redeemed,
    "gift.closed": others.taken_back,
    "gift.refunded": others.taken_back,
    "switch.": others.moved_up,
    "spreading.": others.bundle_grows,
    "withdrawal.": leavings.withdrawn,
    "pay_back.": leavings.withdrawn,
    "revoke.": leavings.revoked,
    "give_back.": leavings.given_back,
    "give_back.made": leavings.given_back_in_full,
}


def way_to(name: str) -> Scenario:
    beginnings = [beginning for beginning in WAYS if name.startswith(beginning)]
    return WAYS[max(beginnings, key=len)]
