"""Where is it in Stripe's dashboard? The one place that makes links to Stripe's own page of a row of ours."""

from typing import Protocol


class Known(Protocol):
    """A row that Stripe has a page of, in live or in test mode."""

    livemode: bool
    stripe_id: str


def url_at_stripe(row: Known, what: str) -> str:
    """``what`` is the dashboard's word for such rows."""
    mode = "" if row.livemode else "test/"
    return f"https://dashboard.stripe.com/{mode}{what}/{row.stripe_id}"
