"""What is done for many people at once, for whom, and how far is it? PeopleJob, and one PeopleJobEntry a person (N6)."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class PeopleJob(models.Model):
    """One act, one membership, some people. Nothing happens before somebody has seen for whom, and said yes."""

    class Kind(models.TextChoices):
        CANCEL = "cancel", pgettext_lazy("for many people", "Cancel at the period's end")
        GIVE = "give", pgettext_lazy("for many people", "Give access until a date")

    class State(models.TextChoices):
        DRAFT = "draft", pgettext_lazy("for many people", "not confirmed")
        RUNNING = "running", pgettext_lazy("for many people", "under way")
        STOPPED = "stopped", pgettext_lazy("for many people", "stopped")
        DONE = "done", pgettext_lazy("for many people", "done")

    kind = models.CharField(max_length=10, choices=Kind)
    membership = models.ForeignKey("Membership", on_delete=models.CASCADE, related_name="people_jobs")
    #: For what is given: until when it is open.
    until = models.DateTimeField(null=True)
    #: Why, in the words of whoever asked.
    note = models.CharField(_("reason"), max_length=255, blank=True, default="")
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.DRAFT)
    created_at = models.DateTimeField(_("begun"))
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    confirmed_at = models.DateTimeField(null=True)
    #: In whose name it is done: whoever said yes.
    confirmed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("act for many people")
        verbose_name_plural = _("acts for many people")
        default_permissions = ()
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.kind} {self.membership_id}: {self.state}"


class PeopleJobEntry(models.Model):
    """One person's part in it. Each is done once, whoever runs it and how often."""

    class State(models.TextChoices):
        PLANNED = "planned", pgettext_lazy("one of many people", "to be done")
        DONE = "done", pgettext_lazy("one of many people", "done")
        SKIPPED = "skipped", pgettext_lazy("one of many people", "left out")
        FAILED = "failed", pgettext_lazy("one of many people", "failed")

    job = models.ForeignKey(PeopleJob, on_delete=models.CASCADE, related_name="entries")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    #: What is cancelled; of what is given, what came of it.
    subscription = models.ForeignKey("Subscription", null=True, on_delete=models.SET_NULL, related_name="+")
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PLANNED)
    #: Why it was left out or failed, by its code; of a failure, what was said is beside it.
    reason = models.CharField(max_length=20, blank=True, default="")
    failure = models.TextField(blank=True, default="")
    done_at = models.DateTimeField(pgettext_lazy("one of many people", "done on"), null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField()
    leased_until = models.DateTimeField(null=True)
    lease_token = models.CharField(max_length=32, blank=True, default="")

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["job", "user"], name="lmsm_each_person_once_in_a_job")]
        indexes = [
            models.Index(fields=["next_try_at"], condition=models.Q(state="planned"), name="lmsm_people_to_be_done"),
            models.Index(fields=["job", "state"], name="lmsm_people_by_state"),
        ]

    def __str__(self) -> str:
        return f"{self.job_id}: {self.user_id} {self.state}"
