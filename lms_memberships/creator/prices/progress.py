"""How far is a price change, person by person, and how is it called off or tried again? Paged and filtered by the database."""

import django_filters
from django import forms
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy
from django.views.decorators.http import require_POST
from wagtail.admin import messages
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.tables import BaseColumn, Column, DateColumn
from wagtail.admin.views.generic import WagtailAdminTemplateMixin
from wagtail.log_actions import log

from ... import clock
from ...errors import Refusal
from ...history import PRICE_MOVE_CALLED_OFF
from ...subscriptions import price_moves
from ...subscriptions.price_move_models import PriceMove, PriceMoveEntry
from ..desks import Listing, names_of
from .views import PEOPLE, PRICES, above, move_in_words, refuse_others

RESULTS, CALL_OFF, AGAIN = (
    f"{PEOPLE}_results",
    "lms_memberships_price_move_call_off",
    "lms_memberships_price_move_again",
)


class EntryFilter(WagtailFilterSet):
    state = django_filters.ChoiceFilter(
        label=gettext_lazy("State"),
        choices=PriceMoveEntry.State.choices,
        empty_label=pgettext_lazy("states", "All"),
        widget=forms.RadioSelect,
    )

    class Meta:
        model = PriceMoveEntry
        fields = ("state",)


class MovePeople(Listing):
    """Constant in queries, however many people there are."""

    model = PriceMoveEntry
    permission_policy = None
    permission_required = any_permission_required = None
    header_icon = "tag"
    template_name = "lms_memberships/creator/prices/progress.html"
    filterset_class = EntryFilter
    search_fields = names_of("subscription__user")
    default_ordering = "pk"

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        refuse_others(request)
        return super().dispatch(request, *args, **kwargs)

    def setup(self, request: HttpRequest, *args: object, **kwargs: object) -> None:
        self.move = find(int(str(kwargs["pk"])))
        super().setup(request, *args, **kwargs)

    def get_page_title(self) -> str:
        return _("Price change")

    @cached_property
    def columns(self) -> list[BaseColumn]:
        return [
            Column("person", label=gettext_lazy("Student"), accessor="subscription.user.get_username"),
            Column("state", label=gettext_lazy("State"), accessor=_state, sort_key="state"),
            DateColumn("told_at", label=gettext_lazy("Told"), sort_key="told_at"),
            DateColumn("applies_from", label=gettext_lazy("New price from"), sort_key="applies_from"),
            DateColumn("done_at", label=pgettext_lazy("price", "Moved"), sort_key="done_at"),
        ]

    def get_base_queryset(self) -> QuerySet:
        return self.move.entries.select_related("subscription__user")

    def get_index_url(self) -> str:
        return reverse(PEOPLE, args=[self.move.pk])

    def get_index_results_url(self) -> str:
        return reverse(RESULTS, args=[self.move.pk])

    def get_breadcrumbs_items(self) -> list[dict[str, object]]:
        membership = self.move.membership
        prices: dict[str, object] = {
            "url": reverse(PRICES, args=[membership.pk]),
            "label": gettext_lazy("Prices and members"),
        }
        # Not those of a listing that stands by itself.
        home = WagtailAdminTemplateMixin.get_breadcrumbs_items(self)
        return [*home, *above(membership), prices, {"url": "", "label": self.get_page_title()}]

    def get_context_data(self, *args: object, **kwargs: object) -> dict:
        context = super().get_context_data(*args, **kwargs)
        counted = dict(self.move.entries.order_by().values_list("state").annotate(Count("pk")))
        states = PriceMoveEntry.State
        return context | {
            **move_in_words(self.move),
            "counts": [(states(state).label, counted[state]) for state in states if counted.get(state)],
            "is_under_way": self.move.state == PriceMove.State.PLANNED,
            "has_failed": bool(counted.get(states.FAILED)) and self.move.state != PriceMove.State.CANCELLED,
            "call_off_url": reverse(CALL_OFF, args=[self.move.pk]),
            "again_url": reverse(AGAIN, args=[self.move.pk]),
        }


@require_POST
def call_off(request: HttpRequest, pk: int) -> HttpResponse:
    """Nobody more is moved."""
    refuse_others(request)
    move = find(pk)
    try:
        price_moves.call_off(move, now=clock.now())
    except Refusal as refusal:
        messages.error(request, str(refusal.message))
    else:
        log(instance=move.membership, action=PRICE_MOVE_CALLED_OFF, user=request.user)
        messages.success(request, _("The price change is called off. Those already moved stay moved."))
    return HttpResponseRedirect(reverse(PEOPLE, args=[pk]))


@require_POST
def try_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Those that failed."""
    refuse_others(request)
    move = find(pk)
    try:
        count = price_moves.try_again(move)
    except Refusal as refusal:
        messages.error(request, str(refusal.message))
    else:
        words = ngettext("%(count)s member is tried again.", "%(count)s members are tried again.", count)
        messages.success(request, words % {"count": count})
    return HttpResponseRedirect(reverse(PEOPLE, args=[pk]))


def find(pk: int) -> PriceMove:
    rows = PriceMove.objects.select_related("membership", "old_price", "new_price")
    return get_object_or_404(rows, pk=pk)


def _state(entry: PriceMoveEntry) -> str:
    """The state, and why, in one line."""
    why = str(price_moves.REASONS.get(entry.reason, "")) if entry.reason else ""
    return " ".join(filter(None, (f"{entry.get_state_display()}.", why, entry.failure)))
