"""How is a subscription cancelled by a link in a mail, without a sign-in? Looking changes nothing; one press does."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from .. import clock
from ..errors import OutsideFailure, Refusal
from ..memberships import guesses
from ..memberships.guesses import TooManyGuesses
from ..subscriptions import cancel_links, changes, departures
from ..subscriptions.departure_models import LONGEST_COMMENT, Departure, Feedback
from ..subscriptions.models import Subscription
from ..subscriptions.told import OVER
from . import credit_words, tier_words
from .cancelling import end, has_closed, kept_text
from .dates import day
from .redeeming import kept_secret
from .visitors import address_of

PAGE = "lms_memberships/portal/cancel_link.html"


@kept_secret
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def cancel_by_link(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows title and date, and nothing of the person: mail scanners follow links too. POST cancels."""
    subscription = cancel_links.find(token, now=clock.now())
    if subscription is None:
        return _unknown(request)
    if request.method != "POST" or changes.is_ending(subscription):
        return _show(request, subscription)
    try:
        messages.success(request, end(request, subscription, way=Departure.Way.LINK))
    except (Refusal, OutsideFailure) as no:
        messages.error(request, no.for_buyers)
    return redirect("lms_memberships:cancel_link", token=token)


def _show(request: HttpRequest, subscription: Subscription) -> HttpResponse:
    now, language = clock.now(), get_language() or "en"
    is_without_paid_time = subscription.status in changes.WITHOUT_PAID_TIME
    context = {
        "title": subscription.membership.title,
        "is_over": changes.is_ending(subscription) or departures.running_of(subscription) is not None,
        "until": day(subscription.cancel_at if subscription.cancel_at else subscription.period_end, language),
        "has_ended": subscription.status in OVER,
        "ends_at_once": is_without_paid_time or not subscription.is_live(now),
        "credit": credit_words.foretold(request, subscription),
        "dropped": tier_words.dropped_text(tier_words.running_of(subscription)),
        "place": kept_text(subscription),
        "is_closed": has_closed(subscription, now),
        "reasons": Feedback.choices,
        "longest": LONGEST_COMMENT,
    }
    return render(request, PAGE, context)


def _unknown(request: HttpRequest) -> HttpResponse:
    """The same words for what never was, what has run out and what was used up; whoever tries many is stopped (S22)."""
    who, status = address_of(request), 404
    try:
        guesses.count("cancel_link", address=who, person=who, now=clock.wall_time())
    except TooManyGuesses:
        status = 429
    return render(request, PAGE, {"is_unknown": True}, status=status)
