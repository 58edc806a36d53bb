"""At which prices is a membership sold, was it ever sold, and what was asked when? PriceOption, Price, PriceAsked."""

from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from modelcluster.fields import ParentalKey
from wagtail.models import Orderable

from .. import conf
from ..money import Money
from ..payments.models import StripeObject
from .intervals import Interval, rhythm_of

if TYPE_CHECKING:
    from ..payments.connect import Connection
    from .ways import Key, Way

#: A schedule at Stripe is laid at most five years ahead (guide §9); nobody pays off a course for longer.
MOST_INSTALMENTS = 60


def valid_interval(interval: str) -> None:
    """Raise ValidationError for what is no interval of ours."""
    try:
        rhythm_of(interval)
    except KeyError:
        raise ValidationError(_("Stripe cannot charge in this interval.")) from None


def refuse_odd_instalments(interval: str, instalments: int) -> None:
    """Raise ValidationError: one instalment is a one-time payment, and a one-time payment has none (V10)."""
    if instalments and interval == Interval.ONE_TIME:
        raise ValidationError({"instalments": _("A one-time payment has no instalments.")})
    if instalments == 1:
        raise ValidationError({"instalments": _("One instalment is a one-time payment: choose that interval.")})


class PriceQuerySet(models.QuerySet):
    """Questions about prices that Stripe knows."""

    def in_account(self, connection: "Connection") -> "PriceQuerySet":
        return self.filter(account=connection.account_id, livemode=connection.livemode)

    def taxed_as_set(self) -> "PriceQuerySet":
        """As the site sells now: tax inside, or on top. At Stripe a price cannot change from one to the other."""
        return self.filter(tax_behavior=conf.TAX_BEHAVIOR)

    def of_way(self, membership_id: int, way: "Way") -> "PriceQuerySet":
        """The row of this way to pay: at most one in an account."""
        amount, currency, interval, instalments = way.key
        return self.taxed_as_set().filter(
            membership_id=membership_id, amount=amount, currency=currency, interval=interval, instalments=instalments
        )


class PriceOption(Orderable):
    """Another price of a membership, beside the one that is shown first (X10). A child of the draft."""

    membership = ParentalKey("Membership", related_name="price_options", on_delete=models.CASCADE)
    amount = models.PositiveBigIntegerField(_("price"))
    currency = models.CharField(_("currency"), max_length=3)
    interval = models.CharField(
        _("billing interval"), max_length=12, default=Interval.MONTH, validators=[valid_interval]
    )
    instalments = models.PositiveSmallIntegerField(
        _("number of instalments"), default=0, validators=[MaxValueValidator(MOST_INSTALMENTS)]
    )
    old_amount = models.PositiveBigIntegerField(_("old price"), null=True, blank=True)
    setup_fee_amount = models.PositiveBigIntegerField(_("setup fee"), null=True, blank=True)
    #: Not sold any more, or only by invitation; who has it goes on paying it.
    is_hidden = models.BooleanField(_("hidden"), default=False)
    #: A price that was made in Stripe (W4); empty: ours.
    stripe_price_id = models.CharField(max_length=255, blank=True, default="")

    class Meta(Orderable.Meta):
        verbose_name = _("further price")
        verbose_name_plural = _("further prices")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["membership", "amount", "currency", "interval", "instalments"],
                name="lmsm_an_option_once_in_a_membership",
            ),
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="lmsm_an_option_is_more_than_zero"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.currency} {self.interval}"

    def clean(self) -> None:
        super().clean()
        refuse_odd_instalments(self.interval, self.instalments)
        if self.old_amount is not None and self.amount is not None and self.old_amount <= self.amount:
            raise ValidationError({"old_amount": _("The old price must be higher than the price.")})


class Price(StripeObject):
    """One way to pay for a membership. Immutable once confirmed: a new amount is a new row."""

    membership = models.ForeignKey("Membership", on_delete=models.PROTECT, related_name="prices")
    amount = models.PositiveBigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    interval = models.CharField(_("billing interval"), max_length=12)
    #: 0: it renews. N: paid off after N payments (V10).
    instalments = models.PositiveSmallIntegerField(_("number of instalments"), default=0, db_default=0)
    product_id = models.CharField(max_length=255, blank=True)
    #: Empty until Stripe has confirmed it: until then nothing can be bought at it.
    stripe_id = models.CharField(max_length=255, blank=True)
    #: Sold with tax inside, or with tax on top. All were made "inclusive" before there was a choice.
    tax_behavior = models.CharField(max_length=12, default="inclusive", db_default="inclusive")
    #: Made in Stripe and taken over from there (W4): never archived or changed by us.
    is_adopted = models.BooleanField(default=False, db_default=False)
    confirmed_at = models.DateTimeField(null=True)
    #: Why Stripe has not confirmed it, in the creator's words.
    failure = models.TextField(blank=True)
    created_at = models.DateTimeField()

    objects = PriceQuerySet.as_manager()

    class Meta:
        verbose_name = _("price")
        verbose_name_plural = _("prices")
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "membership",
                    "account",
                    "livemode",
                    "amount",
                    "currency",
                    "interval",
                    "instalments",
                    "tax_behavior",
                ],
                name="lmsm_one_row_per_taxed_price",
            ),
            models.UniqueConstraint(
                fields=["account", "livemode", "stripe_id"],
                condition=~models.Q(stripe_id=""),
                name="lmsm_one_row_per_stripe_price",
            ),
            models.CheckConstraint(
                condition=models.Q(confirmed_at__isnull=True) | ~models.Q(stripe_id=""),
                name="lmsm_a_confirmed_price_has_an_id",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.membership_id}: {self.amount} {self.currency} {self.interval}"

    @property
    def money(self) -> Money:
        return Money(self.amount, self.currency)

    @property
    def key(self) -> "Key":
        """As a way to pay has it."""
        return self.amount, self.currency, self.interval, self.instalments

    @property
    def is_recurring(self) -> bool:
        return self.interval != Interval.ONE_TIME


class PriceAsked(models.Model):
    """What a membership was publicly sold for, from when until when: the ground of every struck-through price.

    The European Union lets only the lowest price of the thirty days before a reduction be shown as the old one.
    """

    membership = models.ForeignKey("Membership", on_delete=models.CASCADE, related_name="prices_asked")
    amount = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    interval = models.CharField(max_length=12)
    instalments = models.PositiveSmallIntegerField(default=0)
    from_at = models.DateTimeField()
    #: Null: still asked.
    until_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("price that was asked")
        verbose_name_plural = _("prices that were asked")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["membership", "amount", "currency", "interval", "instalments"],
                condition=models.Q(until_at=None),
                name="lmsm_a_price_is_asked_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.membership_id}: {self.amount} {self.currency} from {self.from_at:%Y-%m-%d}"
