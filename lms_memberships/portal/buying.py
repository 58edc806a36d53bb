"""How does a student buy? One press sends them to Stripe's page; the way back shows access at once."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.module_loading import import_string
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from .. import clock, conf
from ..asking import asks_stripe
from ..bundles.languages import in_language
from ..errors import OutsideFailure, Refusal
from ..memberships import ladders
from ..memberships.addresses import public_url
from ..memberships.guesses import TooManyGuesses
from ..memberships.models import Membership
from ..memberships.promotions import CodeNotUsable
from ..payments import connect
from ..personal_data import erasing
from ..subscriptions import checkout, holding, instead, openings, places, terms, trials
from ..subscriptions.models import Checkout, Subscription
from ..subscriptions.queries import FAILED_AT_FIRST
from ..subscriptions.told import OVER
from . import choosing, promoting, purchase_credit, waiting
from .people import sign_up_first, student_of
from .visitors import address_of

#: The page asks again this often while a payment is being confirmed, then says that it will come by mail (C1).
POLLS = 10
SECONDS_BETWEEN_POLLS = 3
#: More digits than a key of ours has.
LONGEST_ID = 19
#: What Stripe makes of a subscription whose first debit failed; the account's settings choose.
NEVER_PAID = frozenset({*FAILED_AT_FIRST, *OVER})


class SeeOther(HttpResponseRedirect):
    """303: whatever brought the browser here, it goes on with a GET."""

    status_code = 303


@never_cache
@sign_up_first
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@asks_stripe("POST")
def buy(request: HttpRequest, slug: str) -> HttpResponse:
    """GET, after signing in: what will be paid, once more. POST: on to Stripe. The price is ours (H8)."""
    on_sale = Membership.objects.on_sale(connect.current()).with_contents()
    membership = on_sale.filter(slug=slug).first()
    if membership is None:
        return _gone(request, slug)
    if request.method != "POST":
        return _confirm(request, membership, wish_of(membership, request.GET))
    return _go_to_stripe(request, membership, wish_of(membership, request.POST))


@never_cache
@login_required
@require_safe
@asks_stripe("GET", "HEAD")
def done(request: HttpRequest) -> HttpResponse:
    """Back from Stripe. Shows access at once, whether or not the webhook has come (C1)."""
    session_id = _plain(request.GET.get("session_id", ""))
    try:
        attempt = checkout.finish(student_of(request), session_id, gateway=connect.get_gateway(), now=clock.now())
    except (OutsideFailure, connect.NotConnected):
        # They may well have paid: it is found out as soon as Stripe can be asked again.
        attempt = None
    except Refusal as refusal:
        return render(request, "lms_memberships/portal/unknown_purchase.html", {"message": refusal.message})
    return _still_confirming(request, session_id) if attempt is None else _came_of(request, attempt, session_id)


def _gone(request: HttpRequest, slug: str) -> HttpResponse:
    """Taken off sale while the page was open (C8): said in words. What was never on sale is as unknown as before."""
    if request.method != "POST" or not Membership.objects.ever_published().filter(slug=slug).exists():
        raise Http404
    messages.error(request, checkout.NotOnSale.message)
    return SeeOther(reverse("lms_memberships:list"))


def _confirm(
    request: HttpRequest,
    membership: Membership,
    wish: checkout.Wish,
    promo: promoting.Promo | None = None,
    **more: object,
) -> HttpResponse:
    theirs = instead.instead_of_buying(request.user, {membership.pk: membership.title}, now=clock.now())
    if theirs or not waiting.place_of(request, membership)["can_join"]:
        # There it says so, and there are the waiting list and what is to be done instead.
        return redirect(membership)
    trial_days = checkout.trial_days_for(student_of(request), membership)
    shown = choosing.offer_to(membership, wish=wish.price_id, trial_days=trial_days)
    promo = promo or promoting.look(request, choosing.price_for(membership, wish=wish.price_id))
    context = {"offer": shown, "membership": membership, "promo": promo, "promo_code": promo.code}
    context["price_id"] = wish.price_id
    context["purchase_credit"] = purchase_credit.said(request, membership, shown)
    return render(request, "lms_memberships/portal/confirm.html", context | more, status=promo.status)


def wish_of(membership: Membership, data: QueryDict) -> checkout.Wish:
    """What was chosen, if it can be one of ours; what cannot is asked for as if nothing had been chosen."""
    price = data.get("choice", "")
    price_id = int(price) if price.isdecimal() and len(price) < LONGEST_ID else None
    accepted = data.get("terms", "")[: terms.LONGEST]
    return checkout.Wish(membership, price_id=price_id, code=promoting.typed(data), terms=accepted)


def _go_to_stripe(request: HttpRequest, membership: Membership, wish: checkout.Wish) -> HttpResponse:
    # Stripe replaces the placeholder: it must arrive unescaped (guide trap 15).
    success = public_url(reverse("lms_memberships:done")) + "?session_id={CHECKOUT_SESSION_ID}"
    urls = (success, public_url(membership.get_absolute_url()))
    try:
        erasing.refuse_who_leaves(student_of(request))
        terms.refuse_unaccepted(wish.terms)
        refuse_card_testers(request)
        if wish.code:
            promoting.count_try(request)
        url = checkout.start(
            student_of(request),
            wish,
            gateway=connect.get_gateway(),
            language=get_language() or settings.LANGUAGE_CODE,
            urls=urls,
            now=clock.now(),
        )
    except holding.AlreadyMember as refusal:
        messages.info(request, refusal.message)
        return redirect("lms_memberships:account")
    except (CodeNotUsable, TooManyGuesses) as refusal:
        # Nothing is sold at another price than the one that was expected: the same button, without the code, goes on.
        return _confirm(request, membership, wish, promoting.refused(wish.code, refusal))
    except terms.TermsNotAccepted as refusal:
        return _ask_for_terms(request, membership, wish, refusal)
    except (places.Full, trials.OfferHasChanged, openings.TooManyPages) as refusal:
        messages.error(request, refusal.for_buyers)
        return SeeOther(membership.get_absolute_url())
    except Refusal as refusal:
        # Its own page may be gone with the price.
        messages.error(request, refusal.for_buyers)
        return SeeOther(reverse("lms_memberships:list"))
    except OutsideFailure as failure:
        messages.error(request, failure.for_buyers)
        return redirect(membership)
    return SeeOther(url)


def _ask_for_terms(
    request: HttpRequest, membership: Membership, wish: checkout.Wish, refusal: terms.TermsNotAccepted
) -> HttpResponse:
    """The same page with what they had chosen and typed. A forgotten tick is no try of a code, and no page at Stripe."""
    promo = promoting.untried(wish.code)
    return _confirm(request, membership, wish, promo, promo_code=wish.code, terms_problem=refusal.message)


def refuse_card_testers(request: HttpRequest) -> None:
    """The site's own riddle first, then our count: what a captcha has stopped is not counted (S38)."""
    if conf.BEFORE_CHECKOUT:
        import_string(conf.BEFORE_CHECKOUT)(request)
    person = str(student_of(request).pk)
    openings.count(address=address_of(request), person=person, now=clock.wall_time())


def _came_of(request: HttpRequest, attempt: Checkout, session_id: str) -> HttpResponse:
    if attempt.subscription is not None and attempt.subscription.has_no_place:
        return render(request, "lms_memberships/portal/no_place_left.html", {"membership": attempt.membership})
    if _has_failed(attempt):
        return render(request, "lms_memberships/portal/done.html", {"membership": attempt.membership, "failed": True})
    if attempt.state != Checkout.State.COMPLETE:
        return _still_confirming(request, session_id)
    if attempt.subscription is None:
        # A debit takes days: there is nothing to wait for on this page.
        return render(request, "lms_memberships/portal/done.html", {"membership": attempt.membership})
    return _welcome(request, attempt, attempt.subscription)


def _has_failed(attempt: Checkout) -> bool:
    """The page was left, or the bank did not pay its debit (C7)."""
    bought = attempt.subscription
    if bought is None:
        return attempt.state == Checkout.State.EXPIRED
    return bought.opened_at is None and bought.duplicate_of_id is None and bought.status in NEVER_PAID


def _welcome(request: HttpRequest, attempt: Checkout, subscription: Subscription) -> HttpResponse:
    membership = Membership.objects.get(pk=attempt.membership_id)
    context = {
        "membership": membership,
        "subscription": subscription,
        "is_open": subscription.is_live(clock.now()),
        "items": in_language(ladders.items_of(membership), get_language() or settings.LANGUAGE_CODE),
    }
    return render(request, "lms_memberships/portal/done.html", context)


def _still_confirming(request: HttpRequest, session_id: str) -> HttpResponse:
    number = request.GET.get("n", "0")
    polls = int(number) if number.isdecimal() and len(number) < 4 else POLLS
    context: dict[str, object] = {"refresh_after": None, "message": _("We are still waiting for your bank.")}
    if polls < POLLS:
        context["refresh_after"] = SECONDS_BETWEEN_POLLS
        context["next_url"] = f"{request.path}?session_id={session_id}&n={polls + 1}"
    return render(request, "lms_memberships/portal/confirming.html", context)


def _plain(session_id: str) -> str:
    """Only what a session id is made of: it goes into a header-like attribute of the page."""
    return "".join(letter for letter in session_id if letter.isalnum() or letter == "_")[:255]
