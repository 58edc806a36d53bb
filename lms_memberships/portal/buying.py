"""How does a student buy? One press sends them to Stripe's page; the way back shows access at once."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from .. import clock
from ..bundles.languages import in_language
from ..errors import OutsideFailure, Refusal
from ..memberships.addresses import public_url
from ..memberships.models import Membership
from ..memberships.offers import offer
from ..payments import connect
from ..subscriptions import checkout
from ..subscriptions.models import Checkout, Subscription
from .people import student_of

#: The page asks again this often while a payment is being confirmed, then says that it will come by mail (C1).
POLLS = 10
SECONDS_BETWEEN_POLLS = 3


class SeeOther(HttpResponseRedirect):
    """303: whatever brought the browser here, it goes on with a GET."""

    status_code = 303


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def buy(request: HttpRequest, slug: str) -> HttpResponse:
    """GET, after signing in: what will be paid, once more. POST: on to Stripe. The price is ours (H8)."""
    on_sale = Membership.objects.on_sale(connect.current()).with_contents()
    membership = on_sale.filter(slug=slug).first()
    if membership is None:
        raise Http404
    if request.method != "POST":
        return _confirm(request, membership)
    return _go_to_stripe(request, membership)


@never_cache
@login_required
@require_safe
def done(request: HttpRequest) -> HttpResponse:
    """Back from Stripe. Shows access at once, whether or not the webhook has come (C1)."""
    session_id = request.GET.get("session_id", "")
    try:
        attempt = checkout.finish(student_of(request), session_id, gateway=connect.get_gateway(), now=clock.now())
    except Refusal as refusal:
        return render(request, "lms_memberships/portal/unknown_purchase.html", {"message": refusal.message})
    except OutsideFailure:
        attempt = None
    if attempt is not None and attempt.state == Checkout.State.COMPLETE and attempt.subscription is not None:
        return _welcome(request, attempt, attempt.subscription)
    return _still_confirming(request, session_id)


def _confirm(request: HttpRequest, membership: Membership) -> HttpResponse:
    trial_days = checkout.trial_days_for(student_of(request), membership)
    shown = offer(membership, now=clock.now(), language=get_language(), trial_days=trial_days)
    context = {"offer": shown, "membership": membership}
    return render(request, "lms_memberships/portal/confirm.html", context)


def _go_to_stripe(request: HttpRequest, membership: Membership) -> HttpResponse:
    # Stripe replaces the placeholder: it must arrive unescaped (guide trap 15).
    success = public_url(reverse("lms_memberships:done")) + "?session_id={CHECKOUT_SESSION_ID}"
    urls = (success, public_url(membership.get_absolute_url()))
    language = get_language() or settings.LANGUAGE_CODE
    try:
        url = checkout.start(
            student_of(request),
            membership,
            gateway=connect.get_gateway(),
            language=language,
            urls=urls,
            now=clock.now(),
        )
    except checkout.AlreadyMember as refusal:
        messages.info(request, refusal.message)
        return redirect("lms_memberships:account")
    except Refusal as refusal:
        messages.error(request, refusal.message)
        return redirect(membership)
    except OutsideFailure as failure:
        messages.error(request, failure.message)
        return redirect(membership)
    return SeeOther(url)


def _welcome(request: HttpRequest, attempt: Checkout, subscription: Subscription) -> HttpResponse:
    membership = Membership.objects.with_contents().get(pk=attempt.membership_id)
    context = {
        "membership": membership,
        "subscription": subscription,
        "is_open": subscription.is_live(clock.now()),
        "items": in_language(
            (row.item for row in membership.bundle_items.all()), get_language() or settings.LANGUAGE_CODE
        ),
    }
    return render(request, "lms_memberships/portal/done.html", context)


def _still_confirming(request: HttpRequest, session_id: str) -> HttpResponse:
    number = request.GET.get("n", "0")
    polls = int(number) if number.isdecimal() and len(number) < 4 else POLLS
    context: dict[str, object] = {"refresh_after": None, "message": _("We are still waiting for your bank.")}
    if polls < POLLS:
        context["refresh_after"] = SECONDS_BETWEEN_POLLS
        context["next_url"] = f"{request.path}?session_id={_plain(session_id)}&n={polls + 1}"
    return render(request, "lms_memberships/portal/confirming.html", context)


def _plain(session_id: str) -> str:
    """Only what a session id is made of: it goes into a header-like attribute of the page."""
    return "".join(letter for letter in session_id if letter.isalnum() or letter == "_")[:255]
