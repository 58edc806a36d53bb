"""What must be done where access opened? Deliveries: an item's own system is owed word of it."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class BundleSpread(models.Model):
    """A bundle changed, and not everybody who has it is owed it yet. Gone when that is done."""

    membership = models.OneToOneField("Membership", on_delete=models.CASCADE, related_name="+")
    asked_at = models.DateTimeField()
    #: The last subscription that was looked at.
    reached = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("bundle to be spread")
        verbose_name_plural = _("bundles to be spread")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.membership_id}: from {self.reached}"


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
    lease_token = models.CharField(max_length=32, blank=True, default="", db_default="")
    failure = models.TextField(blank=True)

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        default_permissions = ("view",)
        permissions = [("try_again_delivery", "Can try deliveries again")]
        constraints = [
            models.UniqueConstraint(fields=["subscription", "item"], name="lmsm_one_delivery_per_item"),
        ]
        indexes = [
            models.Index(fields=["next_try_at"], condition=models.Q(state="owed"), name="lmsm_deliveries_waiting"),
            models.Index(fields=["state"], condition=models.Q(state="dead"), name="lmsm_deliveries_given_up"),
        ]

    def __str__(self) -> str:
        return f"{self.subscription_id} ← {self.item_id}: {self.state}"
