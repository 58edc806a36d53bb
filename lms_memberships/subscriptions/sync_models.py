"""How far did a comparison with Stripe get, and what did it repair? One row a run, so that a run can be resumed."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from ..payments.models import StripeObject


class SyncRun(StripeObject):
    """One run of ``memberships_sync``. An unfinished one is taken up where it stopped."""

    started_at = models.DateTimeField(_("started"))
    finished_at = models.DateTimeField(_("finished"), null=True)
    #: Events and objects from here on, in the provider's time; null: all of them.
    since = models.DateTimeField(null=True)
    phase = models.CharField(max_length=30)
    #: The id after which the phase's list goes on.
    cursor = models.CharField(max_length=255, blank=True, default="")
    seen = models.PositiveIntegerField(default=0)
    repaired = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    #: What was repaired, a line each, in words.
    repairs = models.JSONField(default=list)
    leased_until = models.DateTimeField(null=True)
    lease_token = models.CharField(max_length=32, blank=True, default="")
    failure = models.TextField(blank=True)

    class Meta:
        verbose_name = _("comparison with Stripe")
        verbose_name_plural = _("comparisons with Stripe")
        default_permissions = ("view",)
        ordering = ["-started_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.started_at}: {self.phase}"
