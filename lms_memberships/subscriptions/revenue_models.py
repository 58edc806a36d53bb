"""When did what comes in every month become more or less, and by how much? One row a change, never rewritten (X21)."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class RevenueChange(models.Model):
    """The sum of all changes before a moment is the recurring revenue at that moment."""

    class Kind(models.TextChoices):
        NEW = "new", pgettext_lazy("members", "new")
        WON_BACK = "won_back", pgettext_lazy("members", "won back")
        CHANGED = "changed", pgettext_lazy("revenue", "changed")
        #: Out of one membership, into another one: nothing is lost by that, nor won.
        SWITCHED = "switched", pgettext_lazy("members", "switched")
        LOST = "lost", pgettext_lazy("members", "lost")

    subscription = models.ForeignKey("Subscription", on_delete=models.CASCADE, related_name="revenue_changes")
    membership = models.ForeignKey("Membership", on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind)
    at = models.DateTimeField()
    currency = models.CharField(max_length=3)
    #: Minor units a month, more or less than before.
    delta = models.BigIntegerField()
    #: One more, one fewer, or none.
    members = models.SmallIntegerField()
    #: What the subscription brings in a month from then on.
    monthly = models.BigIntegerField()

    class Meta:
        verbose_name = _("change of revenue")
        verbose_name_plural = _("changes of revenue")
        default_permissions = ()
        ordering = ["at", "pk"]
        indexes = [models.Index(fields=["at"], name="lmsm_revenue_by_date")]

    def __str__(self) -> str:
        return f"{self.subscription_id}: {self.kind} {self.delta} {self.currency}"
