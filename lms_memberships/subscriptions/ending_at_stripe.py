"""How is a subscription ended at Stripe, at once? A write at Stripe like every other."""

from ..payments import intents
from ..payments.gateway import Gateway
from .told import OVER


def end_now(stripe_id: str, *, purpose: str, gateway: Gateway) -> None:
    """Ending twice is ending once: the call needs no key, and what is over is no error."""

    def end(key: str) -> str:
        gateway.cancel_now(stripe_id)
        return stripe_id

    def find() -> str | None:
        return stripe_id if gateway.read_subscription(stripe_id).status in OVER else None

    intents.carry_out(
        purpose=purpose,
        subject=stripe_id,
        parameters={"subscription": stripe_id},
        gateway=gateway,
        call=end,
        result_id=str,
        find=find,
    )
