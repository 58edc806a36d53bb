"""What are the addresses of a person's pages called, and who may use them?"""

PAGE = "lms_memberships_person"


def name(what: str) -> str:
    """Of the page on which that is done."""
    return f"{PAGE}_{what}"


SEE = "lms_memberships.view_subscription"
SEE_INVOICES = "lms_memberships.view_invoice"
SEE_EMAILS = "lms_memberships.view_email"
SEND_AGAIN = "lms_memberships.send_again_email"
GIVE = "lms_memberships.give_access"
EXTEND = "lms_memberships.extend_trial"
END = "lms_memberships.end_subscription"
LINK = "lms_memberships.link_subscription"
MERGE = "lms_memberships.merge_accounts"
GIVE_CODES = "lms_memberships.change_promotioncode"
REFUND = "lms_memberships.refund_invoice"
