"""How often did somebody try letters that only some people know? GuessTally."""

from django.db import models


class GuessTally(models.Model):
    """The latest tries of one address or one person. Who it is, is kept as a hash only."""

    #: What is guessed, and how whoever guesses is told apart: "promotion:address".
    kind = models.CharField(max_length=40)
    who = models.CharField(max_length=64)
    #: Moments of wall time, in seconds, oldest first; no more of them than may be tried.
    tries = models.JSONField(default=list)
    last_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["kind", "who"], name="lmsm_one_tally_of_guesses"),
        ]
        indexes = [models.Index(fields=["last_at"], name="lmsm_old_guesses")]

    def __str__(self) -> str:
        return f"{self.kind} {self.who[:8]}"
