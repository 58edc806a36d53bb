"""Step 2: which things are in the bundle? Ticked boxes become rows of the draft (U4–U6, U21, U22)."""

from collections.abc import Iterable

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from ..access.sight import visible_to
from ..bundles.models import Item
from ..memberships.models import BundleItem
from .draft_form import DraftForm


class BundleField(forms.ModelMultipleChoiceField):
    """Ticked items. One that was deleted while the page was open is left out: nobody could untick it."""

    default_error_messages = {"required": _("Choose at least one course, live session or product.")}

    def clean(self, value: object) -> QuerySet:
        keys = [key for key in value or [] if str(key).isdigit()]
        known = self.queryset.filter(pk__in=keys).values_list("pk", flat=True) if self.queryset is not None else []
        return super().clean(list(known))


class BundleForm(DraftForm):
    """One field that is not a column: the chosen items, saved as the draft's child rows."""

    bundle = BundleField(queryset=Item.objects.none(), label=_("Courses, live sessions and products"))

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        chosen = [row.item_id for row in self.instance.bundle_items.all()]
        # What is bundled already stays, even if the app that offered its kind is gone or another editor put it in.
        self.fields["bundle"].queryset = visible_to(self.for_user) | Item.objects.filter(pk__in=chosen)
        self.initial["bundle"] = chosen

    def _post_clean(self) -> None:
        super()._post_clean()
        if "bundle" in self.cleaned_data:
            self._fill_bundle([item.pk for item in self.cleaned_data["bundle"]])

    def _fill_bundle(self, chosen: Iterable[int]) -> None:
        """Kept rows keep their place; new ones follow. In memory: the draft writes them when it is saved."""
        chosen = list(chosen)
        rows = {row.item_id: row for row in self.instance.bundle_items.all() if row.item_id in chosen}
        rows |= {key: BundleItem(item_id=key) for key in chosen if key not in rows}
        for place, row in enumerate(rows.values()):
            row.sort_order = place
        self.instance.bundle_items.set(rows.values())
