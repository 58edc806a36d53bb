"""How a trial ends."""

from __future__ import annotations

from ..payments import methods
from ..store import Object
from ..work import Work
from . import cycle, ending

WARNING = 3 * 24 * 3600


def warn_if_soon(unit: Work, subscription: Object) -> None:
    """Three days before; at once when the trial is shorter."""
    is_soon = subscription["trial_end"] is not None and subscription["trial_end"] - unit.now <= WARNING
    if subscription["status"] == "trialing" and is_soon:
        warn(unit, subscription)


def warn(unit: Work, subscription: Object) -> None:
    subscription["_trial_warned"] = subscription["trial_end"]
    unit.announce("customer.subscription.trial_will_end", subscription)


def end(unit: Work, subscription: Object) -> None:
    if methods.default_for(unit, subscription) is not None or subscription["collection_method"] == "send_invoice":
        cycle.turn_over(unit, subscription)
        return
    settings = (subscription["trial_settings"] or {}).get("end_behavior", {})
    WITHOUT_CARD[settings.get("missing_payment_method", "create_invoice")](unit, subscription)


def end_early(unit: Work, subscription: Object) -> None:
    """By request: the first paid period begins, and its invoice is charged, at once."""
    if methods.default_for(unit, subscription) is None:
        end(unit, subscription)
        return
    invoice = cycle.turn_over(unit, subscription)
    cycle.finalize(unit, invoice)


def _cancel(unit: Work, subscription: Object) -> None:
    ending.cancel(unit, subscription, reason="payment_failed")


def _pause(unit: Work, subscription: Object) -> None:
    subscription["status"] = "paused"
    subscription["status_details"] = {
        "paused": {
            "type": "subscription",
            "transitioned_at": unit.now,
            "subscription": {"type": "trial_end_without_payment_method"},
        }
    }
    unit.announce_change("customer.subscription.updated", subscription)
    unit.announce("customer.subscription.paused", subscription)


def _create_invoice(unit: Work, subscription: Object) -> None:
    cycle.turn_over(unit, subscription)


WITHOUT_CARD = {"cancel": _cancel, "pause": _pause, "create_invoice": _create_invoice}
