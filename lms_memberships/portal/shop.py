"""What is on sale? The public list and the page of one membership."""

from typing import Any

from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.utils.translation import get_language
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers
from django.views.generic import ListView

from .. import clock
from ..memberships.models import Membership
from ..memberships.offers import offers
from ..memberships.queries import MembershipQuerySet
from ..payments import connect
from ..subscriptions import checkout, instead, places, trials
from ..subscriptions.models import Subscription
from . import choosing, giving, guests, promoting, purchase_credit, sharing, tiers, waiting
from .people import student_of

PER_PAGE = 12
vary_on_reader = vary_on_headers("Accept-Language", "Cookie")


@method_decorator([require_safe, vary_on_reader], name="dispatch")
class MembershipList(ListView):
    """Every membership that can be bought now; ``?q=`` searches titles and descriptions."""

    template_name = "lms_memberships/portal/list.html"
    paginate_by = PER_PAGE

    def get_queryset(self) -> MembershipQuerySet:
        on_sale = Membership.objects.on_sale(connect.current())
        # PostgreSQL has no NUL in a text, and raises for one in a question.
        words = self.request.GET.get("q", "").replace("\0", "").strip()[:100]
        if words:
            on_sale = on_sale.filter(Q(title__icontains=words) | Q(description__icontains=words))
        return on_sale.with_contents()

    def get_context_data(self, **kwargs: object) -> dict:
        context = super().get_context_data()
        days = trials.days_for(self.request.user, context["object_list"])
        shown = offers(context["object_list"], now=clock.now(), language=get_language(), trial_days=days)
        context["offers"] = places.with_places(shown, now=clock.now())
        context["q"] = self.request.GET.get("q", "")
        context["promo_code"] = promoting.brought(self.request.GET)
        return context


@require_safe
@vary_on_reader
def detail(request: HttpRequest, slug: str) -> HttpResponse:
    """One membership: shareable, and honest about what is paid when.

    A membership that is not sold any more has its page for those who hold it, and for nobody else (S26).
    """
    membership = Membership.objects.filter(slug=slug).with_contents().first()
    if membership is None:
        raise Http404
    theirs = _what_is_theirs(request, membership)
    is_sold = Membership.objects.on_sale(connect.current()).filter(pk=membership.pk).exists()
    if not is_sold and not any(theirs.values()):
        raise Http404
    around = tiers.around(request, membership)
    begins_nothing = any(theirs.values()) or bool(around and around.change_url)
    shown = choosing.offer_to(
        membership, wish=None, trial_days=0 if begins_nothing else _trial_days(request, membership)
    )
    context = {"offer": shown, "membership": membership, "is_sold": is_sold, "tiers": around, **theirs}
    context |= waiting.place_of(request, membership)
    # Only carried along: whether it holds is said after signing in, where guesses are counted.
    context["promo_code"] = code = promoting.brought(request.GET)
    context["guest_url"] = guests.address_for(request, membership, code) if is_sold else ""
    context["promo"] = promoting.Promo(typed=code, is_asked_for=is_sold and bool(code or promoting.are_there_any()))
    context["can_give"] = is_sold and context["can_join"] and bool(giving.offers_of(membership))
    context["json_ld"] = sharing.json_ld(shown, context["places"])
    context["share"] = share = sharing.open_graph(shown)
    context |= {"canonical": share["og:url"], "purchase_credit": _credit(request, context)}
    return render(request, "lms_memberships/portal/detail.html", context)


def _what_is_theirs(request: HttpRequest, membership: Membership) -> dict[str, Subscription | instead.Instead | None]:
    """``holding``: what is open to them. ``instead``: closed, and all the same nothing to be bought anew."""
    holding = _holding(request, membership)
    if holding is not None:
        return {"holding": holding, "instead": None}
    found = instead.instead_of_buying(request.user, {membership.pk: membership.title}, now=clock.now())
    return {"holding": None, "instead": found.get(membership.pk)}


def _trial_days(request: HttpRequest, membership: Membership) -> int | None:
    """A stranger is told of the trial; whether they had it already is known once they have signed in."""
    return checkout.trial_days_for(request.user, membership) if request.user.is_authenticated else None


def _credit(request: HttpRequest, context: dict[str, Any]) -> str:
    can_buy = context["is_sold"] and context["can_join"] and not (context["holding"] or context["instead"])
    return purchase_credit.said(request, context["membership"], context["offer"]) if can_buy else ""


def _holding(request: HttpRequest, membership: Membership) -> Subscription | None:
    if not request.user.is_authenticated:
        return None
    mine = Subscription.objects.of(student_of(request)).filter(membership=membership).select_related("membership")
    now = clock.now()
    return next((subscription for subscription in mine if subscription.is_live(now)), None)
