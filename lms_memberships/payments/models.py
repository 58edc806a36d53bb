"""What do we remember of the provider? The account, its customers, its calls, and what we asked of it."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from .connect import Connection
    from .gateway import Gateway


class StripeObject(models.Model):
    """A row that holds a Stripe id also says in which account and mode: the same id may exist in two."""

    account = models.CharField(_("Stripe account"), max_length=64, blank=True, default="")
    livemode = models.BooleanField(_("live mode"), default=False)

    class Meta:
        abstract = True

    def is_of(self, connection: "Gateway | Connection") -> bool:
        """Whether that account, in that mode, can be asked about it."""
        return (self.account, self.livemode) == (connection.account_id, connection.livemode)


class Account(models.Model):
    """The seller's Stripe account, as it was last read with the configured key."""

    stripe_id = models.CharField(_("account id"), max_length=64)
    livemode = models.BooleanField(_("live mode"))
    #: Which key read it. A changed key makes the row stale at once; the key itself is never stored.
    key_fingerprint = models.CharField(max_length=64, unique=True)
    name = models.CharField(_("name"), max_length=255, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    default_currency = models.CharField(_("default currency"), max_length=3, blank=True)
    charges_enabled = models.BooleanField(_("can charge"), default=False)
    disabled_reason = models.CharField(_("why not"), max_length=255, blank=True)
    requirements_due = models.JSONField(_("what Stripe still asks for"), default=list, blank=True)
    checked_at = models.DateTimeField(_("last checked"))
    failure = models.TextField(_("last failure"), blank=True)

    class Meta:
        verbose_name = _("Stripe account")
        verbose_name_plural = _("Stripe accounts")
        default_permissions = ("view",)
        permissions = [("connect_account", "Can connect and check the Stripe account")]

    def __str__(self) -> str:
        return self.name or self.stripe_id


class Customer(StripeObject):
    """One customer at Stripe for one person in one account: nobody is two customers (X8)."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    stripe_id = models.CharField(_("customer id"), max_length=255)
    #: The card that they pay with, as it was seen last: another one since then is the person's wish. Null: never seen.
    card_id = models.CharField(max_length=255, null=True)  # noqa: DJ001 - "none" and "never looked" differ
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["account", "livemode", "stripe_id"], name="lmsm_one_row_per_customer"),
            models.UniqueConstraint(fields=["account", "livemode", "user"], name="lmsm_one_customer_per_person"),
        ]

    def __str__(self) -> str:
        return self.stripe_id


class PortalConfiguration(StripeObject):
    """How Stripe's billing portal is set up for this site: its id there, and which of our settings it was made from."""

    stripe_id = models.CharField(max_length=255)
    settings_hash = models.CharField(max_length=64)
    kept_at = models.DateTimeField()

    class Meta:
        verbose_name = _("portal configuration")
        verbose_name_plural = _("portal configurations")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["account", "livemode"], name="lmsm_one_portal_per_account"),
        ]

    def __str__(self) -> str:
        return self.stripe_id


class WebhookEvent(StripeObject):
    """A call of the provider's, noted before it was answered. A hint: which object to read again."""

    class State(models.TextChoices):
        RECEIVED = "received", _("received")
        DONE = "done", _("done")
        IGNORED = "ignored", _("ignored")
        DEAD = "dead", _("given up")

    event_id = models.CharField(max_length=255)
    type = models.CharField(max_length=100)
    object_id = models.CharField(max_length=255, blank=True)
    #: Events about one subscription are worked off with one read of it.
    subscription_id = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField()
    received_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.RECEIVED)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField()
    leased_until = models.DateTimeField(null=True)
    #: Whose lease it is. Whoever comes back late finds another's token, and may not settle the row any more (B11).
    lease_token = models.CharField(max_length=32, blank=True, default="", db_default="")
    error = models.TextField(blank=True)

    class Meta:
        verbose_name = _("webhook event")
        verbose_name_plural = _("webhook events")
        default_permissions = ("view",)
        permissions = [("try_again_webhookevent", "Can work off webhook events again")]
        constraints = [
            models.UniqueConstraint(fields=["account", "livemode", "event_id"], name="lmsm_one_row_per_event"),
        ]
        indexes = [
            models.Index(fields=["next_try_at"], condition=models.Q(state="received"), name="lmsm_events_waiting"),
            models.Index(fields=["state"], condition=models.Q(state="dead"), name="lmsm_events_given_up"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.event_id}"


class Intent(StripeObject):
    """A write that we mean to make at Stripe, noted before it is made (design §5; faults D1–D4)."""

    class State(models.TextChoices):
        PLANNED = "planned", _("planned")
        SENT = "sent", _("sent")
        CONFIRMED = "confirmed", _("confirmed")
        REFUSED = "refused", _("refused")
        UNKNOWN = "unknown", _("unknown")

    purpose = models.CharField(max_length=40)
    #: The id of our row that this is about.
    subject = models.CharField(max_length=100)
    idempotency_key = models.CharField(max_length=255, unique=True)
    parameters = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PLANNED)
    result_id = models.CharField(max_length=255, blank=True)
    failure = models.TextField(blank=True)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    #: When a worker looks again what came of it; null once nothing is open.
    next_look_at = models.DateTimeField(null=True)
    looks = models.PositiveSmallIntegerField(default=0, db_default=0)

    class Meta:
        verbose_name = _("intent")
        verbose_name_plural = _("intents")
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["state", "created_at"], name="lmsm_intents_by_state"),
            # Before each write at Stripe: was it made already?
            models.Index(fields=["purpose", "subject"], name="lmsm_intents_by_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.subject}: {self.state}"


class Throttle(StripeObject):
    """When the next background call to this account is free: shared by every process of the site (D5)."""

    free_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["account", "livemode"], name="lmsm_one_throttle_per_account")]

    def __str__(self) -> str:
        return f"{self.account}: {self.free_at}"
