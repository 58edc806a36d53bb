"""Which e-mails are on, and which are owed? The switches and the outbox."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class EmailSwitch(models.Model):
    """One e-mail switched on or off: for all memberships, or for a single one, which then wins (U31)."""

    kind = models.CharField(_("e-mail"), max_length=40)
    #: Null: for all memberships.
    membership = models.ForeignKey(
        "Membership", null=True, blank=True, on_delete=models.CASCADE, related_name="email_switches"
    )
    is_on = models.BooleanField(_("on"), default=False)

    class Meta:
        verbose_name = _("e-mail setting")
        verbose_name_plural = _("e-mail settings")
        default_permissions = ("change",)
        constraints = [
            models.UniqueConstraint(fields=["kind", "membership"], name="lmsm_one_switch_per_membership"),
            models.UniqueConstraint(
                fields=["kind"], condition=models.Q(membership__isnull=True), name="lmsm_one_switch_for_all"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.is_on}"


class Email(models.Model):
    """One e-mail owed to one person for one fact. ``key`` is unique: never twice for one fact (F4)."""

    class State(models.TextChoices):
        OWED = "owed", _("waiting")
        SENT = "sent", _("sent")
        #: Handed over, but the answer was lost: not sent again by itself (F1).
        UNKNOWN = "unknown", _("not certain")
        FAILED = "failed", _("failed")
        #: Not true any more when its turn came, or too old to be news (F2, F3, E7).
        DROPPED = "dropped", _("no longer true")

    key = models.CharField(max_length=255, unique=True)
    kind = models.CharField(_("e-mail"), max_length=40)
    recipient = models.EmailField(_("to"), max_length=320)
    language = models.CharField(max_length=15)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    membership = models.ForeignKey("Membership", null=True, on_delete=models.SET_NULL, related_name="+")
    subscription = models.ForeignKey("Subscription", null=True, on_delete=models.SET_NULL, related_name="+")
    invoice = models.ForeignKey("Invoice", null=True, on_delete=models.SET_NULL, related_name="+")
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OWED)
    attempts = models.PositiveSmallIntegerField(default=0)
    owed_at = models.DateTimeField()
    #: When the fact came true, in the domain's time: late news is no news (E7). Null: not known.
    happened_at = models.DateTimeField(null=True)
    #: What the mail names, as it was when the fact came true (F11).
    context = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()), blank=True)
    next_try_at = models.DateTimeField()
    leased_until = models.DateTimeField(null=True)
    lease_token = models.CharField(max_length=32, blank=True, default="", db_default="")
    sent_at = models.DateTimeField(null=True)
    #: An uncertain one was sent a second time by itself: once, and never again (F1).
    resent_at = models.DateTimeField(null=True)
    subject = models.CharField(max_length=255, blank=True)
    failure = models.TextField(blank=True)
    #: The mail service's own id, by which its later news are known.
    service_id = models.CharField(max_length=255, blank=True, default="", db_default="", db_index=True)
    #: What the service told after it had accepted the mail: bounced, complained, … Empty: nothing bad.
    outcome = models.CharField(max_length=20, blank=True, default="", db_default="")
    outcome_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("e-mail")
        verbose_name_plural = _("e-mails")
        default_permissions = ("view",)
        permissions = [("send_again_email", "Can send e-mails again")]
        ordering = ["-owed_at", "-pk"]
        indexes = [
            models.Index(fields=["next_try_at"], condition=models.Q(state="owed"), name="lmsm_emails_waiting"),
            models.Index(
                fields=["next_try_at"],
                condition=models.Q(state="unknown", resent_at__isnull=True),
                name="lmsm_emails_uncertain",
            ),
            # The front page counts those that were given up, each time.
            models.Index(
                fields=["state"], condition=models.Q(state__in=["failed", "unknown"]), name="lmsm_emails_given_up"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} → {self.recipient}"


class MailNews(models.Model):
    """One call of the mail service about a mail that it had taken; services repeat themselves (F10)."""

    event_id = models.CharField(max_length=255, unique=True)
    type = models.CharField(max_length=30)
    email = models.ForeignKey(Email, null=True, on_delete=models.CASCADE, related_name="news")
    received_at = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.type} {self.event_id}"
