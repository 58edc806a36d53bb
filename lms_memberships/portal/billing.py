"""How does a student get to Stripe's billing portal, and what follows when they come back? Card, details, tax id (P5, P6)."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from .. import clock
from ..asking import asks_stripe, count
from ..errors import OutsideFailure, Refusal
from ..memberships.addresses import public_url
from ..payments.connect import get_gateway
from ..payments.gateway import SubscriptionStatus
from ..payments.portal import PortalFlow, PortalVisit
from ..subscriptions import cards, portal_visits
from ..subscriptions.models import Subscription
from .people import student_of

#: In the session: whose billing data they were sent to, until they are back, and which card was theirs until then.
AWAY = "lms_memberships_portal"
CARD = "lms_memberships_portal_card"
FLOWS = {str(flow): flow for flow in PortalFlow}
#: As many digits as any id of ours has at most.
LONGEST_ID = 18
UNPAID = (SubscriptionStatus.PAST_DUE, SubscriptionStatus.UNPAID)
NEW_CARD = gettext_lazy("Your new card is charged from now on.")
OLD_CARD = gettext_lazy(
    "Your new card could not be set for “%(title)s”, which is still charged to the one before. Please try again later, "
    "or write to us."
)
STILL_UNPAID = gettext_lazy("A payment is still missing. You can pay it now, with “Pay now” below.")


@never_cache
@login_required
@require_POST
@asks_stripe("POST")
def portal(request: HttpRequest) -> HttpResponse:
    """On to Stripe at once (S21). ``flow`` says what for, ``subscription`` which of their own it is about."""
    student, subscription = student_of(request), _subscription(request)
    try:
        gateway = get_gateway()
        customer_id = portal_visits.customer_of(student, subscription, gateway=gateway)
        visit = PortalVisit(
            customer_id=customer_id,
            configuration_id="",
            return_url=public_url(reverse("lms_memberships:portal_back")),
            language=get_language() or settings.LANGUAGE_CODE,
            flow=_flow(request.POST.get("flow", ""), subscription),
            subscription_id=subscription.stripe_id if subscription is not None else "",
        )
        url = portal_visits.open_portal(visit, gateway=gateway)
    except (Refusal, OutsideFailure) as no:
        messages.error(request, no.for_buyers)
        return redirect("lms_memberships:account")
    request.session[AWAY] = customer_id
    request.session[CARD] = cards.seen_of(customer_id, gateway=gateway)
    onward = HttpResponseRedirect(url)
    onward.status_code = 303
    return onward


@never_cache
@login_required
@require_safe
@asks_stripe()
def back(request: HttpRequest) -> HttpResponse:
    """Back from Stripe. Only of whoever was sent there is anything looked up: any other visit changes nothing."""
    customer_id = request.session.get(AWAY, "")
    if customer_id and request.method == "GET":
        count(request)
        del request.session[AWAY]
        _look_again(request, customer_id, request.session.pop(CARD, None))
    return redirect("lms_memberships:account")


def _look_again(request: HttpRequest, customer_id: str, card_before: str | None) -> None:
    student = student_of(request)
    try:
        gateway = get_gateway()
        followed = portal_visits.look_again(student, customer_id, card_before, gateway=gateway, now=clock.now())
    except (Refusal, OutsideFailure) as no:
        # Stripe tells of it as well: what was changed is followed then.
        messages.warning(request, no.for_buyers)
        return
    for kept in followed.kept:
        messages.warning(request, OLD_CARD % {"title": kept.membership.title})
    if followed.is_new:
        messages.success(request, NEW_CARD)
        if any(each.status in UNPAID and each.user_id == student.pk for each in followed.subscriptions):
            messages.warning(request, STILL_UNPAID)


def _flow(name: str, subscription: Subscription | None) -> PortalFlow:
    """An unknown word, or a cancellation of nothing, leads to the front page."""
    flow = FLOWS.get(name, PortalFlow.HOME)
    return PortalFlow.HOME if flow is PortalFlow.CANCEL and subscription is None else flow


def _subscription(request: HttpRequest) -> Subscription | None:
    """Another person's id is as unknown as one that does not exist (S19)."""
    given = request.POST.get("subscription", "")
    if not given:
        return None
    pk = int(given) if given.isdecimal() and len(given) <= LONGEST_ID else 0
    return get_object_or_404(Subscription.objects.of(student_of(request)).not_foreign(), pk=pk)
