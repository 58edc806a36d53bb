"""Does saving a draft touch what students hold? Never, once it was published."""

from django.db import models
from wagtail.admin.forms.models import WagtailAdminModelForm


class DraftForm(WagtailAdminModelForm):
    """The base of every step's form.

    Wagtail writes the draft of anything that is not live straight to its rows. A membership that was unpublished
    still has members, and their access asks those rows: what was published once changes only by publishing.
    """

    def save(self, commit: bool = True) -> models.Model:  # noqa: FBT001, FBT002 - Django's own signature
        return super().save(commit=commit and self.instance.first_published_at is None)
