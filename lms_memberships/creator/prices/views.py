"""Which prices does a membership have, and how many people hold each? Current, hidden and old ones, a page at a time."""

from collections.abc import Sequence

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy, pgettext_lazy
from django.views.generic import TemplateView
from wagtail.admin.views.generic import WagtailAdminTemplateMixin

from ... import clock
from ...memberships.models import Membership, Price
from ...memberships.pricing import way_text
from ...memberships.ways import way_of, ways
from ...payments import connect
from ...subscriptions import price_counts, price_moves
from ...subscriptions.price_move_models import PriceMove

PRICES, MOVE, PEOPLE = "lms_memberships_prices", "lms_memberships_price_move", "lms_memberships_price_move_people"
#: Whoever may change a price may move members to it, and see who they are.
NEEDED = ("lms_memberships.change_membership", "lms_memberships.set_price_membership")
PER_PAGE, MOST_MOVES = 25, 10

LABELS: dict[str, str | Promise] = {
    "current": pgettext_lazy("price", "On sale"),
    "hidden": pgettext_lazy("price", "Hidden"),
    "old": pgettext_lazy("price", "Not sold any more"),
    "waiting": gettext_lazy("Not confirmed by Stripe"),
}


class PricedMembershipMixin(WagtailAdminTemplateMixin):
    """A page below one membership, for whoever may change its price."""

    header_icon = "tag"

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        refuse_others(request)
        self.membership = self.find_membership()
        return super().dispatch(request, *args, **kwargs)

    def find_membership(self) -> Membership:
        return get_object_or_404(Membership, pk=self.kwargs["pk"])

    def get_breadcrumbs_items(self) -> list[dict[str, object]]:
        return [*super().get_breadcrumbs_items(), *above(self.membership), {"url": "", "label": self.get_page_title()}]


class PricesPage(PricedMembershipMixin, TemplateView):
    """Constant in queries, whatever the page holds."""

    page_title = gettext_lazy("Prices and members")
    template_name = "lms_memberships/creator/prices/prices.html"

    def get_context_data(self, **kwargs: object) -> dict:
        context = super().get_context_data(**kwargs)
        page = Paginator(prices_of(self.membership), PER_PAGE).get_page(self.request.GET.get("p"))
        moves = PriceMove.objects.filter(membership=self.membership).select_related("old_price", "new_price")
        return context | {
            "membership": self.membership,
            "rows": _rows(self.membership, list(page.object_list)),
            "page": page,
            "moves": [move_in_words(move) for move in moves[:MOST_MOVES]],
            "breadcrumbs_items": self.get_breadcrumbs_items(),
        }


def move_in_words(move: PriceMove) -> dict[str, object]:
    """For a line or a heading: from what to what."""
    language = get_language() or "en"
    old, new = (way_text(way_of(price), language) for price in (move.old_price, move.new_price))
    return {"move": move, "url": reverse(PEOPLE, args=[move.pk]), "old": old, "new": new}


def refuse_others(request: HttpRequest) -> None:
    """Raise PermissionDenied."""
    if not request.user.has_perms(NEEDED):
        raise PermissionDenied


def above(membership: Membership) -> list[dict[str, object]]:
    """The way down to a page of one membership."""
    url_name = Membership.snippet_viewset.get_url_name
    return [
        {"url": reverse(url_name("list")), "label": Membership._meta.verbose_name_plural},
        {"url": reverse(url_name("edit"), args=[membership.pk]), "label": str(membership)},
    ]


def prices_of(membership: Membership) -> QuerySet[Price]:
    """Those of the connected account, the newest first."""
    connection = connect.current()
    if connection is None:
        return Price.objects.none()
    return Price.objects.in_account(connection).filter(membership=membership).order_by("-created_at", "-pk")


def kind_of(price: Price, membership: Membership) -> str:
    """Whether new members come to it."""
    if price.confirmed_at is None:
        return "waiting"
    known = {way.key: way for way in ways(membership)} if membership.live else {}
    way = known.get(price.key)
    if way is None:
        return "old"
    return "hidden" if way.is_hidden else "current"


def _rows(membership: Membership, prices: Sequence[Price]) -> list[dict[str, object]]:
    # Asked once for all of them.
    membership = Membership.objects.prefetch_related("price_options").get(pk=membership.pk)
    held = price_counts.count([price.pk for price in prices], now=clock.now())
    running = {move.old_price_id: move for move in PriceMove.objects.filter(old_price__in=prices, state="planned")}
    language = get_language() or "en"
    return [
        {
            "price": price,
            "text": way_text(way_of(price), language),
            "label": LABELS[kind_of(price, membership)],
            "members": held.get(price.pk, 0),
            "move": running.get(price.pk),
            "can_be_left": price.pk in held
            and price.pk not in running
            and price_moves.can_be_left(price, membership if membership.live else Membership()),
        }
        for price in prices
    ]
