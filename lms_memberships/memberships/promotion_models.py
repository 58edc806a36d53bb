"""Which promotion codes are there, and for what? A copy of Stripe's, so that limits can be reserved (V19, V20)."""

from datetime import datetime

from django.db import models
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from ..money import Money
from ..payments.connect import Connection
from ..payments.gateway import Gateway
from ..payments.models import StripeObject


class PromotionCodeQuerySet(models.QuerySet["PromotionCode"]):
    """Questions about codes."""

    def at(self, gateway: "Gateway | Connection") -> "PromotionCodeQuerySet":
        """In the account and mode that the gateway speaks to."""
        return self.filter(account=gateway.account_id, livemode=gateway.livemode)

    def running(self, now: datetime) -> "PromotionCodeQuerySet":
        """Neither retired nor expired; whether one is used up is another question."""
        return self.filter(is_active=True).exclude(expires_at__lte=now)


class PromotionCode(StripeObject):
    """A code that students type. Stripe owns it: the columns are what was read last."""

    class Duration(models.TextChoices):
        ONCE = "once", _("the first payment")
        REPEATING = "repeating", _("some months")
        FOREVER = "forever", _("every payment")

    stripe_id = models.CharField(max_length=255)
    coupon_id = models.CharField(max_length=255)
    #: As typed; compared without regard to case, as Stripe does.
    code = models.CharField(_("code"), max_length=500)
    name = models.CharField(_("name"), max_length=40, blank=True)
    #: Exactly one of the two: a share of the price in basis points (1250 is 12.5 %), or an amount in minor units.
    percent_off = models.PositiveIntegerField(_("percent off"), null=True)
    amount_off = models.PositiveBigIntegerField(_("amount off"), null=True)
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    duration = models.CharField(_("applies to"), max_length=10, choices=Duration, default=Duration.ONCE)
    months = models.PositiveSmallIntegerField(_("months"), null=True)
    #: Products at Stripe that it is for; empty: all.
    products = models.JSONField(default=list, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    first_time_only = models.BooleanField(_("only for a first purchase"), default=False)
    max_redemptions = models.PositiveIntegerField(_("at most"), null=True)
    times_redeemed = models.PositiveIntegerField(_("used"), default=0)
    expires_at = models.DateTimeField(_("expires"), null=True)
    created_at = models.DateTimeField(_("created"))
    #: When the read that was last written had started: an earlier one may not overwrite it (fence).
    read_started_at = models.DateTimeField()

    objects = PromotionCodeQuerySet.as_manager()

    class Meta:
        verbose_name = _("promotion code")
        verbose_name_plural = _("promotion codes")
        ordering = ["-created_at", "-pk"]
        default_permissions = ("add", "change", "view")
        constraints = [
            models.UniqueConstraint(
                fields=["account", "livemode", "stripe_id"], name="lmsm_one_row_per_promotion_code"
            ),
        ]
        indexes = [models.Index(Upper("code"), name="lmsm_promotion_by_code")]

    def __str__(self) -> str:
        return self.code

    @property
    def money_off(self) -> Money | None:
        return None if self.amount_off is None else Money(self.amount_off, self.currency)

    @property
    def is_limited(self) -> bool:
        return self.max_redemptions is not None
