"""How does a guest withdraw from a contract, by the link in their mail? Two steps as on the account page, and no account."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from .. import clock, conf
from ..errors import OutsideFailure, Refusal
from ..memberships import guesses
from ..memberships.guesses import TooManyGuesses
from ..subscriptions import guest_links, guest_withdrawing, withdrawal_links
from ..subscriptions.guest_models import GuestPurchase
from .declaring import gateway_or_none
from .redeeming import kept_secret
from .visitors import address_of
from .withdrawing import ask, confirm

CLOSED = "lms_memberships/portal/withdraw_closed.html"


@kept_secret
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw_as_guest(request: HttpRequest, token: str) -> HttpResponse:
    """GET names the contract and asks; POST is the declaration. Declared already, it is confirmed once more."""
    purchase = withdrawal_links.find(token)
    if purchase is None:
        return _unknown(request)
    declared = guest_withdrawing.of(purchase)
    if declared is not None:
        return confirm(request, declared, is_mailed=bool(purchase.email))
    if conf.WITHDRAWAL_DAYS <= 0:
        return _unknown(request)
    if not guest_withdrawing.can_withdraw(purchase, now=clock.now()):
        return _closed(request, guest_withdrawing.why_not(purchase, now=clock.now()))
    if request.method != "POST":
        about = {"title": purchase.membership.title, "contract_at": purchase.paid_at, "keep_url": _way_in(purchase)}
        return ask(request, about, purchase.money)
    try:
        declared = guest_withdrawing.withdraw(purchase, gateway=gateway_or_none(request), now=clock.now())
    except (Refusal, OutsideFailure) as no:
        return _closed(request, no)
    return confirm(request, declared, is_mailed=bool(purchase.email))


def _way_in(purchase: GuestPurchase) -> str:
    """Where whoever keeps it goes on: to the link that claims it, as long as there is one."""
    token = guest_links.token_of(purchase) if purchase.is_claimable else ""
    return reverse("lms_memberships:claim", args=[token]) if token else reverse("lms_memberships:guest_links")


def _closed(request: HttpRequest, no: Refusal | OutsideFailure) -> HttpResponse:
    """Nothing can be declared here, and why."""
    return render(request, CLOSED, {"why": no.for_buyers}, status=410)


def _unknown(request: HttpRequest) -> HttpResponse:
    """The same words for all that is no link of ours; whoever tries many is stopped (S22)."""
    who, status = address_of(request), 404
    try:
        guesses.count("withdrawal_link", address=who, person=who, now=clock.wall_time())
    except TooManyGuesses:
        status = 429
    return render(request, CLOSED, {"is_unknown": True}, status=status)
