"""What does the database need so that a million invoices are listed, filtered and summed quickly?"""

from django.db import models

INVOICE_INDEXES = [
    # The list: newest first, of all or of one membership.
    models.Index(fields=["-created_at", "-id"], name="lmsm_invoices_by_date"),
    models.Index(fields=["membership", "-created_at", "-id"], name="lmsm_invoices_of_membership"),
    # The reports: what was paid in a month.
    models.Index(fields=["paid_at"], name="lmsm_invoices_by_payment"),
    models.Index(fields=["number"], name="lmsm_invoices_by_number"),
    # Whose a refund, a dispute or what was paid once is.
    models.Index(fields=["payment_intent_id"], name="lmsm_invoices_by_intent"),
    # What needs attention.
    models.Index(fields=["doubt"], condition=~models.Q(doubt=""), name="lmsm_doubtful_invoices"),
]
