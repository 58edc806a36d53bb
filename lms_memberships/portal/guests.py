"""How does a visitor buy without an account, and come for it afterwards? Every page of that, and nothing tells who exists."""

import uuid
from datetime import timedelta

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import AbstractBaseUser
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.module_loading import import_string
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from .. import clock, conf
from ..asking import may_ask
from ..emails import switches
from ..emails.catalogue import EmailKind
from ..errors import OutsideFailure, Refusal
from ..memberships import guesses
from ..memberships.addresses import public_url
from ..memberships.guesses import TooManyGuesses
from ..memberships.models import Membership
from ..memberships.promotions import CodeNotUsable
from ..payments import connect
from ..payments.customers import identity_of
from ..subscriptions import guest_links, guest_parking, guests, openings, places, terms
from ..subscriptions.checkout import Wish
from ..subscriptions.guest_models import GuestPurchase
from . import choosing, promoting, waiting
from .buying import SeeOther, _plain, wish_of
from .visitors import address_of

#: Which presses this browser has made: whoever comes back from Stripe in another one reads less, and loses nothing.
SESSION_KEY = "lms_memberships_guest"
MOST_REMEMBERED = 20
#: So often is one mailbox written to at a stranger's wish.
MAILS = guesses.Limit(5, timedelta(hours=1))


class GuestForm(forms.Form):
    email = forms.EmailField(
        label=gettext_lazy("Your e-mail address"),
        max_length=320,
        help_text=gettext_lazy("We send the link that opens what you bought to it. Please look at it twice."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    #: One press, however often it is sent (C6).
    attempt = forms.UUIDField(widget=forms.HiddenInput)


class AddressForm(forms.Form):
    email = forms.EmailField(
        label=gettext_lazy("Your e-mail address"),
        max_length=320,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )


def are_served(membership: Membership) -> bool:
    """Whether somebody without an account can buy it: only while the mail is sent that leads them in."""
    try:
        guests.refuse_unless_served(membership)
    except Refusal:
        return False
    return switches.is_on(EmailKind.GUEST_CLAIM, membership.pk)


def address_for(request: HttpRequest, membership: Membership, code: str) -> str:
    """Where this visitor buys it without an account. Empty: not here, or they have one."""
    if not conf.GUEST_CHECKOUT or request.user.is_authenticated or not are_served(membership):
        return ""
    address = reverse("lms_memberships:buy_as_guest", args=[membership.slug])
    return f"{address}?{urlencode({promoting.PARAMETER: code})}" if code else address


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def buy_as_guest(request: HttpRequest, slug: str) -> HttpResponse:
    """GET: what will be paid, and the address. POST: on to Stripe. Whoever is signed in buys as ever."""
    membership = Membership.objects.on_sale(connect.current()).with_contents().filter(slug=slug).first()
    if membership is None:
        raise Http404
    if request.user.is_authenticated or not are_served(membership):
        onward = f"?{request.GET.urlencode()}" if request.GET else ""
        return redirect(reverse("lms_memberships:buy", args=[membership.slug]) + onward)
    if request.method != "POST":
        if not waiting.place_of(request, membership)["can_join"]:
            return redirect(membership)
        form = GuestForm(initial={"attempt": uuid.uuid4()})
        return _page(request, membership, wish_of(membership, request.GET), form)
    form = GuestForm(request.POST)
    wish = wish_of(membership, request.POST)
    if not form.is_valid():
        return _page(request, membership, wish, form)
    return _go_to_stripe(request, membership, wish, form)


@never_cache
@require_safe
def guest_done(request: HttpRequest) -> HttpResponse:
    """Back from Stripe: which mailbox to look into. Access waits for the link in it, whatever this page knows."""
    attempts = request.session.get(SESSION_KEY, [])
    mine = GuestPurchase.objects.filter(uuid__in=attempts).exclude(session_id="")
    purchase = mine.filter(session_id=_plain(request.GET.get("session_id", ""))).select_related("membership").first()
    if purchase is not None and purchase.paid_at is None and may_ask(request):
        purchase = _settled(purchase)
    return render(request, "lms_memberships/portal/guest_done.html", {"purchase": purchase})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def guest_links_page(request: HttpRequest) -> HttpResponse:
    """The link once more, to a mailbox. The answer is the same whether anything waits for it or not (S35)."""
    form = AddressForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return render(request, "lms_memberships/portal/guest_links.html", {"form": form})
    email = form.cleaned_data["email"]
    try:
        guesses.count("guest", address=address_of(request), person=identity_of(email), now=clock.wall_time())
    except TooManyGuesses:
        message = _("You have asked several times. Please wait a moment before you ask again.")
        context = {"form": form, "problem": message}
        return render(request, "lms_memberships/portal/guest_links.html", context, status=429)
    # Said all the same: whoever fills somebody's mailbox learns nothing from it.
    if guesses.take("guest:mailbox", identity_of(email), MAILS, clock.wall_time()):
        guest_links.send_all_again(email, now=clock.now())
    return render(request, "lms_memberships/portal/guest_links.html", {"is_sent": True})


def _settled(purchase: GuestPurchase) -> GuestPurchase:
    """As Stripe has it now: the webhook may be late (C1). Without an answer it is what we know."""
    try:
        gateway = connect.get_gateway()
        snapshot = gateway.read_checkout(purchase.session_id)
        return guest_parking.settle(snapshot, gateway=gateway, now=clock.now()) or purchase
    except (OutsideFailure, connect.NotConnected):
        return purchase


def _page(
    request: HttpRequest,
    membership: Membership,
    wish: Wish,
    form: forms.Form,
    promo: promoting.Promo | None = None,
    *,
    status: int = 200,
    **more: object,
) -> HttpResponse:
    onward = urlencode({"next": reverse("lms_memberships:buy", args=[membership.slug])})
    # Whether a code holds is asked of Stripe when the button is pressed, and not for everybody who looks.
    promo = promo or promoting.Promo(typed=wish.code, is_asked_for=bool(wish.code) or promoting.are_there_any())
    context = {
        "offer": choosing.offer_to(membership, wish=wish.price_id, trial_days=0),
        "membership": membership,
        "form": form,
        "promo": promo,
        "has_trial": bool(membership.trial_days and membership.is_recurring),
        "sign_in_url": f"{resolve_url(settings.LOGIN_URL)}?{onward}",
    }
    status = promo.status if promo.status != 200 else status
    return render(request, "lms_memberships/portal/guest.html", context | more, status=status)


def _go_to_stripe(request: HttpRequest, membership: Membership, wish: Wish, form: forms.Form) -> HttpResponse:
    # Stripe replaces the placeholder: it must arrive unescaped (guide trap 15).
    success = public_url(reverse("lms_memberships:guest_done")) + "?session_id={CHECKOUT_SESSION_ID}"
    urls = (success, public_url(membership.get_absolute_url()))
    email, attempt = form.cleaned_data["email"], form.cleaned_data["attempt"]
    visitor = guests.Visitor(email, attempt, get_language() or settings.LANGUAGE_CODE)
    try:
        terms.refuse_unaccepted(wish.terms)
        _refuse_card_testers(request, email)
        if wish.code:
            guesses.count("promotion", address=address_of(request), person=_name_of(email), now=clock.wall_time())
        started = guests.start(visitor, wish, gateway=connect.get_gateway(), urls=urls, now=clock.now())
    except (CodeNotUsable, TooManyGuesses) as refusal:
        return _page(request, membership, wish, form, promoting.refused(wish.code, refusal))
    except terms.TermsNotAccepted as refusal:
        # A forgotten tick is no try of a code, and no page at Stripe; what they typed stays.
        return _page(request, membership, wish, form, promoting.untried(wish.code), terms_problem=refusal.message)
    except (places.Full, openings.TooManyPages) as refusal:
        messages.error(request, refusal.for_buyers)
        return SeeOther(membership.get_absolute_url())
    except Refusal as refusal:
        messages.error(request, refusal.for_buyers)
        return SeeOther(reverse("lms_memberships:list"))
    except OutsideFailure as failure:
        messages.error(request, failure.for_buyers)
        return redirect(membership)
    _remember(request, started.attempt)
    return SeeOther(started.url)


def _refuse_card_testers(request: HttpRequest, email: str) -> None:
    """The site's own riddle first, then our counts: of the network, and of the address that was typed (S38)."""
    if conf.BEFORE_CHECKOUT:
        import_string(conf.BEFORE_CHECKOUT)(request)
    openings.count(address=address_of(request), person=_name_of(email), now=clock.wall_time())


def _name_of(email: str) -> str:
    return f"guest:{identity_of(email)}"


def _remember(request: HttpRequest, attempt: uuid.UUID) -> None:
    known = [each for each in request.session.get(SESSION_KEY, []) if each != str(attempt)]
    request.session[SESSION_KEY] = [*known, str(attempt)][-MOST_REMEMBERED:]


def person_of(request: HttpRequest) -> AbstractBaseUser | None:
    """Who is signed in, if anybody is."""
    return request.user if isinstance(request.user, AbstractBaseUser) else None
