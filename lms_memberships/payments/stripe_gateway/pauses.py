"""Are a subscription's payments paused, and can it be paused as a whole? Read from Stripe's object."""

import stripe


def collection_of(found: stripe.Subscription) -> str:
    """How invoices are treated meanwhile. Empty: payments are not paused."""
    paused = getattr(found, "pause_collection", None)
    return paused.behavior if paused else ""


def is_flexible(found: stripe.Subscription) -> bool:
    """Only that kind can be paused as a whole."""
    mode = getattr(found, "billing_mode", None)
    return mode is not None and mode.type == "flexible"


def since(found: stripe.Subscription) -> int | None:
    """When it was paused as a whole, in Stripe's seconds."""
    paused = getattr(getattr(found, "status_details", None), "paused", None)
    return getattr(paused, "transitioned_at", None)
