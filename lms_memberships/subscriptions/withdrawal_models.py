"""Who has withdrawn from a contract, when, and is the money back? Withdrawal."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from ..money import Money


class Withdrawal(models.Model):
    """One declaration, with what its confirmation states. It stands from the press on, whatever Stripe answers."""

    subscription = models.OneToOneField("Subscription", null=True, on_delete=models.SET_NULL, related_name="withdrawal")
    gift = models.OneToOneField("Gift", null=True, on_delete=models.SET_NULL, related_name="withdrawal")
    #: Bought without an account, and nobody had come for it.
    guest = models.OneToOneField(
        "GuestPurchase", null=True, on_delete=models.SET_NULL, related_name="withdrawal", editable=False
    )
    membership = models.ForeignKey("Membership", on_delete=models.PROTECT, related_name="+")
    title = models.CharField(max_length=120)
    contract_at = models.DateTimeField(_("date of contract"))
    declared_at = models.DateTimeField(_("received"))
    #: What had been paid, in minor units.
    amount = models.PositiveBigIntegerField(default=0)
    currency = models.CharField(max_length=3, blank=True)
    language = models.CharField(max_length=15, blank=True, default="")
    #: When Stripe had confirmed that it is over and all of the money is on its way back; null: not yet.
    done_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("withdrawal")
        verbose_name_plural = _("withdrawals")
        default_permissions = ()
        ordering = ["-declared_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.pk}: {self.title}"

    @property
    def money(self) -> Money:
        """What had been paid. Zero for what cost nothing."""
        return Money(self.amount, self.currency)
