"""Who wanted to leave, why, and what was offered to them? Departure, StayOffer (X14)."""

from django.db import models
from django.utils.translation import gettext_lazy as _

LONGEST_COMMENT = 500


class Feedback(models.TextChoices):
    """Why somebody leaves, in Stripe's own words (``cancellation_details.feedback``), so that both count alike."""

    TOO_EXPENSIVE = "too_expensive", _("It is too expensive")
    UNUSED = "unused", _("I do not use it enough")
    MISSING_FEATURES = "missing_features", _("Something that I need is missing")
    LOW_QUALITY = "low_quality", _("It is not as good as I expected")
    TOO_COMPLEX = "too_complex", _("It is too difficult to use")
    SWITCHED_SERVICE = "switched_service", _("I go somewhere else")
    CUSTOMER_SERVICE = "customer_service", _("I was not helped well")
    OTHER = "other", _("Another reason")


class Departure(models.Model):
    """One wish to end one subscription. It is kept until Stripe has confirmed it, and afterwards for reports (G24)."""

    class Way(models.TextChoices):
        ACCOUNT = "account", _("on the account page")
        LINK = "link", _("by the link in a mail")

    class State(models.TextChoices):
        #: Stripe has not confirmed it: the job goes on asking.
        ASKED = "asked", _("waiting for Stripe")
        DONE = "done", _("done")
        #: Taken back, whether Stripe had confirmed it or not.
        DROPPED = "dropped", _("taken back")

    subscription = models.ForeignKey("Subscription", on_delete=models.CASCADE, related_name="departures")
    feedback = models.CharField(_("reason"), max_length=20, choices=Feedback, blank=True)
    comment = models.TextField(_("comment"), max_length=LONGEST_COMMENT, blank=True)
    way = models.CharField(max_length=10, choices=Way, default=Way.ACCOUNT)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.ASKED)
    #: When the person said so; what is billed after that is given back.
    asked_at = models.DateTimeField(_("asked"))
    #: None: under way, or dropped because there was nothing that could be ended.
    settled_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("cancellation")
        verbose_name_plural = _("cancellations")
        default_permissions = ()
        ordering = ["-asked_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["subscription"], condition=models.Q(state="asked"), name="lmsm_one_departure_under_way"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subscription_id}: {self.state}"

    @property
    def is_taken_back(self) -> bool:
        return self.state == self.State.DROPPED and self.settled_at is not None


class StayOffer(models.Model):
    """What was offered to somebody who wanted to leave: once for each subscription, taken or not (V53)."""

    subscription = models.OneToOneField("Subscription", on_delete=models.CASCADE, related_name="stay_offer")
    code = models.ForeignKey("PromotionCode", on_delete=models.PROTECT, related_name="+")
    answered_at = models.DateTimeField()
    is_taken = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("offer to stay")
        verbose_name_plural = _("offers to stay")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.subscription_id}: {'taken' if self.is_taken else 'declined'}"
