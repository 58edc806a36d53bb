"""What must be done where access opened? Deliveries: an item's own system is owed word of it."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Delivery(models.Model):
    """One item owed to one subscription, for instance an enrolment. Carried out after commit, once.

    Nothing is taken back when access ends: progress stays (design §5).
    """

    class State(models.TextChoices):
        OWED = "owed", _("waiting")
        DONE = "done", _("done")
        DEAD = "dead", _("given up")

    subscription = models.ForeignKey("Subscription", on_delete=models.CASCADE, related_name="deliveries")
    item = models.ForeignKey("Item", on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=10, choices=State, default=State.OWED)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField()
    leased_until = models.DateTimeField(null=True)
    failure = models.TextField(blank=True)

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["subscription", "item"], name="lmsm_one_delivery_per_item"),
        ]
        indexes = [
            models.Index(fields=["next_try_at"], condition=models.Q(state="owed"), name="lmsm_deliveries_waiting"),
        ]

    def __str__(self) -> str:
        return f"{self.subscription_id} ← {self.item_id}: {self.state}"
