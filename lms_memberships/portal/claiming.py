"""How does somebody come for what they bought without an account? A link that describes, and a button that adds it (K2)."""

from contextlib import suppress

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from .. import clock, conf
from ..asking import asks_stripe, may_ask
from ..errors import OutsideFailure, Refusal
from ..memberships import guesses
from ..memberships.guesses import TooManyGuesses
from ..payments import connect
from ..personal_data import erasing
from ..subscriptions import guest_claims, guest_links, guest_withdrawing, holding, withdrawal_links
from ..subscriptions.guest_models import GuestPurchase
from .guests import person_of
from .people import student_of
from .visitors import address_of


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@asks_stripe("POST")
def claim(request: HttpRequest, token: str) -> HttpResponse:
    """GET describes, however often: a link preview uses up nothing. POST adds it to the account one is signed in to."""
    purchase = guest_links.find(token)
    if purchase is None:
        return _unknown(request)
    person = person_of(request)
    if purchase.state == GuestPurchase.State.CLAIMED and person is not None and purchase.claimed_by_id == person.pk:
        if may_ask(request):
            with suppress(OutsideFailure, Refusal):
                guest_claims.open_claimed(purchase, gateway=connect.get_gateway(), now=clock.now())
        return redirect("lms_memberships:account")
    if not purchase.is_claimable:
        return _over(request, purchase)
    if purchase.link_until is None or purchase.link_until <= clock.now():
        return _say(request, {"has_lapsed": True, "withdraw_url": _way_out(purchase)}, status=410)
    if request.method != "POST" or person is None:
        return _describe(request, purchase, token)
    return _claim(request, purchase, token)


@never_cache
@require_POST
@asks_stripe("POST")
def claim_return(request: HttpRequest, token: str) -> HttpResponse:
    """They have it already: the money goes back, all of it."""
    purchase = guest_links.find(token)
    person = person_of(request)
    if purchase is None or person is None:
        return _unknown(request)
    if purchase.return_reason:
        # Decided already: pressed twice, or after an answer that got lost.
        return _say(request, {"is_returned": True})
    if not purchase.is_claimable:
        return _unknown(request)
    try:
        guest_claims.give_back(purchase, person, gateway=connect.get_gateway(), now=clock.now())
    except (Refusal, OutsideFailure) as no:
        messages.error(request, no.for_buyers)
        return redirect("lms_memberships:claim", token=token)
    return _say(request, {"is_returned": True})


def _describe(request: HttpRequest, purchase: GuestPurchase, token: str, *, status: int = 200) -> HttpResponse:
    onward = urlencode({"next": request.path})
    person = person_of(request)
    context: dict[str, object] = {
        "purchase": purchase,
        "token": token,
        "person": person,
        "held": _held(purchase, request) if person is not None else "",
        "withdraw_url": _way_out(purchase),
        "sign_in_url": f"{resolve_url(settings.LOGIN_URL)}?{onward}",
        "sign_up_url": f"{resolve_url(conf.SIGN_UP_URL)}?{onward}" if conf.SIGN_UP_URL else "",
    }
    return _say(request, context, status=status)


def _held(purchase: GuestPurchase, request: HttpRequest) -> str:
    """What they hold of the same: then it is not added a second time (C6)."""
    try:
        guest_claims.refuse_doubles(student_of(request), purchase.membership, now=clock.now())
    except holding.AlreadyMember as refusal:
        return str(refusal.message)
    return ""


def _claim(request: HttpRequest, purchase: GuestPurchase, token: str) -> HttpResponse:
    student = student_of(request)
    try:
        erasing.refuse_who_leaves(student)
        checkout = guest_claims.claim(purchase, student, gateway=connect.get_gateway(), now=clock.now())
    except holding.AlreadyMember:
        return _describe(request, purchase, token)
    except guest_claims.NotClaimable:
        purchase.refresh_from_db()
        return _over(request, purchase)
    except (Refusal, OutsideFailure) as no:
        messages.error(request, no.for_buyers)
        return redirect("lms_memberships:claim", token=token)
    if checkout.subscription is None:
        messages.info(request, _("It is yours. Stripe is still being asked: everything opens in a moment, by itself."))
    else:
        messages.success(request, _("“%(title)s” is yours now.") % {"title": purchase.membership.title})
    return redirect("lms_memberships:account")


def _over(request: HttpRequest, purchase: GuestPurchase) -> HttpResponse:
    """Nobody can have it added any more. Over at Stripe, it may still be withdrawn from."""
    is_withdrawn = guest_withdrawing.of(purchase) is not None
    context = {"is_over": True, "is_withdrawn": is_withdrawn, "withdraw_url": _way_out(purchase)}
    return _say(request, context, status=410)


def _way_out(purchase: GuestPurchase) -> str:
    """The page that withdraws from it, within the days. Whoever has this link has the mailbox that bought."""
    return withdrawal_links.link_of(purchase, now=clock.now())


def _unknown(request: HttpRequest) -> HttpResponse:
    """The same words for what never was and for what is not theirs; whoever tries many is stopped (S22)."""
    status = 404
    try:
        guesses.count("claim", address=address_of(request), person=address_of(request), now=clock.wall_time())
    except TooManyGuesses:
        status = 429
    return _say(request, {"is_unknown": True}, status=status)


def _say(request: HttpRequest, context: dict[str, object], *, status: int = 200) -> HttpResponse:
    answer = render(request, "lms_memberships/portal/claim.html", context, status=status)
    # The address is a secret: no other site hears of it (S22).
    answer["Referrer-Policy"] = "same-origin"
    answer["X-Robots-Tag"] = "noindex"
    return answer
