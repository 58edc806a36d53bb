"""How is the list of people fetched as a file? Asked for by POST, made at once or behind, given once, to nobody else (S20)."""

from collections.abc import Callable
from functools import wraps
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from wagtail.admin import messages
from wagtail.admin.views.generic import WagtailAdminTemplateMixin

from ... import clock
from ...subscriptions import exporting
from ...subscriptions.export_models import PeopleExport
from ...subscriptions.people_listing import Wanted
from ...subscriptions.tasks import make_exports
from .filters import NOT_UNDERSTOOD, asked_again, list_url, wanted_of
from .views import EXPORT, EXPORTED, FILE, LIST, PeopleIndex, may_export

TYPES = {
    PeopleExport.Format.CSV: "text/csv; charset=utf-8",
    PeopleExport.Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
View = Callable[..., HttpResponseBase]


def _for_exporters(view: View) -> View:
    @wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if not may_export(request.user):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return never_cache(guarded)


@require_POST
@_for_exporters
def export(request: HttpRequest) -> HttpResponseBase:
    """The people of the list, with its search and its filters. Who asked for whom stands in the history."""
    wanted, as_format = wanted_of(request.POST, request=request), request.POST.get("format", "")
    if as_format not in PeopleExport.Format.values:
        msg = "no such format"
        raise BadRequest(msg)
    if wanted is None:
        messages.error(request, NOT_UNDERSTOOD)
        return HttpResponseRedirect(list_url(request.POST))
    now = clock.now()
    made = exporting.begin(_person(request), wanted, as_format=as_format, language=get_language() or "en", now=now)
    if exporting.is_small(wanted, now=now):
        exporting.make(made)
        if made.state == PeopleExport.State.READY:
            return _handed_out(made)
    else:
        make_exports.enqueue()
    messages.success(request, _("The file is being made. It can be fetched here when it is ready."))
    return HttpResponseRedirect(reverse(EXPORTED, args=[made.uuid]))


@require_GET
@_for_exporters
def exported(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """How far it is, and the way to fetch it."""
    made = _mine(request, uuid)
    title = _("Export of people")
    is_made = made.state == PeopleExport.State.READY
    above = {"url": reverse(LIST), "label": PeopleIndex.page_title}
    context = {
        "page_title": title,
        "header_title": title,
        "header_icon": "download",
        "breadcrumbs_items": [*WagtailAdminTemplateMixin.breadcrumbs_items, above, {"url": "", "label": title}],
        "export": made,
        "is_ready": is_made and made.has_file,
        "was_fetched": is_made and not made.has_file,
        "wanted": asked_again(Wanted.of_json(made.wanted)),
        "export_url": reverse(EXPORT),
        "has_failed": made.state == PeopleExport.State.FAILED,
        "file_url": reverse(FILE, args=[made.uuid]),
        "again_url": reverse(EXPORTED, args=[made.uuid]),
        "list_url": reverse(LIST),
    }
    return TemplateResponse(request, "lms_memberships/creator/people/exported.html", context)


@require_http_methods(["GET", "POST"])
@_for_exporters
def fetch(request: HttpRequest, uuid: UUID) -> HttpResponseBase:
    """The file itself, to whoever asked for it, once within a day. By POST: following a link uses nothing up."""
    made = _mine(request, uuid)
    if request.method != "POST" or made.state != PeopleExport.State.READY:
        return HttpResponseRedirect(reverse(EXPORTED, args=[made.uuid]))
    return _handed_out(made)


def _mine(request: HttpRequest, uuid: UUID) -> PeopleExport:
    # Another's is answered like none at all (S20).
    return get_object_or_404(exporting.of(_person(request), now=clock.wall_time()), uuid=uuid)


def _handed_out(made: PeopleExport) -> HttpResponseBase:
    file = exporting.hand_out(made)
    if file is None:
        # Its page says so, and makes it again.
        return HttpResponseRedirect(reverse(EXPORTED, args=[made.uuid]))
    day = timezone.localdate(made.as_of)
    # Named by the server alone: nothing that was sent is part of it (S44).
    headers = {
        "Content-Disposition": f'attachment; filename="people-{day:%Y-%m-%d}.{made.format}"',
        "X-Content-Type-Options": "nosniff",
    }
    kind = TYPES[PeopleExport.Format(made.format)]
    return FileResponse(file, content_type=kind, headers=headers)


def _person(request: HttpRequest) -> AbstractBaseUser:
    if not isinstance(request.user, AbstractBaseUser):
        raise PermissionDenied
    return request.user
