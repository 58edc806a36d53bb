"""Whose is a subscription that was never sold here? The account is searched for and chosen; its own page shows and links it (X8)."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from wagtail.admin import messages

from ... import asking
from ...errors import OutsideFailure, Refusal
from ...payments import connect
from ...subscriptions import settling_attention
from ...subscriptions.stranger_models import Stranger
from ..person import names as person_names
from ..person.finding import LONGEST, accounts, searched_for
from . import names


@never_cache
def claim(request: HttpRequest, pk: int) -> HttpResponse:
    """Writes nothing. Until somebody searches, the address that Stripe has is searched for: a proposal, never a proof."""
    if not request.user.has_perms([names.LINKING, person_names.SEE]):
        raise PermissionDenied
    if request.method not in {"GET", "HEAD"}:
        return HttpResponseNotAllowed(["GET", "HEAD"])
    stranger = get_object_or_404(Stranger.objects.waiting().select_related("membership"), pk=pk)
    at = connect.current()
    if at is not None and not stranger.is_of(at):
        messages.error(request, settling_attention.ELSEWHERE)
        return HttpResponseRedirect(f"{reverse(names.LIST)}?kind=strangers")
    email = _email_at_stripe(stranger) if asking.may_ask(request) else ""
    words = searched_for(request.GET.get("q", email))
    asked = urlencode({"subscription": stranger.stripe_id})

    def url(person: int) -> str:
        return f"{reverse(person_names.name('link'), args=[person])}?{asked}"

    context = {
        "stranger": stranger,
        "email": email,
        "q": words,
        "longest": LONGEST,
        "found": accounts(words, request.GET, url),
        "back_url": f"{reverse(names.LIST)}?kind=strangers",
    }
    return render(request, "lms_memberships/creator/attention/claim.html", context)


def _email_at_stripe(stranger: Stranger) -> str:
    """Empty where it is not known now: then it is searched for by hand."""
    try:
        gateway = connect.get_gateway()
        customer = gateway.read_customer(stranger.customer_id) if stranger.is_of(gateway) else None
    except (Refusal, OutsideFailure):
        return ""
    return customer.email if customer else ""
