"""What runs at Stripe on one of our products, and was never ours? Stranger: it opens nothing, and waits to be claimed."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from ..money import Money
from ..payments.gateway import Gateway
from ..payments.models import StripeObject


class StrangerQuerySet(models.QuerySet["Stranger"]):
    """Questions about subscriptions that were never ours."""

    def at(self, gateway: Gateway) -> "StrangerQuerySet":
        """In the account and mode that the gateway speaks to."""
        return self.filter(account=gateway.account_id, livemode=gateway.livemode)

    def waiting(self) -> "StrangerQuerySet":
        """Running at Stripe, and nobody has said whose it is or that it stays so."""
        return self.filter(is_running=True, settled_at=None)


class Stranger(StripeObject):
    """A subscription at Stripe on a product of a membership's, made there by hand or by another tool (N3, guide §17)."""

    stripe_id = models.CharField(max_length=255)
    customer_id = models.CharField(max_length=255)
    #: Whose product it is.
    membership = models.ForeignKey("Membership", on_delete=models.CASCADE, related_name="+")
    price_id = models.CharField(max_length=255)
    amount = models.PositiveBigIntegerField(_("amount"))
    currency = models.CharField(max_length=3)
    is_running = models.BooleanField(default=True)
    started_at = models.DateTimeField(_("started"))
    #: Linked to somebody, or left as it is.
    settled_at = models.DateTimeField(null=True)
    read_started_at = models.DateTimeField()

    objects = StrangerQuerySet.as_manager()

    class Meta:
        verbose_name = _("subscription to claim")
        verbose_name_plural = _("subscriptions to claim")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["account", "livemode", "stripe_id"], name="lmsm_one_row_per_stranger"),
        ]

    def __str__(self) -> str:
        return self.stripe_id

    @property
    def money(self) -> Money:
        return Money(self.amount, self.currency)
