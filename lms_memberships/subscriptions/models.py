"""What does a student hold, and what did they pay? Subscription, Checkout, Invoice."""

import uuid
from datetime import UTC, datetime

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ..money import Money
from ..payments.gateway import Gateway, SubscriptionStatus
from ..payments.models import StripeObject
from .invoice_models import Invoice as Invoice
from .mended_models import Reminded
from .queries import BILLED, NO_PLACE, PAID_FOR, UNKNOWN_PRICE, CheckoutQuerySet, SubscriptionQuerySet
from .status_words import STATUS_LABELS as STATUS_LABELS

#: "For good": paid once, or all instalments paid. Far, but a date that every database and every comparison can hold.
FOR_GOOD = datetime(9999, 1, 1, tzinfo=UTC)


class Subscription(Reminded, StripeObject):
    """What one student holds. Only ``lifecycle`` writes ``status`` and ``access_until``."""

    class Origin(models.TextChoices):
        BOUGHT = "bought", _("bought")
        GIFT = "gift", _("gift")
        SEAT = "seat", _("seat")
        GIVEN = "given", _("given")
        IMPORTED = "imported", _("imported")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="lms_subscriptions")
    membership = models.ForeignKey("Membership", on_delete=models.PROTECT, related_name="subscriptions")
    price = models.ForeignKey("Price", null=True, on_delete=models.PROTECT, related_name="+")
    origin = models.CharField(_("origin"), max_length=10, choices=Origin, default=Origin.BOUGHT)
    #: The subscription's id at Stripe; for what is paid once, the payment's. Empty for what was given.
    stripe_id = models.CharField(max_length=255, blank=True)
    customer_id = models.CharField(max_length=255, blank=True)
    is_recurring = models.BooleanField(default=True)
    status = models.CharField(
        _("status"), max_length=20, choices=[(status.value, label) for status, label in STATUS_LABELS.items()]
    )
    #: The one column that access asks. Null: closed.
    access_until = models.DateTimeField(_("access until"), null=True)
    #: The first invoice was paid, or was zero; before that no status opens anything.
    opened_at = models.DateTimeField(null=True)
    #: Whether the last fact told about access was "gained".
    is_open_told = models.BooleanField(default=False)
    amount = models.PositiveBigIntegerField(default=0)
    currency = models.CharField(max_length=3, blank=True)
    interval = models.CharField(max_length=12, blank=True)
    has_card = models.BooleanField(default=False)
    #: The language in which the student bought: their mails are written in it. Empty: the site's.
    language = models.CharField(max_length=15, blank=True, default="")
    started_at = models.DateTimeField(_("started"))
    period_start = models.DateTimeField(null=True)
    period_end = models.DateTimeField(null=True)
    trial_end = models.DateTimeField(null=True)
    #: The end of the trial that the student was reminded of: once, unless the trial is moved.
    trial_reminded_for = models.DateTimeField(null=True)
    #: Where the first unpaid period began, or when its payment failed, if that was later (G2). Stripe moves the period on
    #: while a payment fails, again and again.
    unpaid_since = models.DateTimeField(null=True)
    #: When it will end before its time; null while it renews, and while nothing but its instalments end it.
    cancel_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    #: How Stripe treats invoices while payments are paused, and the end of what was paid if it makes none (G4).
    collection_paused = models.CharField(max_length=20, blank=True, default="", db_default="")
    void_from = models.DateTimeField(null=True)
    #: Whether Stripe takes a discount or a credit off the next payment, as it was last read: less than the price is due.
    is_reduced = models.BooleanField(default=False, db_default=False)
    #: The same membership bought twice (C6): this one opens nothing, and is cancelled and refunded.
    duplicate_of = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="+")
    undone_at = models.DateTimeField(null=True)
    #: What a person has to look at, by its code: a price that is none of the membership's, for instance. Empty: nothing.
    flag = models.CharField(max_length=30, blank=True, default="", db_default="")
    #: The schedule at Stripe that ends it after its instalments, or that changes it later (guide §7, §9).
    schedule_id = models.CharField(max_length=255, blank=True, default="", db_default="")
    #: How many instalments were really paid, and since when all of them are: then it is open for good (V10).
    instalments_paid = models.PositiveSmallIntegerField(default=0, db_default=0)
    paid_up_at = models.DateTimeField(null=True)
    #: Closed since then, whatever Stripe says of it: its payment is disputed (G7); or staff have closed it (P24), or its
    #: payment went back in full and the site wants that to close it (G9), and it is being ended at Stripe.
    #: What stood in ``access_until`` before is kept, for disputes are won too.
    suspended_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    is_revoked_by_refund = models.BooleanField(default=False, db_default=False)
    until_before = models.DateTimeField(null=True)
    #: When somebody said that an unknown price may stay so, and which one it is: another one is news again. Or, at a
    #: known price, that a double of another account may: read again from there, it is news again.
    left_alone_at = models.DateTimeField(null=True)
    unknown_price_id = models.CharField(max_length=255, blank=True, default="", db_default="")
    #: Counts the facts told about it, so that each has a key of its own.
    turn = models.PositiveIntegerField(default=0)
    #: The turn of the last cancellation, or of the last return from one. Null: not noted yet, it may be any so far.
    cancel_turn = models.PositiveIntegerField(null=True)
    #: When the read that was last written had started: an earlier one may not overwrite it (fence).
    read_started_at = models.DateTimeField(null=True)

    objects = SubscriptionQuerySet.as_manager()

    class Meta:
        verbose_name = _("subscription")
        verbose_name_plural = _("subscriptions")
        # Seeing people is "view"; everything that a creator does for one has its own (X24).
        default_permissions = ("view",)
        permissions = [
            ("give_access", "Can give people access"),
            ("extend_trial", "Can extend trials"),
            ("end_subscription", "Can cancel subscriptions and revoke access"),
            ("link_subscription", "Can link subscriptions that run at Stripe"),
            ("merge_accounts", "Can merge accounts"),
            ("export_people", "Can export people"),
        ]
        ordering = ["-started_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "livemode", "stripe_id"],
                condition=~models.Q(stripe_id=""),
                name="lmsm_one_row_per_subscription",
            ),
        ]
        indexes = [
            models.Index(fields=["user", "membership", "access_until"], name="lmsm_access_of_a_student"),
            models.Index(fields=["started_at", "id"], name="lmsm_people_by_their_start"),
            models.Index(
                fields=["access_until"], condition=models.Q(is_open_told=True), name="lmsm_access_running_out"
            ),
            # The few among a million that somebody has to look at, or a job to end.
            models.Index(fields=["flag"], condition=~models.Q(flag=""), name="lmsm_flagged"),
            models.Index(
                fields=["unpaid_since"], condition=models.Q(status__in=["past_due", "unpaid"]), name="lmsm_failing"
            ),
            models.Index(
                fields=["revoked_at"], condition=models.Q(is_revoked_by_refund=True), name="lmsm_revoked_by_refund"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} → {self.membership_id}: {self.status}"

    def is_live(self, now: datetime) -> bool:
        """Whether it gives access at that moment."""
        return self.access_until is not None and self.access_until > now

    @property
    def money(self) -> Money:
        """What one period costs, before discounts."""
        return Money(self.amount, self.currency)

    @property
    def began_at(self) -> datetime:
        """From when on it holds what is bundled: what came or went since then may be for others alone (G17)."""
        return self.opened_at or self.started_at

    def is_at(self, gateway: Gateway, stripe_id: str) -> bool:
        """Whether this is Stripe's object of that id, in the account and mode that the gateway speaks to."""
        return (self.stripe_id, self.account, self.livemode) == (stripe_id, gateway.account_id, gateway.livemode)

    def is_held(self, now: datetime) -> bool:
        """The same question as the query ``held``, about one row."""
        if self.duplicate_of_id is not None or self.is_foreign or self.has_no_place or self.has_failed_at_first:
            return False
        if not self.is_recurring or self.paid_up_at is not None:
            return self.is_live(now)
        return self.status in BILLED

    def is_charged_on(self, now: datetime) -> bool:
        """The same question as the query ``charged_on``, about one row."""
        is_paid_for = self.origin in PAID_FOR and self.is_held(now) and self.revoked_at is None
        return is_paid_for and self.is_recurring and self.paid_up_at is None and not self.ends_by_itself

    def is_bought_for_good(self, now: datetime) -> bool:
        """Held, and nothing is charged for it any more."""
        is_paid_for = self.origin in PAID_FOR and self.is_held(now) and self.revoked_at is None
        return is_paid_for and (not self.is_recurring or self.paid_up_at is not None)

    @property
    def ends_by_itself(self) -> bool:
        """As it is now, Stripe takes no more money for it."""
        is_trial_only = self.status == SubscriptionStatus.TRIALING and not self.has_card
        return self.cancel_at is not None or self.void_from is not None or is_trial_only

    @property
    def has_failed_at_first(self) -> bool:
        """Its first debit failed, and it never opened: nothing is held."""
        is_bought = self.origin == self.Origin.BOUGHT
        return is_bought and self.opened_at is None and self.status == SubscriptionStatus.PAST_DUE

    @property
    def is_foreign(self) -> bool:
        """Our metadata on a price that is none of the membership's: noted, and opened for nobody (S9)."""
        return self.flag == UNKNOWN_PRICE and self.opened_at is None

    @property
    def has_no_place(self) -> bool:
        """Paid after its reservation had run out, when the membership was full (J5)."""
        return self.flag == NO_PLACE

    @property
    def must_be_undone(self) -> bool:
        """Bought a second time, or without a place, and not yet given back."""
        return (self.duplicate_of_id is not None or self.has_no_place) and self.undone_at is None

    @property
    def taken_back_at(self) -> datetime | None:
        """Since when whoever paid has their money back, or is about to."""
        return min((at for at in (self.suspended_at, self.revoked_at) if at is not None), default=None)

    @property
    def is_for_good(self) -> bool:
        return self.access_until == FOR_GOOD


class Checkout(StripeObject):
    """One attempt of one student to buy one membership. The intent behind the hosted page (C6)."""

    class State(models.TextChoices):
        PLANNED = "planned", _("planned")
        OPEN = "open", _("open")
        COMPLETE = "complete", _("complete")
        EXPIRED = "expired", pgettext_lazy("checkout", "expired")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    membership = models.ForeignKey("Membership", on_delete=models.PROTECT, related_name="checkouts")
    price = models.ForeignKey("Price", on_delete=models.PROTECT, related_name="+")
    session_id = models.CharField(max_length=255, blank=True)
    url = models.TextField(blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.PLANNED)
    trial_days = models.PositiveSmallIntegerField(default=0)
    language = models.CharField(max_length=15, blank=True, default="")
    #: Minor units, paid once beside the first payment; frozen when the attempt began (C8).
    setup_fee = models.PositiveBigIntegerField(default=0, db_default=0)
    promotion_code = models.ForeignKey("PromotionCode", null=True, on_delete=models.PROTECT, related_name="checkouts")
    #: By which link they came; its use is held while this attempt runs, and used when it is complete.
    invitation = models.ForeignKey("InvitationLink", null=True, on_delete=models.PROTECT, related_name="checkouts")
    #: Which terms were shown beside the button, and when it was pressed (X16). Empty: the site has none.
    terms_version = models.CharField(max_length=255, blank=True, default="", db_default="")
    terms_accepted_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    subscription = models.ForeignKey(Subscription, null=True, on_delete=models.SET_NULL, related_name="checkouts")

    objects = CheckoutQuerySet.as_manager()

    class Meta:
        verbose_name = _("checkout")
        verbose_name_plural = _("checkouts")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["user", "membership"],
                condition=models.Q(state__in=["planned", "open"]),
                name="lmsm_one_open_checkout",
            ),
            models.UniqueConstraint(
                fields=["account", "livemode", "session_id"],
                condition=~models.Q(session_id=""),
                name="lmsm_one_row_per_session",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.uuid}: {self.state}"

    @property
    def is_noted_again(self) -> bool:
        """Made from what Stripe knew of a purchase that we had forgotten (E7): its page was never noted here."""
        return self.state == self.State.EXPIRED and not self.session_id

    def complete(self, subscription: Subscription) -> None:
        """It led to this subscription."""
        self.state, self.subscription = self.State.COMPLETE, subscription
        self.save(update_fields=["state", "subscription"])
