"""How does a student let a membership rest, and go on with it? What Stripe credits is shown before the press (X14)."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from .. import clock
from ..asking import asks_stripe, may_ask
from ..errors import OutsideFailure, Refusal
from ..money import format_money
from ..payments.connect import get_gateway
from ..payments.gateway import SubscriptionStatus
from ..personal_data import erasing
from ..subscriptions import pausing
from ..subscriptions.models import Subscription
from ..subscriptions.queries import SubscriptionQuerySet
from . import resuming_words
from .people import student_of


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@asks_stripe("GET", "HEAD", "POST")
def pause(request: HttpRequest, pk: int) -> HttpResponse:
    """GET says what closes and what is credited; POST pauses."""
    subscription = get_object_or_404(_mine(request), pk=pk)
    if not subscription.membership.may_pause:
        raise Http404
    try:
        gateway = get_gateway()
        if request.method != "POST":
            credit = pausing.look(subscription, gateway=gateway, now=clock.now())
            text = format_money(credit, get_language() or "en") if credit else ""
            return _page(request, {"subscription": subscription, "credit": text})
        pausing.pause(subscription, gateway=gateway, now=clock.now())
    except (Refusal, OutsideFailure) as no:
        messages.error(request, no.for_buyers)
    else:
        words = {"title": subscription.membership.title}
        messages.success(request, _("%(title)s is paused: nothing is charged until you go on with it.") % words)
    return redirect("lms_memberships:account")


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@asks_stripe("POST")
def go_on(request: HttpRequest, pk: int) -> HttpResponse:
    """GET says what a new period costs today, and then; POST begins it, or leads to where it is paid."""
    subscription = get_object_or_404(_mine(request), pk=pk)
    if request.method != "POST":
        if subscription.status != SubscriptionStatus.PAUSED:
            return redirect("lms_memberships:account")
        return _page(request, {"subscription": subscription, "goes_on": True, **_cost(request, subscription)})
    try:
        erasing.refuse_who_leaves(student_of(request))
        gone_on = pausing.go_on(subscription, gateway=get_gateway(), now=clock.now())
    except (Refusal, OutsideFailure) as no:
        messages.error(request, no.for_buyers)
        return redirect("lms_memberships:account")
    if gone_on.to_pay:
        answer = HttpResponseRedirect(gone_on.to_pay)
        answer.status_code = 303
        return answer
    if gone_on.subscription.status == SubscriptionStatus.ACTIVE:
        messages.success(request, _("Good to have you back: your membership goes on."))
    return redirect("lms_memberships:account")


def _cost(request: HttpRequest, subscription: Subscription) -> dict[str, object]:
    """What is paid today and then (X9). Where Stripe does not say, the price, and that it may be less."""
    language = get_language() or "en"
    try:
        found = pausing.look_on(subscription, gateway=get_gateway(), now=clock.now()) if may_ask(request) else None
    except (Refusal, OutsideFailure):
        found = None
    return resuming_words.said(subscription, found, language=language)


def _page(request: HttpRequest, context: dict[str, object]) -> HttpResponse:
    return render(request, "lms_memberships/portal/pause.html", context)


def _mine(request: HttpRequest) -> SubscriptionQuerySet:
    mine = Subscription.objects.of(student_of(request)).not_foreign()
    return mine.select_related("membership", "price")
