"""What was billed, and what did they pay? Invoice."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from ..money import Money
from ..payments.models import StripeObject
from .invoice_indexes import INVOICE_INDEXES
from .mended_models import Collected
from .queries import InvoiceQuerySet


class Invoice(Collected, StripeObject):
    """A copy of what Stripe billed. The amounts are Stripe's; nothing is computed here."""

    stripe_id = models.CharField(max_length=255)
    subscription = models.ForeignKey("Subscription", null=True, on_delete=models.SET_NULL, related_name="invoices")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    membership = models.ForeignKey("Membership", on_delete=models.PROTECT, related_name="+")
    number = models.CharField(_("number"), max_length=100, blank=True)
    status = models.CharField(_("status"), max_length=20)
    billing_reason = models.CharField(max_length=40, blank=True)
    currency = models.CharField(max_length=3)
    total = models.BigIntegerField(_("total"))
    amount_paid = models.BigIntegerField(_("paid"))
    amount_due = models.BigIntegerField(_("due"))
    #: Of the total: tax that was added to the prices, and tax that was part of them (X16).
    tax_added = models.BigIntegerField(default=0, db_default=0)
    tax_included = models.BigIntegerField(default=0, db_default=0)
    #: What credit notes say after it was paid; they stand also where their refund failed (``invoice_sums``).
    credited = models.BigIntegerField(_("given back"), default=0, db_default=0)
    #: What refunds of its payment gave back. A credit note has one too: what was given back is the larger of the two.
    refunded = models.BigIntegerField(default=0, db_default=0, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0)
    #: The last attempt whose failure was told.
    failures_told = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(_("date"))
    paid_at = models.DateTimeField(null=True)
    period_start = models.DateTimeField(null=True)
    period_end = models.DateTimeField(null=True)
    payment_intent_id = models.CharField(max_length=255, blank=True)
    #: What a person has to look at, by its code: Stripe's parts do not make its total (H5), or Stripe has no such one (H11).
    doubt = models.CharField(max_length=10, blank=True, default="", db_default="")
    read_started_at = models.DateTimeField()

    objects = InvoiceQuerySet.as_manager()

    class Meta:
        verbose_name = _("invoice")
        verbose_name_plural = _("invoices")
        default_permissions = ("view",)
        permissions = [("refund_invoice", "Can refund payments"), ("export_invoice", "Can export invoices")]
        indexes = INVOICE_INDEXES
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["account", "livemode", "stripe_id"], name="lmsm_one_row_per_invoice"),
        ]

    def __str__(self) -> str:
        return self.number or self.stripe_id

    @property
    def total_money(self) -> Money:
        return Money(self.total, self.currency)

    @property
    def can_be_refunded(self) -> bool:
        """Paid by a payment of Stripe's that can be given back, and not all of it has been."""
        return self.status == "paid" and self.amount_paid > self.refunded and bool(self.payment_intent_id)

    @property
    def due_money(self) -> Money:
        """Less what was paid of it: what Stripe's page asks for."""
        return Money(max(0, self.amount_due - self.amount_paid), self.currency)

    @property
    def tax_added_money(self) -> Money:
        return Money(self.tax_added, self.currency)

    @property
    def tax_included_money(self) -> Money:
        return Money(self.tax_included, self.currency)
