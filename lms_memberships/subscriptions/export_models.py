"""Which lists of people were asked for as a file, by whom, and how far are they? PeopleExport, and its parts."""

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class PeopleExport(models.Model):
    """One file for one person, once, within a day. It lies in the database: no address serves it but ours (S20).

    Ready without a part of it: it was fetched.
    """

    class State(models.TextChoices):
        PLANNED = "planned", pgettext_lazy("export", "being made")
        READY = "ready", pgettext_lazy("export", "ready")
        FAILED = "failed", pgettext_lazy("export", "failed")

    class Format(models.TextChoices):
        XLSX = "xlsx", "XLSX"
        CSV = "csv", "CSV"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    #: Nobody else is given it, whatever they may do.
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    purpose = models.CharField(max_length=20, default="people")
    format = models.CharField(max_length=4, choices=Format)
    #: In which its headings and states are written.
    language = models.CharField(max_length=15)
    #: Who is in it, as ``people_listing.Wanted`` says it, at which moment of the domain.
    wanted = models.JSONField(default=dict)
    as_of = models.DateTimeField()
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PLANNED)
    #: The key of the last person who is in it: the next part begins behind it.
    last_key = models.CharField(max_length=64, blank=True, default="")
    is_collected = models.BooleanField(default=False)
    people = models.PositiveIntegerField(default=0)
    parts_made = models.PositiveIntegerField(default=0)
    #: Wall time.
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    failure = models.TextField(blank=True, default="")
    next_try_at = models.DateTimeField()
    leased_until = models.DateTimeField(null=True)
    lease_token = models.CharField(max_length=32, blank=True, default="")

    class Meta:
        verbose_name = _("export of people")
        verbose_name_plural = _("exports of people")
        default_permissions = ()
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(fields=["next_try_at"], condition=models.Q(state="planned"), name="lmsm_exports_waiting"),
            models.Index(fields=["expires_at"], name="lmsm_exports_running_out"),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.format}"


class PeopleExportPart(models.Model):
    """A thousand rows, or a piece of the finished file."""

    class Kind(models.TextChoices):
        ROWS = "rows", "rows"
        FILE = "file", "file"

    export = models.ForeignKey(PeopleExport, on_delete=models.CASCADE, related_name="parts")
    kind = models.CharField(max_length=4, choices=Kind)
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        verbose_name = _("part of an export")
        verbose_name_plural = _("parts of exports")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["export", "kind", "number"], name="lmsm_each_part_of_an_export_once"),
        ]

    def __str__(self) -> str:
        return f"{self.export_id}: {self.kind} {self.number}"
