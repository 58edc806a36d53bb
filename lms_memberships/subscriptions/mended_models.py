"""What is remembered so that a failed payment is tried once, and nobody is reminded twice? Columns of other tables."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Reminded(models.Model):
    """Of a subscription: what its student was reminded of, and what is known of its card.

    Each is the moment that the reminder was about: it is told again only when that moment has moved.
    """

    #: The end of the period before whose renewal they were reminded.
    renewal_reminded_for = models.DateTimeField(null=True)
    #: The day of grace, counted from ``unpaid_since`` or to ``access_until``, that a reminder was due on.
    payment_reminded_for = models.DateTimeField(null=True)
    #: From when on the card pays nothing, as it was last asked for. Null: not known, or it does not expire.
    card_expires_at = models.DateTimeField(null=True)
    #: When Stripe was last asked about the card.
    card_seen_at = models.DateTimeField(null=True)
    card_reminded_for = models.DateTimeField(null=True)

    class Meta:
        abstract = True


class Collected(models.Model):
    """Of an invoice: how its money is being collected."""

    #: When somebody last had the card tried again, in wall time: two presses are one try.
    tried_at = models.DateTimeField(null=True)
    #: The bank wants to see the person (3-D Secure): no other try of the card helps (G19).
    needs_person = models.BooleanField(default=False, db_default=False)

    class Meta:
        abstract = True


class RenewalNotice(models.Model):
    """Whether members who pay in this rhythm are reminded before they pay again, and how many days before."""

    interval = models.CharField(_("rhythm"), max_length=12, unique=True)
    is_on = models.BooleanField(_("on"), default=False)
    days = models.PositiveSmallIntegerField(_("days before"))

    class Meta:
        verbose_name = _("reminder before a renewal")
        verbose_name_plural = _("reminders before renewals")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.interval}: {self.days if self.is_on else 0}"
