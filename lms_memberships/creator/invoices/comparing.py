"""How does a creator have the invoices compared with Stripe's now, instead of tonight (H11)?"""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from wagtail.admin import messages

from ... import clock
from ...asking import asks_stripe
from ...errors import OutsideFailure, Refusal
from ...payments import connect
from ...subscriptions import ledger
from .views import LIST, VIEW_PERMISSION


@require_POST
@asks_stripe("POST")
def compare(request: HttpRequest) -> HttpResponse:
    """Of the last days. What was missing is added by it."""
    if not request.user.has_perm(VIEW_PERMISSION):
        raise PermissionDenied
    try:
        found = ledger.compare(gateway=connect.get_gateway(), now=clock.now())
    except (Refusal, OutsideFailure) as no:
        messages.error(request, str(no.message))
    else:
        if found.agrees:
            messages.success(request, _("The invoices here and at Stripe add up to the same."))
        else:
            messages.warning(request, _("The invoices here and at Stripe differ: see below."))
    return redirect(LIST)
