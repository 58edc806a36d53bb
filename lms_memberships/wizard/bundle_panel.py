"""How does step 2 look? A table of checkboxes for each kind; what is ticked elsewhere travels along, hidden."""

from dataclasses import dataclass

from django.contrib.contenttypes.models import ContentType
from django.forms import BoundField
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from wagtail.admin.compare import TextDiff
from wagtail.admin.panels import Panel
from wagtail.admin.telepath import register as register_telepath_adapter

from ..access.sight import visible_to
from ..bundles.models import Item
from ..bundles.registry import BundleItemType, item_types
from ..memberships.models import Membership
from .bundle_browsing import BUTTON, PAGE, SEARCH, Browsing, Shelf, shelves


@dataclass(frozen=True)
class Group:
    """One kind as the template shows it."""

    item_type: BundleItemType
    shelf: Shelf
    rows: list[tuple[Item, bool]]
    create_url: str

    @property
    def label(self) -> str:
        return capfirst(str(self.item_type.label_plural))


class BundleComparison:
    """What went in and out between two versions, for Wagtail's compare view."""

    is_field = True
    is_child_relation = False

    def __init__(self, heading: str, before: Membership, after: Membership) -> None:
        self.heading = heading
        self.before, self.after = _keys(before), _keys(after)

    def field_label(self) -> str:
        return str(self.heading)

    def has_changed(self) -> bool:
        return set(self.before) != set(self.after)

    def htmldiff(self) -> SafeString:
        titles = dict(Item.objects.filter(pk__in={*self.before, *self.after}).values_list("pk", "title"))
        changes = [("equal" if key in self.after else "deletion", titles.get(key, "?")) for key in self.before]
        changes += [("addition", titles.get(key, "?")) for key in self.after if key not in self.before]
        if not changes:
            return escape("")
        return TextDiff(changes, separator=escape(", ")).to_html()


class BundlePanel(Panel):
    """Needs ``BundleForm``. No formset and no inline script: the same few queries at any size."""

    def get_form_options(self) -> dict:
        return {"fields": ["bundle"], "defer_required_on_fields": ["bundle"]}

    @register_telepath_adapter
    class BoundPanel(Panel.BoundPanel):
        telepath_adapter_name = "wagtail.panels.Panel"
        template_name = "lms_memberships/wizard/bundle_panel.html"

        def get_context_data(self, parent_context: dict | None = None) -> dict:
            context = super().get_context_data(parent_context)
            field = self.form["bundle"]
            chosen = _chosen(field)
            browsing = Browsing.read(self.request.POST if self.form.is_bound else self.request.GET)
            groups = [
                _group(shelf, chosen, self.request)
                for shelf in shelves(visible_to(self.request.user), browsing, chosen)
            ]
            on_screen = {row.pk for group in groups for row, _ticked in group.rows}
            return context | {
                "field": field,
                "errors_id": f"{field.auto_id}-errors",
                "groups": groups,
                "browsing": browsing,
                "elsewhere": [key for key in chosen if key not in on_screen],
                "chosen_count": len(chosen),
                "is_empty": not any(group.shelf.total for group in groups),
                "names": {"button": BUTTON, "search": SEARCH, "page": PAGE},
            }

        def get_comparison(self) -> list:
            return [lambda before, after: BundleComparison(self.heading, before, after)]


def _keys(version: Membership) -> list[int]:
    return [row.item_id for row in version.bundle_items.all()]


def _chosen(field: BoundField) -> list[int]:
    return list(dict.fromkeys(int(key) for key in field.value() or [] if str(key).isdigit()))


def _group(shelf: Shelf, chosen: list[int], request: HttpRequest) -> Group:
    item_type = item_types()[shelf.kind]
    create_url = "" if shelf.total else _create_url(item_type, request)
    return Group(item_type, shelf, [(row, row.pk in chosen) for row in shelf.rows], create_url)


def _create_url(item_type: BundleItemType, request: HttpRequest) -> str:
    """Where a first one of this kind is made: its snippet's add view, or the page explorer; else nowhere."""
    model = item_type.model
    if hasattr(model, "get_parent") and hasattr(model, "specific"):
        return reverse("wagtailadmin_explore_root")
    content_type = ContentType.objects.get_for_model(model)
    if not request.user.has_perm(f"{content_type.app_label}.add_{content_type.model}"):
        return ""
    viewset = getattr(model, "snippet_viewset", None)
    try:
        return reverse(viewset.get_url_name("add")) if viewset else ""
    except NoReverseMatch:
        return ""
