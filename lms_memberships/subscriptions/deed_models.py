"""What did staff do for one person? Deed: who, what, why and when."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Deed(models.Model):
    """One thing that somebody of the staff did for one person. Written first, carried out after (N8, G24)."""

    class Kind(models.TextChoices):
        GAVE = "gave", _("access given")
        TOOK_BACK = "took_back", _("given access ended")
        EXTENDED = "extended", _("trial extended")
        CANCELLED = "cancelled", _("cancelled at the end of the period")
        RESUMED = "resumed", _("cancellation taken back")
        ENDED = "ended", _("cancelled at once")
        REVOKED = "revoked", _("access revoked")
        LINKED = "linked", _("subscription linked")
        MERGED = "merged", _("account merged")
        PARTED = "parted", _("merge undone")

    #: Of the form that was sent: sent twice, it is done once.
    key = models.UUIDField(unique=True)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    #: For whom.
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    #: By whom. Null: their account is gone.
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    reason = models.TextField(_("reason"))
    subscription = models.ForeignKey("Subscription", null=True, on_delete=models.SET_NULL, related_name="deeds")
    #: The end that was given, or the trial's new one. Null: for good, or none.
    until = models.DateTimeField(null=True)
    done_at = models.DateTimeField()
    #: When all of it was done, also at Stripe. Null: Stripe has not confirmed it, or has refused.
    settled_at = models.DateTimeField(null=True)
    #: What was said the last time that it could not be done.
    failure = models.TextField(blank=True, default="", db_default="")
    #: What came of it: invoices that were voided, rows that were moved.
    details = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name = _("deed")
        verbose_name_plural = _("deeds")
        ordering = ["-done_at", "-pk"]
        default_permissions = ()
        indexes = [
            models.Index(fields=["user", "-done_at"], name="lmsm_deeds_of_a_person"),
            models.Index(
                fields=["done_at"], condition=models.Q(kind="revoked", settled_at__isnull=True), name="lmsm_revoking"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.user_id}"
