"""Who waits for a free place, and who had a trial already? WaitingEntry, TrialTaken."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class WaitingEntry(models.Model):
    """Somebody who wants a place in a membership that is full (W17). Told in the order in which they asked."""

    membership = models.ForeignKey("Membership", on_delete=models.CASCADE, related_name="waiting")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    language = models.CharField(max_length=15, blank=True, default="")
    asked_at = models.DateTimeField(_("asked"))
    #: When a free place was told of, and until when it is kept for them.
    told_at = models.DateTimeField(_("told"), null=True)
    held_until = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("waiting person")
        verbose_name_plural = _("waiting people")
        ordering = ["asked_at", "pk"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["membership", "user"], name="lmsm_one_waits_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} → {self.membership_id}"


class TrialTaken(models.Model):
    """One person's one trial of one membership (X12, J6). It outlives the account: the mailbox is kept as a hash."""

    membership = models.ForeignKey("Membership", on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    mailbox = models.CharField(max_length=64)
    taken_at = models.DateTimeField(_("taken"))
    #: Somebody of the staff allowed another one, and said why.
    forgiven_at = models.DateTimeField(_("allowed again"), null=True)
    forgiven_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("allowed by")
    )
    reason = models.TextField(_("reason"), blank=True)

    class Meta:
        verbose_name = _("trial taken")
        verbose_name_plural = _("trials taken")
        default_permissions = ("view", "change")
        constraints = [
            models.UniqueConstraint(
                fields=["membership", "mailbox"], condition=models.Q(forgiven_at=None), name="lmsm_one_trial_a_person"
            ),
        ]
        indexes = [models.Index(fields=["user"], name="lmsm_trials_of_a_person")]

    def __str__(self) -> str:
        return f"{self.user_id} → {self.membership_id}"
