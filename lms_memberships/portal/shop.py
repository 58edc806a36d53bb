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
from ..subscriptions import checkout, places
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
        shown = offers(context["object_list"], now=clock.now(), language=get_language())
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
    membership = Membership.objects.filter(slug=slug, live=True).with_contents().first()
    holding = _holding(request, slug)
    is_sold = membership is not None and Membership.objects.on_sale(connect.current()).filter(pk=membership.pk).exists()
    if not is_sold and holding is None:
        raise Http404
    membership = membership or Membership.objects.with_contents().get(slug=slug)
    # A stranger is told of the trial; whether they had it already is known once they have signed in.
    trial_days = checkout.trial_days_for(request.user, membership) if request.user.is_authenticated else None
    shown = choosing.offer_to(membership, wish=None, trial_days=trial_days)
    context = {"offer": shown, "membership": membership, "holding": holding, "is_sold": is_sold}
    context |= waiting.place_of(request, membership)
    context["tiers"] = tiers.around(request, membership)
    # Only carried along: whether it holds is said after signing in, where guesses are counted.
    context["promo_code"] = code = promoting.brought(request.GET)
    context["guest_url"] = guests.address_for(request, membership, code) if is_sold else ""
    context["promo"] = promoting.Promo(typed=code, is_asked_for=is_sold and bool(code or promoting.are_there_any()))
    context["can_give"] = is_sold and context["can_join"] and bool(giving.offers_of(membership))
    context["json_ld"] = sharing.json_ld(shown, context["places"])
    context["share"] = share = sharing.open_graph(shown)
    context |= {"canonical": share["og:url"], "purchase_credit": _credit(request, context)}
    return render(request, "lms_memberships/portal/detail.html", context)


def _credit(request: HttpRequest, context: dict[str, Any]) -> str:
    can_buy = context["is_sold"] and context["can_join"] and context["holding"] is None
    return purchase_credit.said(request, context["membership"], context["offer"]) if can_buy else ""


def _holding(request: HttpRequest, slug: str) -> Subscription | None:
    if not request.user.is_authenticated:
        return None
    mine = Subscription.objects.of(student_of(request)).filter(membership__slug=slug).select_related("membership")
    now = clock.now()
    return next((subscription for subscription in mine if subscription.is_live(now)), None)
