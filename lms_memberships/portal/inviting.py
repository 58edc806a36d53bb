"""What does somebody see who comes by an invitation link, and how do they accept it? Looking uses nothing up (V24, S22)."""

from collections.abc import Callable
from functools import wraps

from django.apps import apps
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import AbstractBaseUser
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render, resolve_url
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from .. import clock, conf
from ..asking import asks_stripe
from ..errors import OutsideFailure, Refusal
from ..memberships import guesses, invitations
from ..memberships.addresses import public_url
from ..memberships.invitation_models import InvitationLink
from ..memberships.promotions import CodeNotUsable
from ..payments import connect
from ..payments.customers import email_of
from ..personal_data import erasing
from ..subscriptions import checkout, holding, inviting, terms
from ..subscriptions.models import Checkout
from . import buying, invited
from .people import student_of
from .visitors import address_of

#: What is counted: links that nobody made. Right ones cost nothing.
GUESSES = "invitation:address"
LIMIT = guesses.LIMITS["address"]
WITHOUT_CODE = "without_code"
CODE_IS_OVER = gettext_lazy(
    "The discount of this invitation cannot be used any more. You can go on without it, or ask whoever invited you."
)


def _kept_apart(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """The address is the secret: it goes to no other site, into no search engine, and no cache keeps the page."""

    @wraps(view)
    def answer(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        # "no-referrer" would let browsers hide the origin of our own form, and Django then refuses it.
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        return response

    return never_cache(wraps(view)(answer))


@_kept_apart
@require_http_methods(["GET", "HEAD", "POST"])
@asks_stripe("POST")
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """GET describes; previews of links and prefetching browsers change nothing. POST accepts."""
    now, who = clock.wall_time(), address_of(request)
    if not guesses.has_room(GUESSES, who, LIMIT, now):
        return _too_many(request)
    link = invitations.find(token)
    if link is not None:
        return _answer(request, link)
    if not guesses.take(GUESSES, who, LIMIT, now):
        return _too_many(request)
    message = _("We do not know this invitation. Please check that the link is complete.")
    return render(request, "lms_memberships/portal/no_invitation.html", {"message": message}, status=404)


@_kept_apart
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@asks_stripe("POST")
def again(request: HttpRequest, pk: int) -> HttpResponse:
    """The way back from Stripe's page without paying. Whose attempt came by the invitation sees it again.

    An address of its own: with the token in it, the token would stand in our tables and at Stripe.
    """
    mine = Checkout.objects.of(student_of(request)).exclude(invitation=None).values("invitation")
    links = InvitationLink.objects.select_related("membership", "price", "promotion_code")
    return _answer(request, get_object_or_404(links.filter(pk__in=mine), pk=pk))


def _answer(request: HttpRequest, link: InvitationLink) -> HttpResponse:
    if request.method != "POST":
        return _show(request, link)
    if not request.user.is_authenticated:
        return redirect_to_login(request.path, resolve_url(settings.LOGIN_URL))
    return _accept(request, link)


def _show(
    request: HttpRequest, link: InvitationLink, problem: str = "", *, asks_without_code: bool = False
) -> HttpResponse:
    """What it is, what it costs and what happens next; or why it lets nobody in."""
    person = student_of(request) if request.user.is_authenticated else None
    try:
        inviting.refuse(link, person.pk if person is not None else None, now=clock.now())
        shown = invited.shown_to(request, link)
    except Refusal as refusal:
        known = {"message": refusal.message, "is_signed_in": person is not None}
        status = 409 if isinstance(refusal, inviting.BeingUsed) else 410
        return render(request, "lms_memberships/portal/no_invitation.html", known, status=status)
    obstacle = _what_stands_in_the_way(person, link) if person is not None else ""
    onward = urlencode({"next": request.path})
    context: dict[str, object] = {
        **shown,
        "problem": problem or obstacle,
        "may_press": not obstacle,
        "asks_without_code": asks_without_code,
        "without_code": WITHOUT_CODE,
        "sign_in_url": f"{resolve_url(settings.LOGIN_URL)}?{onward}",
        "sign_up_url": f"{resolve_url(conf.SIGN_UP_URL)}?{onward}" if conf.SIGN_UP_URL else "",
    }
    return render(request, "lms_memberships/portal/invitation.html", context)


def _what_stands_in_the_way(person: AbstractBaseUser, link: InvitationLink) -> str:
    """Said before they press, in the words in which the press would be refused."""
    now = clock.now()
    try:
        invitations.refuse_another_address(link, addresses_of(person))
        holding.refuse_a_second(person, link.membership, now=now)
        holding.refuse_without_required(person, link.membership, now=now)
    except Refusal as refusal:
        return str(refusal.for_buyers)
    return ""


def _accept(request: HttpRequest, link: InvitationLink) -> HttpResponse:
    student = student_of(request)
    try:
        erasing.refuse_who_leaves(student)
        invitations.refuse_another_address(link, addresses_of(student))
        url = _let_in(request, link) if link.is_free else _go_to_stripe(request, link)
    except holding.AlreadyMember as refusal:
        messages.info(request, refusal.message)
        url = reverse("lms_memberships:account")
    except CodeNotUsable:
        return _show(request, link, str(CODE_IS_OVER), asks_without_code=True)
    except (Refusal, OutsideFailure) as no:
        return _show(request, link, str(no.for_buyers))
    return buying.SeeOther(url)


def _let_in(request: HttpRequest, link: InvitationLink) -> str:
    if not invited.is_on_sale(link):
        raise checkout.NotOnSale
    inviting.accept(student_of(request), link, language=_language(), now=clock.now())
    messages.success(request, _("“%(title)s” is open for you.") % {"title": link.membership.title})
    return reverse("lms_memberships:account")


def _go_to_stripe(request: HttpRequest, link: InvitationLink) -> str:
    """The way that every purchase goes, with the price and the code of the invitation."""
    accepted = request.POST.get("terms", "")[: terms.LONGEST]
    terms.refuse_unaccepted(accepted)
    buying.refuse_card_testers(request)
    has_code = link.promotion_code is not None and WITHOUT_CODE not in request.POST
    wish = checkout.Wish(
        link.membership,
        price_id=link.price_id,
        # The creator's own choice, and no guess: it is not counted as one.
        code=link.promotion_code.code if link.promotion_code is not None and has_code else "",
        invitation=link,
        terms=accepted,
    )
    # Stripe replaces the placeholder: it must arrive unescaped (guide trap 15).
    success = public_url(reverse("lms_memberships:done")) + "?session_id={CHECKOUT_SESSION_ID}"
    back = public_url(reverse("lms_memberships:invitation_again", args=[link.pk]))
    return checkout.start(
        student_of(request),
        wish,
        gateway=connect.get_gateway(),
        language=_language(),
        urls=(success, back),
        now=clock.now(),
    )


def addresses_of(user: AbstractBaseUser) -> tuple[str, ...]:
    """Those that this account stands for: its own, and those that django-allauth has seen confirmed."""
    own = email_of(user)
    if not apps.is_installed("allauth.account"):
        return (own,)
    confirmed = apps.get_model("account", "EmailAddress")._default_manager.filter(user_id=user.pk, verified=True)
    return (own, *confirmed.values_list("email", flat=True))


def _too_many(request: HttpRequest) -> HttpResponse:
    message = _("Too many invitations that do not exist were asked for from here. Please try again in a minute.")
    response = render(request, "lms_memberships/portal/no_invitation.html", {"message": message}, status=429)
    response.headers["Retry-After"] = str(int(LIMIT.within.total_seconds()))
    return response


def _language() -> str:
    return get_language() or settings.LANGUAGE_CODE
