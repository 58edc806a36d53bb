"""What does a creator fill in to sell tiers? The memberships in order, when changes happen, and the upsell page."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ...memberships.ladder_models import Ladder
from ...memberships.models import Membership
from .fields import TiersField, moved


class LadderForm(forms.ModelForm):
    """The ladder itself; saving is for ``ladder_making``, which also tells everybody what opened."""

    tiers = TiersField(
        label=_("Tiers"),
        help_text=_(
            "The lowest first. A higher tier contains everything in the lower ones. Only memberships whose prices renew "
            "can be tiers, and a membership is in one ladder only."
        ),
    )
    upsell_video = forms.URLField(
        label=_("Video"),
        required=False,
        max_length=200,
        assume_scheme="https",
        validators=[URLValidator(schemes=["https"])],
        help_text=_("A link that begins with https://. The page has a button that opens it in a new window."),
    )

    class Meta:
        model = Ladder
        fields = ("title", "is_on", "tiers", "up_when", "down_when", "upsell_title", "upsell_text", "upsell_video")
        help_texts = {
            "title": _("For you, and for students where the page has no title of its own."),
            "up_when": _("When somebody changes to a higher tier."),
            "down_when": _("When somebody changes to a lower tier."),
            "upsell_title": _("Above the tiers, for example: Go further with Gold."),
            "upsell_text": _("GitHub-flavoured Markdown: **bold**, lists, tables and links work."),
        }

    field_order = Meta.fields

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ladder = self.instance.pk
        if ladder and "tiers" not in self.initial:
            rows = self.instance.tiers.order_by("sort_order", "pk")
            self.initial["tiers"] = [str(pk) for pk in rows.values_list("membership_id", flat=True)]
        free = Membership.objects.filter(Q(tier=None) | Q(tier__ladder=ladder)).order_by("title", "pk")
        self.fields["tiers"].widget.choices = tuple(free.values_list("pk", "title"))

    def clean_tiers(self) -> list[Membership]:
        tiers = self.cleaned_data["tiers"]
        if not tiers:
            raise ValidationError(_("Choose at least one membership."))
        return tiers

    @classmethod
    def rearranged(cls, data: Mapping[str, Any], ladder: Ladder) -> "LadderForm":
        """What was typed with one tier moved: shown again, not checked and not saved. ``move`` is the button's."""
        typed = {name: field.widget.value_from_datadict(data, {}, name) for name, field in cls.base_fields.items()}
        return cls(instance=ladder, initial=typed | {"tiers": moved(data, "tiers", str(data.get("move", "")))})
