"""How is an attempt to buy left for another one? Its page is closed, or was paid in this very moment (C6, X8)."""

from datetime import datetime

from ..payments.gateway import CheckoutSnapshot, Gateway
from . import closing, settling, tiers
from .models import Checkout


def leave(attempt: Checkout, snapshot: CheckoutSnapshot | None = None, *, gateway: Gateway, now: datetime) -> None:
    """Nobody can pay on its page any more. ``snapshot``: the page, if it was read already."""
    is_here = (attempt.account, attempt.livemode) == (gateway.account_id, gateway.livemode)
    if not attempt.session_id or not is_here:
        settling.close(attempt, Checkout.State.EXPIRED)
        return
    page = snapshot or gateway.read_checkout(attempt.session_id)
    if page.status == "open":
        closing.expire(attempt.session_id, gateway=gateway)
        # Paid in this very moment? Then it is complete now.
        page = gateway.read_checkout(attempt.session_id)
    settling.settle(page, gateway=gateway, now=now)


def leave_other_tiers(user_id: int, membership_id: int, *, gateway: Gateway, now: datetime) -> None:
    """Of two tiers one can be held: the others' pages are closed before this one is paid for, or taken."""
    for attempt in tiers.attempts_elsewhere(user_id, membership_id):
        leave(attempt, gateway=gateway, now=now)
