"""What are the addresses called, and who may see the list and resolve what is on it?"""

LIST = "lms_memberships_attention"
(
    DOUBLE,
    DOUBLE_LEFT,
    PRICE,
    PRICE_LEFT,
    STRANGER,
    STRANGER_LEFT,
    DISPUTE,
    DISPUTE_LEFT,
    REFUND_DONE,
    INVOICE,
    INVOICE_LEFT,
) = (
    f"lms_memberships_attention_{name}"
    for name in (
        *("double", "double_left", "price", "price_left", "stranger", "stranger_left"),
        *("dispute", "dispute_left", "refund_done", "invoice", "invoice_left"),
    )
)
REFUNDING = "lms_memberships.refund_invoice"
ENDING = "lms_memberships.end_subscription"
#: The address of somebody who has no account is shown to no one else.
SEEING_GUESTS = "lms_memberships.view_guestpurchase"
LINKING = "lms_memberships.link_subscription"
#: Whoever may resolve any of it, and whoever sees people, sees the list.
SEEING = ("view_subscription", "refund_invoice", "end_subscription", "link_subscription")
