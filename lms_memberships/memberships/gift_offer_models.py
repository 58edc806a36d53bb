"""For how long, and for how much, can a membership be given as a gift? GiftOffer."""

from typing import TYPE_CHECKING

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from ..money import Money
from ..payments.models import StripeObject

if TYPE_CHECKING:
    from ..payments.connect import Connection

#: A gift is for a stated time: three years at most, as for every other interval.
MOST_MONTHS = 36


class GiftOfferQuerySet(models.QuerySet):
    """Chainable, in the order in which they are offered."""

    def sold(self, connection: "Connection | None") -> "GiftOfferQuerySet":
        """Switched on, and confirmed by Stripe in the connected account."""
        if connection is None:
            return self.none()
        here = self.filter(account=connection.account_id, livemode=connection.livemode)
        return here.filter(is_on=True, confirmed_at__isnull=False).order_by("months")


class GiftOffer(StripeObject):
    """One length of one membership's gifts. Its price at Stripe is none of the membership's: it never opens for good.

    A table of its own, and no ``Price``: whatever is in that one can be bought as the membership itself.
    """

    membership = models.ForeignKey("Membership", on_delete=models.CASCADE, related_name="gift_offers")
    months = models.PositiveSmallIntegerField(
        _("months"), validators=[MinValueValidator(1), MaxValueValidator(MOST_MONTHS)]
    )
    #: Minor units. Another amount is another price at Stripe; gifts that were bought keep theirs.
    amount = models.PositiveBigIntegerField(_("price"))
    currency = models.CharField(_("currency"), max_length=3)
    is_on = models.BooleanField(_("offered"), default=True)
    stripe_id = models.CharField(max_length=255, blank=True)
    confirmed_at = models.DateTimeField(null=True)
    failure = models.TextField(blank=True)

    objects = GiftOfferQuerySet.as_manager()

    class Meta:
        verbose_name = _("gift offer")
        verbose_name_plural = _("gift offers")
        default_permissions = ()
        ordering = ["membership", "months"]
        constraints = [
            models.UniqueConstraint(fields=["membership", "months"], name="lmsm_one_gift_offer_a_length"),
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="lmsm_a_gift_costs_more_than_zero"),
        ]

    def __str__(self) -> str:
        return f"{self.membership_id}: {self.months} months"

    @property
    def money(self) -> Money:
        return Money(self.amount, self.currency)
