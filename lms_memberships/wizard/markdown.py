"""How is a description written? In a text field with a toolbar, and beside it what students will read (U12, W18)."""

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse_lazy
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_POST
from wagtail.admin.staticfiles import versioned_static
from wagtail.admin.widgets import AdminAutoHeightTextInput

from ..safe_html import render_markdown

PREVIEW_URL_NAME = "lms_memberships_markdown_preview"
LONGEST = 20_000
#: name for the script, what it does, the icon of Wagtail's set, and its key, if it has one.
TOOLS = (
    ("bold", _("Bold"), "bold", "Control+B"),
    ("italic", _("Italic"), "italic", "Control+I"),
    ("heading", _("Heading"), "h3", ""),
    ("bullets", pgettext_lazy("formatting", "Bulleted list"), "list-ul", ""),
    ("numbers", _("Numbered list"), "list-ol", ""),
    ("link", _("Link"), "link", "Control+K"),
)


class MarkdownTextarea(AdminAutoHeightTextInput):
    """Wagtail's growing text field in a frame with tools and preview; without JavaScript a plain text field."""

    def __init__(self, attrs: dict | None = None) -> None:
        super().__init__({"data-lms-markdown-target": "input", "rows": 8, **(attrs or {})})
        self.attrs["data-action"] = "input->lms-markdown#changed keydown->lms-markdown#key"

    def render(self, name: str, value: object, attrs: dict | None = None, renderer: object | None = None) -> SafeString:
        context = {
            "textarea": super().render(name, value, attrs, renderer),
            "tools": TOOLS,
            "preview_url": reverse_lazy(PREVIEW_URL_NAME),
            "field_id": (attrs or {}).get("id", name),
        }
        return render_to_string("lms_memberships/wizard/markdown_textarea.html", context)

    @property
    def media(self) -> forms.Media:
        return forms.Media(js=[versioned_static("lms_memberships/wizard/markdown.js")])


@require_POST
def preview(request: HttpRequest) -> HttpResponse:
    """The clean HTML of a text, by the one cleaner that pages use too."""
    user = request.user
    if not any(user.has_perm(f"lms_memberships.{verb}_membership") for verb in ("add", "change")):
        raise PermissionDenied
    return HttpResponse(render_markdown(request.POST.get("text", "")[:LONGEST]).html)
