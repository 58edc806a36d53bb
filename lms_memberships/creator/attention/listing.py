"""What needs attention? One page with a list for each kind, paged by the database."""

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache

from ... import clock
from ...payments import connect
from ...subscriptions import attention
from ...subscriptions.attention import Kind
from . import names
from .rows import ABOUT, HEADINGS, row_of

PAGE_TITLE = gettext_lazy("Needs attention")
A_PAGE = 25


@never_cache
def needs_attention(request: HttpRequest) -> HttpResponse:
    """Constant in queries, whatever there is: the counts, and one page of one kind."""
    if not any(request.user.has_perm(f"lms_memberships.{name}") for name in names.SEEING):
        raise PermissionDenied
    if request.method not in {"GET", "HEAD"}:
        return HttpResponseNotAllowed(["GET", "HEAD"])
    now = clock.now()
    counted = attention.counts(now=now)
    kind = _chosen(request, counted)
    pages = Paginator(attention.of_kind(kind, now=now), A_PAGE)
    # Counted already, with all the others.
    pages.count = counted[kind]
    page = pages.get_page(request.GET.get("p"))
    at = connect.current()
    context = {
        "page_title": PAGE_TITLE,
        "kinds": [
            {"name": each.value, "heading": HEADINGS[each], "count": counted[each], "is_chosen": each is kind}
            for each in Kind
        ],
        "heading": HEADINGS[kind],
        "about": ABOUT[kind],
        "rows": [row_of(kind, found, request.user, at) for found in page],  # type: ignore[arg-type]
        "page": page,
        "list_url": reverse(names.LIST),
        "kind": kind.value,
        "total": sum(counted.values()),
    }
    return render(request, "lms_memberships/creator/attention/list.html", context)


def _chosen(request: HttpRequest, counted: dict[str, int]) -> Kind:
    """The one that was asked for; else the first with something in it."""
    asked = request.GET.get("kind", "")
    if asked in counted:
        return Kind(asked)
    return next((each for each in Kind if counted[each]), Kind.DOUBLES)
