"""What was given to somebody as a gift, and what came of it? Gift."""

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ..money import Money
from ..payments.gateway import Gateway
from ..payments.models import StripeObject
from .queries import LONGEST_DEBIT, NEWS_TAKES, PAGE_LIVES

#: As long as a friend's letter, and no longer.
LONGEST_MESSAGE = 1000
#: Paid when no place was left: its money goes back at once (J5).
NO_PLACE = "no_place"
#: Its money was given back at Stripe after it had been redeemed: a creator has to look.
REFUNDED_LATE = "refunded_late"


class GiftQuerySet(models.QuerySet["Gift"]):
    """Questions about gifts."""

    def at(self, gateway: Gateway) -> "GiftQuerySet":
        """In the account and mode that the gateway speaks to."""
        return self.filter(account=gateway.account_id, livemode=gateway.livemode)

    def bought(self) -> "GiftQuerySet":
        """Without those whose payment page was only looked at."""
        return self.exclude(state__in=[Gift.State.PLANNED, Gift.State.ABANDONED])

    def with_an_open_page(self) -> "GiftQuerySet":
        return self.filter(state=Gift.State.PLANNED)

    def taking_a_place(self, now: datetime) -> "GiftQuerySet":
        """From the payment page until somebody redeems it, it is refunded, or its time is over. Each is one place."""
        page = models.Q(state=Gift.State.PLANNED, expires_at__gt=now - NEWS_TAKES)
        unlimited = models.Q(state=Gift.State.PLANNED, expires_at=None, created_at__gt=now - PAGE_LIVES)
        debit = models.Q(state=Gift.State.PENDING, created_at__gt=now - LONGEST_DEBIT)
        kept = models.Q(state__in=Gift.REDEEMABLE, redeem_until__gt=now)
        return self.filter(page | unlimited | debit | kept)

    def waiting_for_their_turn(self) -> "GiftQuerySet":
        """Redeemed by somebody who holds the membership in another way, which renews."""
        return self.filter(state=Gift.State.REDEEMED, subscription=None, starts_at=None)

    def not_begun(self, now: datetime) -> "GiftQuerySet":
        """Those, and those whose first day is fixed and has not come."""
        waits = models.Q(subscription=None, starts_at=None) | models.Q(starts_at__gt=now)
        return self.filter(waits, state=Gift.State.REDEEMED)


class Gift(StripeObject):
    """One gift: the attempt to buy it, what was paid, to whom it goes, and who redeemed it.

    Its own attempt, and no ``Checkout``: whatever is one of those opens the membership for whoever pays.
    """

    class State(models.TextChoices):
        PLANNED = "planned", _("payment page opened")
        PENDING = "pending", _("waiting for the bank")
        PAID = "paid", _("paid, not delivered yet")
        DELIVERED = "delivered", pgettext_lazy("gift", "delivered")
        REDEEMED = "redeemed", _("redeemed")
        REFUNDING = "refunding", _("being refunded")
        REFUNDED = "refunded", pgettext_lazy("gift", "refunded")
        EXPIRED = "expired", pgettext_lazy("gift", "expired")
        ABANDONED = "abandoned", _("not paid")

    #: In these somebody can redeem it.
    REDEEMABLE = (State.PAID, State.DELIVERED)
    #: In these its money can be given back.
    REFUNDABLE = (State.PAID, State.DELIVERED, State.EXPIRED, State.REFUNDING)

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    giver = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("giver"), on_delete=models.PROTECT, related_name="lms_gifts_given"
    )
    membership = models.ForeignKey("Membership", on_delete=models.PROTECT, related_name="gifts")
    # What was offered when it was bought: later changes do not reach it (C8).
    price_id = models.CharField(max_length=255)
    months = models.PositiveSmallIntegerField(_("months"))
    amount = models.PositiveBigIntegerField(_("price"))
    currency = models.CharField(max_length=3)
    from_name = models.CharField(_("from"), max_length=100, blank=True)
    recipient_name = models.CharField(_("name"), max_length=100, blank=True)
    #: Empty: the giver hands it over.
    recipient_email = models.EmailField(_("e-mail address"), blank=True)
    message = models.TextField(_("message"), max_length=LONGEST_MESSAGE, blank=True)
    #: The day in the site's time zone on which it is mailed.
    deliver_on = models.DateField(_("delivery"))
    language = models.CharField(max_length=15, blank=True, default="")
    #: Which terms were accepted, and when (X16). Empty: the site has none.
    terms_version = models.CharField(max_length=255, blank=True, default="")
    terms_accepted_at = models.DateTimeField(null=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PLANNED)
    #: Of the word in its link, which is derived anew whenever it is shown and stored nowhere. ``link_number`` makes
    #: another one of it: then the old link leads nowhere.
    token_hash = models.CharField(max_length=64, unique=True)
    link_number = models.PositiveSmallIntegerField(default=1)
    #: Who redeemed it.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="lms_gifts_received"
    )
    subscription = models.ForeignKey("Subscription", null=True, on_delete=models.SET_NULL, related_name="gifts")
    session_id = models.CharField(max_length=255, blank=True)
    url = models.TextField(blank=True)
    payment_intent_id = models.CharField(max_length=255, blank=True)
    invoice = models.OneToOneField("Invoice", null=True, on_delete=models.SET_NULL, related_name="gift")
    expires_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(_("begun"))
    paid_at = models.DateTimeField(_("paid"), null=True)
    redeem_until = models.DateTimeField(_("redeem until"), null=True)
    delivered_at = models.DateTimeField(_("delivered"), null=True)
    #: How often it was mailed.
    deliveries = models.PositiveSmallIntegerField(default=0)
    redeemed_at = models.DateTimeField(_("redeemed"), null=True)
    #: When its time begins; null while another way to the same membership renews.
    starts_at = models.DateTimeField(null=True)
    #: When somebody was promised its money back. Null of those that were promised it before this was written down.
    refunding_at = models.DateTimeField(null=True)
    refunded_at = models.DateTimeField(_("refunded"), null=True)
    #: What a person has to look at, by its code. Empty: nothing.
    problem = models.CharField(max_length=30, blank=True, default="")

    objects = GiftQuerySet.as_manager()

    class Meta:
        verbose_name = _("gift")
        verbose_name_plural = _("gifts")
        default_permissions = ("view", "change")
        permissions = [("refund_gift", "Can give the money of gifts back")]
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["giver", "membership"],
                condition=models.Q(state="planned"),
                name="lmsm_one_open_gift_page",
            ),
            models.UniqueConstraint(
                fields=["account", "livemode", "session_id"],
                condition=~models.Q(session_id=""),
                name="lmsm_one_gift_per_session",
            ),
            models.UniqueConstraint(
                fields=["account", "livemode", "payment_intent_id"],
                condition=~models.Q(payment_intent_id=""),
                name="lmsm_one_gift_per_payment",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="redeemed") | models.Q(user__isnull=False),
                name="lmsm_somebody_redeemed_a_gift",
            ),
        ]
        indexes = [
            models.Index(fields=["membership", "state"], name="lmsm_gifts_of_a_membership"),
            models.Index(fields=["deliver_on"], condition=models.Q(state="paid"), name="lmsm_gifts_to_deliver"),
            models.Index(fields=["refunding_at"], condition=models.Q(state="refunding"), name="lmsm_gifts_to_refund"),
        ]

    def __str__(self) -> str:
        return f"{self.uuid}: {self.state}"

    @property
    def money(self) -> Money:
        return Money(self.amount, self.currency)

    @property
    def is_mailed(self) -> bool:
        """Off: the giver hands it over."""
        return bool(self.recipient_email)

    @property
    def is_redeemable(self) -> bool:
        return self.state in self.REDEEMABLE

    def is_over(self, now: datetime) -> bool:
        """Nobody has redeemed it in time."""
        is_late = self.redeem_until is not None and self.redeem_until <= now
        return self.state == self.State.EXPIRED or (self.is_redeemable and is_late)
