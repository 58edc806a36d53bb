"""How is a payment page closed, so that nobody can pay on it any more? A write at Stripe like every other."""

from ..payments import intents
from ..payments.gateway import Gateway
from ..payments.models import Intent

PURPOSE = "expire_checkout"


def expire(session_id: str, *, gateway: Gateway) -> None:
    """Close it. One that was paid in this very moment is complete, and stays so."""

    def close(key: str) -> str:
        # Closing twice is closing once: this call needs no key.
        gateway.expire_checkout(session_id)
        return session_id

    intents.carry_out(
        purpose=PURPOSE,
        subject=session_id[:100],
        parameters={"session": session_id},
        gateway=gateway,
        call=close,
        result_id=str,
        find=lambda: _find(session_id, gateway),
    )


def _find(session_id: str, gateway: Gateway) -> str | None:
    return session_id if gateway.read_checkout(session_id).status != "open" else None


def find_closed(intent: Intent, gateway: Gateway) -> str | None:
    return _find(str(intent.parameters["session"]), gateway)
