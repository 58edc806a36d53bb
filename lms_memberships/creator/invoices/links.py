"""How does a creator come to an invoice at Stripe? Its address is asked for after the question who asks, and never kept (S19)."""

from collections.abc import Callable

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from wagtail.admin import messages

from ...asking import asks_stripe
from ...errors import OutsideFailure, Refusal
from ...payments import connect
from ...payments.gateway import InvoiceSnapshot
from .views import LIST, VIEW_PERMISSION, ours


@never_cache
@require_safe
@asks_stripe("GET", "HEAD")
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """On to Stripe's page of it."""
    return _on_to(request, pk, lambda found: found.hosted_url)


@never_cache
@require_safe
@asks_stripe("GET", "HEAD")
def pdf(request: HttpRequest, pk: int) -> HttpResponse:
    """On to the file that Stripe keeps."""
    return _on_to(request, pk, lambda found: found.pdf_url)


def _on_to(request: HttpRequest, pk: int, address_in: Callable[[InvoiceSnapshot], str]) -> HttpResponse:
    if not request.user.has_perm(VIEW_PERMISSION):
        raise PermissionDenied
    invoice = get_object_or_404(ours(), pk=pk)
    try:
        found = connect.get_gateway().read_invoice(invoice.stripe_id)
    except (Refusal, OutsideFailure) as no:
        messages.error(request, str(no.message))
        return redirect(LIST)
    address = address_in(found)
    if not address:
        # A draft has neither page nor file.
        raise Http404
    return HttpResponseRedirect(address)
