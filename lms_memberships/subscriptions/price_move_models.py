"""Who is moved from an old price to a new one, when, and how far is it? PriceMove, and one PriceMoveEntry a person (X11)."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ..payments.models import StripeObject


class PriceMove(StripeObject):
    """Members of one membership who pay an old price are to pay another, from a date that they are told in time."""

    class State(models.TextChoices):
        PLANNED = "planned", pgettext_lazy("price change", "under way")
        CANCELLED = "cancelled", pgettext_lazy("price change", "called off")
        DONE = "done", pgettext_lazy("price change", "done")

    membership = models.ForeignKey("Membership", on_delete=models.PROTECT, related_name="price_moves")
    old_price = models.ForeignKey("Price", on_delete=models.PROTECT, related_name="+")
    new_price = models.ForeignKey("Price", on_delete=models.PROTECT, related_name="+")
    #: From then on subscriptions are changed; each pays the new price with its next renewal after that.
    move_at = models.DateTimeField(_("date"))
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PLANNED)
    created_at = models.DateTimeField(_("begun"))
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("price change")
        verbose_name_plural = _("price changes")
        default_permissions = ()
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["old_price"], condition=models.Q(state="planned"), name="lmsm_one_move_from_a_price"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.old_price_id} → {self.new_price_id}: {self.state}"


class PriceMoveEntry(models.Model):
    """One person's part in it. Nobody is moved who was not told, and nobody twice."""

    class State(models.TextChoices):
        PLANNED = "planned", pgettext_lazy("price change of a person", "to be told")
        TOLD = "told", pgettext_lazy("price change of a person", "told")
        DONE = "done", pgettext_lazy("price change of a person", "moved")
        SKIPPED = "skipped", pgettext_lazy("price change of a person", "left out")
        FAILED = "failed", pgettext_lazy("price change of a person", "failed")

    move = models.ForeignKey(PriceMove, on_delete=models.CASCADE, related_name="entries")
    subscription = models.ForeignKey("Subscription", on_delete=models.CASCADE, related_name="price_move_entries")
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PLANNED)
    #: Why it was left out or failed, by its code; of a failure, Stripe's words are beside it.
    reason = models.CharField(max_length=20, blank=True, default="")
    failure = models.TextField(blank=True, default="")
    #: How often they were told: a second notice is a second e-mail.
    tellings = models.PositiveSmallIntegerField(default=0)
    told_at = models.DateTimeField(_("told"), null=True)
    #: Not before: the date of the move, or the days of notice after they were told, whichever is later.
    due_at = models.DateTimeField(null=True)
    #: What they were told: their first renewal at the new price.
    applies_from = models.DateTimeField(_("new price from"), null=True)
    done_at = models.DateTimeField(_("moved"), null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField()
    leased_until = models.DateTimeField(null=True)
    lease_token = models.CharField(max_length=32, blank=True, default="")

    class Meta:
        verbose_name = _("price change of a person")
        verbose_name_plural = _("price changes of persons")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["move", "subscription"], name="lmsm_moved_once_in_a_price_change"),
        ]
        indexes = [
            models.Index(fields=["next_try_at"], condition=models.Q(state="planned"), name="lmsm_moves_to_be_told"),
            models.Index(fields=["due_at"], condition=models.Q(state="told"), name="lmsm_moves_due"),
            models.Index(fields=["move", "state"], name="lmsm_moves_by_state"),
        ]

    def __str__(self) -> str:
        return f"{self.move_id}: {self.subscription_id} {self.state}"


#: Something is still to be done.
OPEN = (PriceMoveEntry.State.PLANNED, PriceMoveEntry.State.TOLD)
