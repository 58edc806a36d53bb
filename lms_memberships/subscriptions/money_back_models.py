"""What was given back, and what is disputed? Refund and Dispute, one row for each of Stripe's, however many events told it."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from .. import conf
from ..money import Money
from ..payments.gateway import Gateway
from ..payments.models import StripeObject
from ..payments.refunds import DisputeStatus

if TYPE_CHECKING:
    from .invoice_models import Invoice

#: What the site's setting says. Any other word suspends.
KEEP = "keep"


class RefundQuerySet(models.QuerySet["Refund"]):
    """Questions about refunds."""

    def at(self, gateway: Gateway) -> "RefundQuerySet":
        """In the account and mode that the gateway speaks to."""
        return self.filter(account=gateway.account_id, livemode=gateway.livemode)

    def effective(self) -> "RefundQuerySet":
        """The money went back or is on its way; what was asked for and is not answered counts."""
        return self.filter(state__in=Refund.EFFECTIVE)

    def about(self, payment_intent_id: str, invoice: "Invoice | None") -> "RefundQuerySet":
        """Of that payment, and of all the others that have paid the same invoice."""
        found = models.Q(payment_intent_id=payment_intent_id) if payment_intent_id else models.Q(pk=None)
        return self.filter(found | models.Q(invoice=invoice) if invoice is not None else found)

    def unanswered(self) -> "RefundQuerySet":
        """Decided here, and Stripe has not said yet that it made it."""
        return self.filter(state="asked")

    def of_notes_without_money(self) -> "RefundQuerySet":
        """Made with a credit note, which stands at Stripe though the money did not go. What Stripe refused has no note."""
        return self.filter(has_note=True, state__in=["failed", "canceled"])

    def to_be_looked_at(self) -> "RefundQuerySet":
        """Failed or refused, and nobody has said that it is dealt with."""
        return self.filter(state__in=Refund.WITHOUT_AVAIL, dealt_with_at=None)


class Refund(StripeObject):
    """Money that went back, in whole or in part: asked for here, or made in Stripe's dashboard (G9)."""

    class State(models.TextChoices):
        #: Decided here under the lock, before Stripe is asked: it holds its amount from then on.
        ASKED = "asked", _("asked for")
        PENDING = "pending", pgettext_lazy("refund", "on its way")
        SUCCEEDED = "succeeded", _("given back")
        #: The bank did not take it: the seller has the money again.
        FAILED = "failed", pgettext_lazy("refund", "failed")
        CANCELED = "canceled", pgettext_lazy("refund", "called back")
        #: Stripe would not make it.
        REFUSED = "refused", pgettext_lazy("refund", "refused by Stripe")

    class Effect(models.TextChoices):
        """What a full refund does to access."""

        KEEP = "keep", _("Access stays as it is")
        CLOSE = "close", _("Access closes at once, and nothing is charged any more")

    EFFECTIVE = (State.ASKED, State.PENDING, State.SUCCEEDED)
    #: The person is without the money, and somebody has to see to it.
    WITHOUT_AVAIL = (State.FAILED, State.REFUSED)

    #: Stripe's id; empty while it is only asked for.
    stripe_id = models.CharField(max_length=255, blank=True, default="")
    payment_intent_id = models.CharField(max_length=255)
    invoice = models.ForeignKey("Invoice", null=True, on_delete=models.SET_NULL, related_name="refunds")
    subscription = models.ForeignKey("Subscription", null=True, on_delete=models.SET_NULL, related_name="refunds")
    membership = models.ForeignKey("Membership", null=True, on_delete=models.SET_NULL, related_name="+")
    amount = models.PositiveBigIntegerField(_("amount"))
    currency = models.CharField(max_length=3)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.ASKED)
    #: Chosen by whoever gave it back here. Empty: what the site's setting says.
    effect = models.CharField(max_length=10, choices=Effect, blank=True, default="")
    #: In the words of whoever gave it back, for the site's own eyes.
    reason = models.TextField(_("reason"), blank=True, default="")
    failure = models.CharField(max_length=100, blank=True, default="")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    #: Of the form that asked for it: pressed twice, it is one refund. Null: made elsewhere.
    token = models.UUIDField(null=True, unique=True, editable=False)
    #: Whether it has a credit note: chosen before Stripe is asked first; of one made elsewhere known once it has failed.
    has_note = models.BooleanField(null=True, editable=False)
    created_at = models.DateTimeField(_("date"))
    dealt_with_at = models.DateTimeField(null=True)
    read_started_at = models.DateTimeField(null=True)

    objects = RefundQuerySet.as_manager()

    class Meta:
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")
        default_permissions = ()
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "livemode", "stripe_id"],
                condition=~models.Q(stripe_id=""),
                name="lmsm_one_row_per_refund",
            ),
        ]
        indexes = [
            models.Index(fields=["payment_intent_id"], name="lmsm_refunds_of_a_payment"),
            models.Index(
                fields=["state"], condition=models.Q(state__in=["failed", "refused"]), name="lmsm_refunds_that_failed"
            ),
            models.Index(fields=["created_at"], condition=models.Q(state="asked"), name="lmsm_refunds_asked"),
        ]

    def __str__(self) -> str:
        return f"{self.stripe_id or '–'}: {self.amount} {self.currency}, {self.state}"

    @property
    def money(self) -> Money:
        return Money(self.amount, self.currency)

    @property
    def has_effect(self) -> bool:
        return self.state in self.EFFECTIVE

    @property
    def is_ours(self) -> bool:
        """Made on this site, and not in Stripe's dashboard."""
        return self.token is not None


class DisputeQuerySet(models.QuerySet["Dispute"]):
    """Questions about disputes."""

    def at(self, gateway: Gateway) -> "DisputeQuerySet":
        """In the account and mode that the gateway speaks to."""
        return self.filter(account=gateway.account_id, livemode=gateway.livemode)

    def running(self) -> "DisputeQuerySet":
        """Not decided: somebody may have to answer the bank."""
        return self.filter(status__in=[DisputeStatus.OPEN, DisputeStatus.INQUIRY])

    def keeping_closed(self) -> "DisputeQuerySet":
        """The money is not the seller's, for now or for good."""
        return self.filter(status__in=Dispute.KEEPING_CLOSED)

    def closing(self) -> "DisputeQuerySet":
        """Those that shut what was paid, if the site wants that (``ON_DISPUTE``)."""
        return self.none() if conf.ON_DISPUTE == KEEP else self.keeping_closed()


class Dispute(StripeObject):
    """Whoever paid has gone to their bank (G7)."""

    STATUS_LABELS = {
        DisputeStatus.OPEN: pgettext_lazy("dispute", "open"),
        DisputeStatus.INQUIRY: _("the bank only asks"),
        DisputeStatus.WON: _("won: the payment stays yours"),
        DisputeStatus.LOST: _("lost: the payment went back"),
    }
    KEEPING_CLOSED = (DisputeStatus.OPEN, DisputeStatus.LOST)

    stripe_id = models.CharField(max_length=255)
    payment_intent_id = models.CharField(max_length=255, blank=True)
    charge_id = models.CharField(max_length=255, blank=True)
    invoice = models.ForeignKey("Invoice", null=True, on_delete=models.SET_NULL, related_name="disputes")
    subscription = models.ForeignKey("Subscription", null=True, on_delete=models.SET_NULL, related_name="disputes")
    membership = models.ForeignKey("Membership", null=True, on_delete=models.SET_NULL, related_name="+")
    amount = models.PositiveBigIntegerField(_("amount"))
    currency = models.CharField(max_length=3)
    status = models.CharField(
        _("status"), max_length=10, choices=[(each.value, label) for each, label in STATUS_LABELS.items()]
    )
    #: Stripe's own words; or ``LEFT``, where somebody leaves it so while its account cannot be asked.
    said = models.CharField(max_length=60)
    reason = models.CharField(_("reason"), max_length=100, blank=True)
    created_at = models.DateTimeField(_("date"))
    #: Until when the bank wants an answer.
    due_by = models.DateTimeField(null=True)
    #: When we had Stripe not renew what it is about.
    stopped_at = models.DateTimeField(null=True)
    #: Counts the facts told about it.
    turn = models.PositiveIntegerField(default=0)
    read_started_at = models.DateTimeField()

    objects = DisputeQuerySet.as_manager()

    class Meta:
        verbose_name = _("dispute")
        verbose_name_plural = _("disputes")
        default_permissions = ()
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["account", "livemode", "stripe_id"], name="lmsm_one_row_per_dispute"),
        ]
        indexes = [
            models.Index(
                fields=["status"], condition=models.Q(status__in=["open", "inquiry"]), name="lmsm_disputes_running"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stripe_id}: {self.said}"

    @property
    def money(self) -> Money:
        return Money(self.amount, self.currency)

    @property
    def is_running(self) -> bool:
        return self.status in {DisputeStatus.OPEN, DisputeStatus.INQUIRY}
