"""What has to be told to the rest of the site? One row a fact that somebody listens to, told after commit (B12)."""

from django.db import models


class Announcement(models.Model):
    """A fact that ``events.announced`` still owes its receivers. At least once; receivers cannot break us."""

    class State(models.TextChoices):
        OWED = "owed"
        DONE = "done"

    key = models.CharField(max_length=255, unique=True)
    fact = models.CharField(max_length=60)
    values = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State, default=State.OWED)
    owed_at = models.DateTimeField()
    leased_until = models.DateTimeField(null=True)
    lease_token = models.CharField(max_length=32, blank=True, default="")

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["owed_at"], condition=models.Q(state="owed"), name="lmsm_announcements_waiting"),
        ]

    def __str__(self) -> str:
        return self.key
