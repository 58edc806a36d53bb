"""Who came in free by an invitation link? InvitationUse. Who pays by one is in ``Checkout.invitation``."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class InvitationUse(models.Model):
    """One person's use of a link to free access. Once each: what ended is not begun again by the same link."""

    invitation = models.ForeignKey("InvitationLink", on_delete=models.PROTECT, related_name="uses")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    subscription = models.OneToOneField("Subscription", on_delete=models.CASCADE, related_name="invitation_use")
    used_at = models.DateTimeField(_("used"))

    class Meta:
        verbose_name = _("use of an invitation")
        verbose_name_plural = _("uses of invitations")
        ordering = ["-used_at", "-pk"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["invitation", "user"], name="lmsm_one_free_use_a_person"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} by {self.invitation_id}"
