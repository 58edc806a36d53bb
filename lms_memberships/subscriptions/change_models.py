"""Which changes of tier were asked for, and what became of each? TierChange."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from ..memberships.ladder_models import When

#: So long a change that was begun keeps its place, while nobody knows what Stripe made of it.
BEGUN_FOR = timedelta(minutes=33)


class TierChangeQuerySet(models.QuerySet["TierChange"]):
    """Questions about changes."""

    def running(self) -> "TierChangeQuerySet":
        """Not over as far as we know: at most one for each subscription."""
        return self.filter(state__in=TierChange.RUNNING)

    def taking_a_place(self, now: datetime) -> "TierChangeQuerySet":
        """It will come true, or still may: the place in the other membership is theirs meanwhile."""
        state = TierChange.State
        return self.filter(
            models.Q(state=state.BEGUN, created_at__gt=now - BEGUN_FOR)
            | models.Q(state=state.WAITING, due_at__gt=now)
            | models.Q(state=state.PLANNED)
        )


class TierChange(models.Model):
    """One change of one subscription to another membership of its ladder (V29, V30)."""

    class State(models.TextChoices):
        BEGUN = "begun", _("begun")
        #: Stripe has it, and changes nothing until it is paid (G15).
        WAITING = "waiting", _("waiting for the payment")
        PLANNED = "planned", _("planned for the end of the period")
        DONE = "done", _("done")
        DROPPED = "dropped", _("came to nothing")

    RUNNING = (State.BEGUN, State.WAITING, State.PLANNED)

    subscription = models.ForeignKey("Subscription", on_delete=models.CASCADE, related_name="tier_changes")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    #: Where to, and at which price.
    membership = models.ForeignKey("Membership", on_delete=models.PROTECT, related_name="+")
    price = models.ForeignKey("Price", on_delete=models.PROTECT, related_name="+")
    when = models.CharField(max_length=12, choices=When)
    state = models.CharField(max_length=10, choices=State, default=State.BEGUN)
    created_at = models.DateTimeField()
    #: Until when it can be paid, or when it comes true.
    due_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)

    objects = TierChangeQuerySet.as_manager()

    class Meta:
        verbose_name = _("change of tier")
        verbose_name_plural = _("changes of tier")
        ordering = ["-created_at", "-pk"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["subscription"],
                condition=models.Q(state__in=["begun", "waiting", "planned"]),
                name="lmsm_one_running_change",
            ),
        ]
        indexes = [
            models.Index(
                fields=["membership", "user"],
                condition=models.Q(state__in=["begun", "waiting", "planned"]),
                name="lmsm_changes_with_a_place",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subscription_id} → {self.membership_id}: {self.state}"
