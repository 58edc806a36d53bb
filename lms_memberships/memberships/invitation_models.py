"""Which invitation links are there, and on what terms do they let somebody in? InvitationLink (V8, V24 to V27, S22)."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from ..payments.connect import Connection
    from ..payments.gateway import Gateway

#: Ten years: what shall be longer is for good.
MOST_DAYS = 3650


class InvitationQuerySet(models.QuerySet["InvitationLink"]):
    """Questions about invitations."""

    def shown_at(self, connection: "Gateway | Connection | None") -> "InvitationQuerySet":
        """What is free belongs to no account; what is paid to the one in which its price is."""
        if connection is None:
            return self.filter(price=None)
        here = models.Q(price__account=connection.account_id, price__livemode=connection.livemode)
        return self.filter(here | models.Q(price=None))


class InvitationLink(models.Model):
    """One link that a creator hands out. Who may use it, how often, until when, and at which price."""

    class Kind(models.TextChoices):
        SINGLE = "single", _("for one person")
        MANY = "many", _("for several people")

    membership = models.ForeignKey(
        "Membership", verbose_name=_("membership"), on_delete=models.CASCADE, related_name="invitations"
    )
    #: One of its prices, hidden ones too. Null: free access.
    price = models.ForeignKey("Price", null=True, on_delete=models.PROTECT, related_name="+")
    #: How long free access lasts: so many days, or until a moment. Neither: for good.
    days = models.PositiveSmallIntegerField(null=True, validators=[MinValueValidator(1), MaxValueValidator(MOST_DAYS)])
    access_until = models.DateTimeField(null=True)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.SINGLE)
    #: Null: no limit. For one person it is one.
    max_uses = models.PositiveIntegerField(_("at most"), null=True)
    expires_at = models.DateTimeField(_("expires"), null=True)
    #: Only an account with this address may use it. Empty: whoever has the link.
    email = models.EmailField(_("only for"), max_length=320, blank=True, default="")
    promotion_code = models.ForeignKey("PromotionCode", null=True, on_delete=models.PROTECT, related_name="+")
    note = models.CharField(_("note"), max_length=200, blank=True, default="")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(_("made"))
    revoked_at = models.DateTimeField(null=True)
    #: The link is found by this, and cannot be read from it.
    token_hash = models.CharField(max_length=64, unique=True)
    #: From this and the site's secret key a link for several people is made again. Empty: nothing can make it again.
    nonce = models.CharField(max_length=64, blank=True, default="")
    #: Of the form that made it: sent twice, it makes one.
    form_token = models.UUIDField(unique=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        verbose_name = _("invitation link")
        verbose_name_plural = _("invitation links")
        ordering = ["-created_at", "-pk"]
        default_permissions = ("add", "change", "view")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(price=None) | models.Q(days=None, access_until=None),
                name="lmsm_only_free_access_has_an_end_of_its_own",
            ),
            models.CheckConstraint(
                condition=models.Q(days=None) | models.Q(access_until=None),
                name="lmsm_free_access_has_one_end",
            ),
            models.CheckConstraint(
                condition=models.Q(price__isnull=False) | models.Q(promotion_code=None),
                name="lmsm_nothing_is_taken_off_what_is_free",
            ),
            models.CheckConstraint(
                condition=~models.Q(kind="single") | models.Q(max_uses=1), name="lmsm_for_one_person_is_one_use"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk} → {self.membership_id}"

    @property
    def is_free(self) -> bool:
        return self.price_id is None

    @property
    def is_limited(self) -> bool:
        return self.max_uses is not None

    @property
    def can_be_shown_again(self) -> bool:
        """Of one person's link only whoever has it knows it."""
        return self.kind == self.Kind.MANY and bool(self.nonce)

    def is_over(self, now: datetime) -> bool:
        """Whether its last day has passed."""
        return self.expires_at is not None and self.expires_at <= now

    def free_until(self, now: datetime) -> datetime | None:
        """Until when free access lasts that begins now. None: for good."""
        return self.access_until if self.days is None else now + timedelta(days=self.days)
