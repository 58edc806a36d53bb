"""What if somebody creates a membership before Stripe is connected? They read why, and where to mend it (U1–U3)."""

from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from wagtail.snippets.views.snippets import CreateView

from ..payments import connect
from .help_contact import contact


def refuse_unless_connected(view: CreateView) -> HttpResponse | None:
    """The page, or for autosave a JSON refusal; None when a membership can be created."""
    state = connect.ensure_fresh()
    if state.is_working:
        return None
    if view.expects_json_response:
        return view.json_error_response("not_connected", str(state.problem))
    context = {
        "header_title": _("Connect Stripe first"),
        "breadcrumbs_items": view.get_breadcrumbs_items(),
        "header_icon": "group",
        "state": state,
        "help": contact(),
    }
    status = 200 if view.request.method == "GET" else 403
    return TemplateResponse(view.request, "lms_memberships/wizard/not_connected.html", context, status=status)
