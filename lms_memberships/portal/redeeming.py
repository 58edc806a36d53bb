"""How is a gift redeemed? Looking at it consumes nothing; one press by somebody who is signed in does, once (X15)."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import wraps

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render, resolve_url
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from .. import clock, conf
from ..asking import asks_stripe
from ..errors import OutsideFailure, Refusal
from ..memberships.gift_offers import length_text
from ..payments import connect
from ..personal_data import erasing
from ..subscriptions import gift_links, gift_redeeming, gift_refunding, gift_turns
from ..subscriptions.gift_models import Gift
from .people import student_of

View = Callable[..., HttpResponseBase]
#: Longer than any link of ours.
LONGEST_TOKEN = 100


def kept_secret(view: View) -> View:
    """The address is the gift: it is told to no other site, kept by no cache, and found by no search."""

    @wraps(view)
    def answer(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        # Not "no-referrer": browsers then hide from ourselves where a form was sent from, and Django refuses it.
        response["Referrer-Policy"] = "same-origin"
        response["X-Robots-Tag"] = "noindex, nofollow, noarchive"
        return response

    return answer


@kept_secret
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@asks_stripe("POST")
def gift(request: HttpRequest, token: str) -> HttpResponse:
    """GET describes; POST redeems. A word that is no gift's is unknown, whatever is wrong with it."""
    known = gift_links.find(token) if len(token) <= LONGEST_TOKEN else Gift.objects.none()
    found = known.select_related("membership__requires").first()
    if found is None:
        raise Http404
    if request.method != "POST":
        return _describe(request, found, token)
    if not request.user.is_authenticated:
        return redirect_to_login(request.path)
    return _redeem(request, found, token)


def _redeem(request: HttpRequest, found: Gift, token: str) -> HttpResponse:
    try:
        erasing.refuse_who_leaves(student_of(request))
        with suppress(OutsideFailure, connect.NotConnected):
            # Given back in Stripe's dashboard, and the news is late. Nobody waits at the door for Stripe to answer.
            gift_refunding.refresh(found, gateway=connect.get_gateway(), now=clock.now())
        redeemed = gift_redeeming.redeem(student_of(request), found, now=clock.now())
    except Refusal as refusal:
        messages.error(request, str(refusal.message))
        return redirect("lms_memberships:gift", token)
    is_later = redeemed.starts_at is None or redeemed.starts_at > clock.now()
    words = (
        _("The gift is yours. It begins when what you hold now ends.") if is_later else _("The gift is yours: enjoy!")
    )
    messages.success(request, words)
    return redirect("lms_memberships:account")


def _describe(request: HttpRequest, found: Gift, token: str) -> HttpResponse:
    now = clock.now()
    reason = gift_redeeming.why_not(found, now=now)
    context: dict[str, object] = {"gift": found, "length": length_text(found.months), "why_not": reason}
    if found.redeem_until is not None:
        context["last_day"] = timezone.localtime(found.redeem_until - timedelta(microseconds=1)).date()
    if request.user.is_authenticated:
        context["is_mine"] = found.user_id == student_of(request).pk
        context["begins"] = gift_turns.foresee(student_of(request).pk, found.membership_id, now=now)
        context["now"] = now
    else:
        onward = urlencode({"next": request.path})
        context["sign_in_url"] = f"{resolve_url(settings.LOGIN_URL)}?{onward}"
        context["sign_up_url"] = f"{resolve_url(conf.SIGN_UP_URL)}?{onward}" if conf.SIGN_UP_URL else ""
    return render(request, "lms_memberships/portal/gift.html", context, status=410 if reason else 200)
