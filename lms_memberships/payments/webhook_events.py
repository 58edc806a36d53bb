"""Which of Stripe's events do we want to be told of? The list that an owner registers with the webhook's address."""

#: Each is a hint that something should be read again; what follows from it stands in ``webhooks/handlers.py``.
#: As many as Stripe lists in one question: these are looked up when something may have been missed.
OF_PURCHASES: tuple[str, ...] = (
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
    "customer.subscription.created",
    "customer.subscription.updated",
    "customer.subscription.deleted",
    "customer.subscription.paused",
    "customer.subscription.resumed",
    "customer.subscription.trial_will_end",
    "customer.deleted",
    "invoice.created",
    "invoice.finalized",
    "invoice.paid",
    "invoice.payment_failed",
    "invoice.payment_action_required",
    "invoice.updated",
    "invoice.voided",
    "invoice.marked_uncollectible",
    "account.updated",
)
#: A daily job reads the codes themselves.
OF_PROMOTIONS: tuple[str, ...] = (
    "promotion_code.created",
    "promotion_code.updated",
    "coupon.updated",
    "coupon.deleted",
)
#: Another card was given in the portal.
OF_CARDS: tuple[str, ...] = ("customer.updated",)
#: Money that goes back, and money that somebody's bank takes back. Their lists are read when something may be missed.
OF_REFUNDS: tuple[str, ...] = (
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
)
WANTED: tuple[str, ...] = (*OF_PURCHASES, *OF_PROMOTIONS, *OF_REFUNDS, *OF_CARDS)
