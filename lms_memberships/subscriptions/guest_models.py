"""What did somebody buy before they had an account, and who has come for it? GuestPurchase.

A table of its own, and not a Checkout and a Subscription without a person: whatever asks who holds something, who has a
place, whose access it is and whose lock to take can go on trusting that there is somebody. A parked purchase is nobody's.
It is paid for at Stripe, takes its place, and opens nothing. Once it is claimed, it becomes a Checkout of its claimer, with
the same reference, and goes on as every other purchase.
"""

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ..money import Money
from ..payments.gateway import Gateway
from ..payments.models import StripeObject
from .queries import LONGEST_DEBIT, NEWS_TAKES, PAGE_LIVES

#: Its page can still be paid.
RUNNING = ("planned", "open")
#: A renewing one that is not claimed after this does not renew.
UNCLAIMED_FOR = timedelta(days=30)


class GuestPurchaseQuerySet(models.QuerySet["GuestPurchase"]):
    """Questions about purchases without an account."""

    def at(self, gateway: Gateway) -> "GuestPurchaseQuerySet":
        """In the account and mode that the gateway speaks to."""
        return self.filter(account=gateway.account_id, livemode=gateway.livemode)

    def running(self) -> "GuestPurchaseQuerySet":
        """Not over as far as we know."""
        return self.filter(state__in=RUNNING)

    def unclaimed(self) -> "GuestPurchaseQuerySet":
        """Paid for, and nobody has come for it yet."""
        return self.filter(state="parked", return_reason="")

    def withdrawable(self) -> "GuestPurchaseQuerySet":
        """Paid for and nobody's, also where it is over by now; what goes back for another reason is not."""
        return self.filter(state__in=GuestPurchase.WITHDRAWABLE, return_reason="")

    def to_be_returned(self) -> "GuestPurchaseQuerySet":
        """Somebody decided it, and Stripe has not confirmed it yet."""
        return self.filter(state="parked").exclude(return_reason="")

    def taking_a_place(self, now: datetime) -> "GuestPurchaseQuerySet":
        """Its page can be paid, its money is on the way, or it is paid for. Time alone releases an unpaid one (J9)."""
        return self.filter(
            models.Q(state__in=RUNNING, expires_at__gt=now - NEWS_TAKES)
            | models.Q(state__in=RUNNING, expires_at=None, created_at__gt=now - PAGE_LIVES)
            | models.Q(state="pending", created_at__gt=now - LONGEST_DEBIT)
            | models.Q(state="parked", return_reason="")
        )


class GuestPurchase(StripeObject):
    """One purchase of somebody who was not signed in. It opens nothing until it is claimed through the mailbox (K2)."""

    class State(models.TextChoices):
        PLANNED = "planned", _("planned")
        OPEN = "open", _("open")
        #: A debit: pressed through, and the money has not come.
        PENDING = "pending", _("on its way")
        PARKED = "parked", _("waits to be claimed")
        CLAIMED = "claimed", _("claimed")
        #: Over at Stripe before anybody came for it: cancelled, refunded, charged back.
        ENDED = "ended", _("ended")
        RETURNED = "returned", _("cancelled and refunded")
        EXPIRED = "expired", pgettext_lazy("checkout", "expired")

    class Reason(models.TextChoices):
        """Why the money goes back."""

        NO_PLACE = "no_place", _("no place was left")
        STAFF = "staff", _("by the site")
        CLAIMER = "claimer", _("they have it already")
        WITHDRAWN = "withdrawn", _("withdrawn from")

    #: What is over gives the right to withdraw too, for as long as it lasts.
    WITHDRAWABLE = (State.PARKED, State.ENDED)

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    membership = models.ForeignKey("Membership", on_delete=models.PROTECT, related_name="+")
    price = models.ForeignKey("Price", on_delete=models.PROTECT, related_name="+")
    promotion_code = models.ForeignKey("PromotionCode", null=True, on_delete=models.PROTECT, related_name="+")
    session_id = models.CharField(max_length=255, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PLANNED)
    language = models.CharField(max_length=15, blank=True, default="")
    setup_fee = models.PositiveBigIntegerField(default=0)
    #: Which terms were accepted, and when (X16). Empty: the site has none.
    terms_version = models.CharField(max_length=255, blank=True, default="")
    terms_accepted_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(_("begun"))
    #: As they typed it, and as Stripe collected it; and in the one form in which addresses are compared (K5).
    email = models.EmailField(_("e-mail"), max_length=320, blank=True)
    mailbox = models.CharField(max_length=320, blank=True, db_index=True)
    #: The subscription at Stripe; for what is paid once, the payment. Empty until it is paid.
    stripe_id = models.CharField(max_length=255, blank=True)
    customer_id = models.CharField(max_length=255, blank=True)
    amount = models.PositiveBigIntegerField(default=0)
    currency = models.CharField(max_length=3, blank=True)
    paid_at = models.DateTimeField(_("paid"), null=True)
    period_end = models.DateTimeField(null=True)
    cancel_at = models.DateTimeField(null=True)
    #: Of the link that claims it: which one is the present one, its hash, and until when it holds.
    link = models.PositiveSmallIntegerField(default=0)
    token_hash = models.CharField(max_length=64, blank=True)
    link_until = models.DateTimeField(null=True)
    reminders = models.PositiveSmallIntegerField(default=0)
    #: When we had Stripe not renew it, because nobody came.
    stopped_at = models.DateTimeField(null=True)
    return_reason = models.CharField(max_length=10, choices=Reason, blank=True, default="")
    returned_at = models.DateTimeField(null=True)
    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("claimed by")
    )
    claimed_at = models.DateTimeField(_("claimed"), null=True)
    #: Counts the facts told about it, so that each has a key of its own.
    turn = models.PositiveIntegerField(default=0)
    #: When the read that was last written had started (fence).
    read_started_at = models.DateTimeField(null=True)

    objects = GuestPurchaseQuerySet.as_manager()

    class Meta:
        verbose_name = _("purchase without an account")
        verbose_name_plural = _("purchases without an account")
        default_permissions = ("view", "change")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "livemode", "session_id"],
                condition=~models.Q(session_id=""),
                name="lmsm_one_guest_per_session",
            ),
            models.UniqueConstraint(
                fields=["account", "livemode", "stripe_id"],
                condition=~models.Q(stripe_id=""),
                name="lmsm_one_guest_per_payment",
            ),
            models.UniqueConstraint(
                fields=["token_hash"], condition=~models.Q(token_hash=""), name="lmsm_one_guest_per_link"
            ),
            models.CheckConstraint(
                condition=models.Q(claimed_at=None) | models.Q(state="claimed"), name="lmsm_claimed_says_so"
            ),
        ]
        indexes = [
            models.Index(
                fields=["membership"],
                condition=models.Q(state__in=["planned", "open", "pending", "parked"]),
                name="lmsm_guests_with_a_place",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.uuid}: {self.state}"

    @property
    def money(self) -> Money | None:
        """What was paid at first; None: nothing yet."""
        return Money(self.amount, self.currency) if self.currency else None

    @property
    def is_recurring(self) -> bool:
        return self.stripe_id.startswith("sub_") if self.stripe_id else self.price.is_recurring

    @property
    def is_claimable(self) -> bool:
        """Paid for, and nobody's."""
        return self.state == self.State.PARKED and not self.return_reason

    @property
    def masked_email(self) -> str:
        """As much as its owner needs to know which mailbox to look into: a…@school.test."""
        local, at, domain = self.email.rpartition("@")
        return f"{local[:1]}…@{domain}" if at else ""
