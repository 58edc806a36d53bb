"""What do all calls to Stripe share? The client, the moment a read began, and whose money it is."""

from datetime import datetime

import stripe
from stripe import RequestOptions

from ... import clock

#: Stripe takes so many kinds of events in one question.
MOST_TYPES = 20


class Calls:
    """The part of the gateway that every subject builds on."""

    client: stripe.StripeClient
    account_id: str
    livemode: bool

    def began(self) -> datetime:
        """When a read starts: wall time, since it orders reads and says nothing about the domain."""
        return clock.wall_time()


def under(key: str) -> RequestOptions:
    """The options of a call that creates or changes: our idempotency key, the same in a second run."""
    return {"idempotency_key": key}
