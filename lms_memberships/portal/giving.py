"""How does somebody give a membership, and what do they see of it afterwards? The page, the way back, the link (X15)."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.mixins import LoginRequiredMixin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe
from django.views.generic import ListView

from .. import clock, conf
from ..asking import asks_stripe
from ..emails import gift_delivery
from ..errors import OutsideFailure, Refusal
from ..memberships.addresses import public_url
from ..memberships.gift_offer_models import GiftOffer
from ..memberships.models import Membership
from ..payments import connect
from ..personal_data import erasing
from ..subscriptions import checkout, gift_buying, gift_links, places, terms, withdrawing
from ..subscriptions.gift_models import Gift, GiftQuerySet
from .buying import SeeOther, _plain, refuse_card_testers
from .gift_form import GiftForm
from .gift_words import shown
from .people import sign_up_first, student_of

GIFTS_PER_PAGE = 25


def offers_of(membership: Membership) -> list[GiftOffer]:
    """What can be given of it now. One query."""
    return list(GiftOffer.objects.sold(connect.current()).filter(membership=membership))


@never_cache
@sign_up_first
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@asks_stripe("POST")
def give(request: HttpRequest, slug: str) -> HttpResponse:
    """GET: for how long, for whom, and what is paid. POST: on to Stripe. The price is ours (H8)."""
    membership = Membership.objects.on_sale(connect.current()).filter(slug=slug).first()
    offers = offers_of(membership) if membership is not None else []
    if membership is None or not offers:
        raise Http404
    form = GiftForm(
        request.POST if request.method == "POST" else None,
        offers=offers,
        language=get_language() or settings.LANGUAGE_CODE,
        is_mail_on=gift_delivery.is_mail_on(membership.pk),
        now=clock.now(),
        initial={"from_name": _name_of(request)},
    )
    if request.method == "POST" and form.is_valid():
        return _go_to_stripe(request, membership, form)
    return _page(request, membership, form)


def _page(request: HttpRequest, membership: Membership, form: GiftForm, **more: object) -> HttpResponse:
    found = places.places_of(membership, now=clock.now())
    context = {
        "membership": membership,
        "form": form,
        "is_sold_out": found is not None and found.are_sold_out,
        "is_mail_on": gift_delivery.is_mail_on(membership.pk),
        "months_to_redeem": conf.GIFT_VALID_MONTHS,
    }
    return render(request, "lms_memberships/portal/give.html", context | more)


@never_cache
@login_required
@require_safe
@asks_stripe("GET", "HEAD")
def done(request: HttpRequest) -> HttpResponse:
    """Back from Stripe: on to the page of the gift, whether or not the webhook has come (C1)."""
    session_id = _plain(request.GET.get("session_id", ""))
    try:
        gift = gift_buying.finish(student_of(request), session_id, gateway=connect.get_gateway(), now=clock.now())
    except (OutsideFailure, connect.NotConnected):
        # They may well have paid: it is found out as soon as Stripe can be asked again.
        return render(request, "lms_memberships/portal/gift_confirming.html")
    except Refusal as refusal:
        return render(request, "lms_memberships/portal/unknown_purchase.html", {"message": refusal.message})
    if gift.state in {Gift.State.PLANNED, Gift.State.ABANDONED}:
        return render(request, "lms_memberships/portal/gift_confirming.html", {"membership": gift.membership})
    return redirect("lms_memberships:given", gift.pk)


@never_cache
@login_required
@require_safe
def given(request: HttpRequest, pk: int) -> HttpResponse:
    """One gift of one's own: where it stands, and its link while nobody has redeemed it."""
    gift = get_object_or_404(_mine(request), pk=pk)
    now = clock.now()
    can_be_redeemed = gift.is_redeemable and not gift.is_over(now)
    context = {
        "card": shown(gift, now=now, language=get_language()),
        "gift": gift,
        "link": gift_links.link_of(gift) if can_be_redeemed else "",
        "has_lost_its_link": can_be_redeemed and not gift_links.token_of(gift),
        "can_withdraw": withdrawing.can_withdraw_gift(gift, now=now),
        "is_mail_on": not gift.is_mailed or gift_delivery.is_mail_on(gift.membership_id),
    }
    return render(request, "lms_memberships/portal/given.html", context)


@method_decorator(never_cache, name="dispatch")
class GiftList(LoginRequiredMixin, ListView):
    """The gifts that one gave, newest first."""

    template_name = "lms_memberships/portal/gifts.html"
    paginate_by = GIFTS_PER_PAGE

    def get_queryset(self) -> QuerySet[Gift]:
        return _mine(self.request)

    def get_context_data(self, **kwargs: object) -> dict[str, object]:
        context = super().get_context_data()
        now, language = clock.now(), get_language()
        return {**context, "gifts": [shown(each, now=now, language=language) for each in context["object_list"]]}


def _go_to_stripe(request: HttpRequest, membership: Membership, form: GiftForm) -> HttpResponse:
    # Stripe replaces the placeholder: it must arrive unescaped (guide trap 15).
    success = public_url(reverse("lms_memberships:gift_done")) + "?session_id={CHECKOUT_SESSION_ID}"
    here = reverse("lms_memberships:give", args=[membership.slug])
    wanted = form.cleaned_data
    wish = gift_buying.Wish(
        membership=membership,
        offer_id=wanted["offer"],
        from_name=wanted["from_name"],
        recipient_name=wanted["recipient_name"],
        recipient_email=wanted["recipient_email"],
        message=wanted["message"],
        deliver_on=wanted["deliver_on"],
        terms=request.POST.get("terms", "")[: terms.LONGEST],
    )
    try:
        erasing.refuse_who_leaves(student_of(request))
        terms.refuse_unaccepted(wish.terms)
        refuse_card_testers(request)
        url = gift_buying.start(
            student_of(request),
            wish,
            gateway=connect.get_gateway(),
            language=get_language() or settings.LANGUAGE_CODE,
            urls=(success, public_url(here)),
            now=clock.now(),
        )
    except terms.TermsNotAccepted as refusal:
        # What they have typed stays.
        return _page(request, membership, form, terms_problem=refusal.message)
    except checkout.NotOnSale as refusal:
        messages.error(request, refusal.for_buyers)
        return SeeOther(reverse("lms_memberships:list"))
    except (Refusal, OutsideFailure) as no:
        messages.error(request, no.for_buyers)
        return SeeOther(here)
    return SeeOther(url)


def _name_of(request: HttpRequest) -> str:
    full_name = getattr(student_of(request), "get_full_name", None)
    return str(full_name())[:100] if callable(full_name) else ""


def _mine(request: HttpRequest) -> GiftQuerySet:
    # Every look-up starts here: another person's gift is as unknown as one that does not exist (S19).
    return Gift.objects.bought().filter(giver_id=student_of(request).pk).select_related("membership")
