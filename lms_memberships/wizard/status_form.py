"""Step 3: draft or published? The choice that the button at the foot carries out (U24–U27)."""

from collections.abc import Iterable

from django import forms
from django.db import models
from django.utils.translation import gettext_lazy as _
from wagtail.admin.staticfiles import versioned_static

from .members_form import MembersForm


class Status(models.TextChoices):
    """What the membership shall be after this step."""

    DRAFT = "draft", _("Draft: students cannot see it or buy it")
    PUBLISHED = "published", _("Published: students can see it and buy it")


class StatusSelect(forms.RadioSelect):
    """Radio buttons that tell the last button what it will do."""

    def __init__(self, attrs: dict | None = None, choices: Iterable = ()) -> None:
        ours = {"data-lms-status-target": "choice", "data-action": "lms-status#changed"}
        super().__init__(ours | (attrs or {}), choices)

    @property
    def media(self) -> forms.Media:
        return forms.Media(js=[versioned_static("lms_memberships/wizard/status.js")])


class StatusForm(MembersForm):
    """The schedule fields of Wagtail, and the status, which is no column: the row's ``live`` says it."""

    # A form that sends none means its button: only the page offers the choice.
    status = forms.ChoiceField(
        label=_("Status"), choices=Status, widget=StatusSelect, required=False, initial=Status.PUBLISHED
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["status"]
        if not may_publish(self.for_user):
            field.disabled = True
            field.initial = Status.PUBLISHED if self.instance.live else Status.DRAFT
            field.help_text = _("You may prepare memberships. Somebody with the right to publish puts them on sale.")

    def wants_draft(self) -> bool:
        """Whether the person chose that it shall not be on sale."""
        return self.cleaned_data.get("status") == Status.DRAFT


def may_publish(user: object) -> bool:
    return user is not None and user.has_perm("lms_memberships.publish_membership")
