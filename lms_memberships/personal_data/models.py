"""Whose account is being deleted, and is it done? Billing stops first; only Stripe's answer completes it (K6)."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Erasure(models.Model):
    """One person's wish to be forgotten. The user's row stays as a tombstone without a name (K7)."""

    class State(models.TextChoices):
        PENDING = "pending", _("waiting for Stripe")
        DONE = "done", _("done")

    user = models.OneToOneField(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PENDING)
    requested_at = models.DateTimeField(_("requested"))
    finished_at = models.DateTimeField(_("finished"), null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField()
    leased_until = models.DateTimeField(null=True)
    lease_token = models.CharField(max_length=32, blank=True, default="")
    failure = models.TextField(blank=True)
    #: What was kept and why, and what was erased; without a name or an address in it.
    report = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name = _("erasure")
        verbose_name_plural = _("erasures")
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.pk}: {self.state}"
