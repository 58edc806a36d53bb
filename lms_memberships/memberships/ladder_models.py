"""Which memberships stand in order, of which a student holds one? Ladder, and its tiers from the lowest to the highest."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from modelcluster.fields import ParentalKey
from modelcluster.models import ClusterableModel
from wagtail.models import Orderable


class When(models.TextChoices):
    """When a change of tier takes place: both are offered, or the creator has fixed one of them."""

    ASK = "ask", _("the student chooses")
    NOW = "now", _("at once, prorated")
    PERIOD_END = "period_end", _("at the end of the period")


class Ladder(ClusterableModel):
    """Memberships in order (V28). A higher tier contains what the lower ones contain."""

    title = models.CharField(_("title"), max_length=120)
    #: Off: its memberships stand alone, as if there were no ladder (V49).
    is_on = models.BooleanField(
        _("multiple tiers"),
        default=True,
        help_text=_("On: students hold one of these memberships, and can change to a higher or a lower one."),
    )
    up_when = models.CharField(_("going up"), max_length=12, choices=When, default=When.ASK)
    down_when = models.CharField(_("going down"), max_length=12, choices=When, default=When.ASK)
    #: What somebody sees who meets something of a tier that they do not hold (V31, V50).
    upsell_title = models.CharField(_("title of the page"), max_length=120, blank=True)
    upsell_text = models.TextField(_("text of the page"), blank=True, max_length=20_000)
    #: Rendered and cleaned on saving.
    upsell_html = models.TextField(editable=False, blank=True)
    upsell_version = models.PositiveSmallIntegerField(editable=False, default=0)
    upsell_video = models.URLField(_("video"), blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("ladder")
        verbose_name_plural = _("ladders")
        ordering = ["title", "pk"]

    def __str__(self) -> str:
        return self.title


class Tier(Orderable):
    """One membership of a ladder; the lowest first. A membership is in one ladder at most."""

    ladder = ParentalKey(Ladder, related_name="tiers", on_delete=models.CASCADE)
    membership = models.OneToOneField(
        "lms_memberships.Membership", verbose_name=_("membership"), related_name="tier", on_delete=models.CASCADE
    )

    class Meta(Orderable.Meta):
        verbose_name = _("tier")
        verbose_name_plural = _("tiers")
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.membership)
