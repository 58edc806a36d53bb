"""How are purchases without an account listed, and what can be done about one? Paged and searched by the database."""

from typing import Any

import django_filters
from django import forms
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import get_language, gettext_lazy, pgettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from wagtail.admin import messages
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.tables import BaseColumn, Column, DateColumn
from wagtail.log_actions import log
from wagtail.permission_policies import ModelPermissionPolicy

from ... import clock
from ...asking import asks_stripe
from ...errors import OutsideFailure, Refusal
from ...history import GUEST_RETURNED
from ...memberships.models import Membership
from ...money import format_money
from ...payments import connect
from ...subscriptions import guest_links, guest_parking, guest_returns
from ...subscriptions.guest_models import GuestPurchase
from ..desks import Listing

LIST, RESULTS, AGAIN, RETURN = (f"lms_memberships_guests_{name}" for name in ("list", "results", "again", "return"))
CHANGE = "lms_memberships.change_guestpurchase"
State = GuestPurchase.State
#: Pages that nobody has paid are no purchases.
SHOWN = (State.PARKED, State.PENDING, State.CLAIMED, State.ENDED, State.RETURNED)


class GuestFilter(WagtailFilterSet):
    state = django_filters.ChoiceFilter(
        label=gettext_lazy("State"),
        choices=[(state.value, state.label) for state in SHOWN],
        empty_label=pgettext_lazy("states", "All"),
        widget=forms.RadioSelect,
    )
    membership = django_filters.ModelChoiceFilter(
        label=gettext_lazy("Membership"), queryset=lambda request: Membership.objects.order_by("title")
    )

    class Meta:
        model = GuestPurchase
        fields = ["state", "membership"]


class StateColumn(Column):
    """Where it stands, and what can be done while nobody has come for it."""

    cell_template_name = "lms_memberships/creator/guests/state_cell.html"

    def get_cell_context_data(self, instance: GuestPurchase, parent_context: dict) -> dict:
        may_change = instance.is_claimable and parent_context["request"].user.has_perm(CHANGE)
        return super().get_cell_context_data(instance, parent_context) | {
            "purchase": instance,
            "again_url": reverse(AGAIN, args=[instance.pk]) if may_change else "",
            "return_url": reverse(RETURN, args=[instance.pk]) if may_change else "",
            "csrf_token": parent_context.get("csrf_token"),
        }


class GuestView(Listing):
    """Those that wait come first, the longest first. Constant in queries, whatever the page holds."""

    any_permission_required = ["view"]
    default_ordering: Any = "pk"

    def get_base_queryset(self) -> QuerySet:
        shown = GuestPurchase.objects.filter(state__in=[state.value for state in SHOWN])
        return shown.select_related("membership", "claimed_by", "price").order_by("-paid_at", "-pk")

    @cached_property
    def columns(self) -> list[BaseColumn]:
        language = get_language() or "en"
        return [
            Column("email", label=gettext_lazy("E-mail"), accessor=lambda row: row.email or "–"),
            StateColumn("state", label=gettext_lazy("State")),
            Column("membership", label=gettext_lazy("Membership"), accessor="membership.title"),
            DateColumn("paid_at", label=pgettext_lazy("purchase", "Paid"), sort_key="paid_at"),
            Column(
                "amount",
                label=gettext_lazy("Amount"),
                accessor=lambda row: format_money(row.money, language) if row.money else "–",
            ),
        ]


def guests_view(*, only_results: bool = False) -> Any:
    return GuestView.as_view(
        model=GuestPurchase,
        permission_policy=ModelPermissionPolicy(GuestPurchase),
        page_title=gettext_lazy("Bought without an account"),
        header_icon="user",
        index_url_name=LIST,
        index_results_url_name=RESULTS,
        filterset_class=GuestFilter,
        search_fields=("email", "membership__title", "stripe_id", "customer_id"),
        results_only=only_results,
    )


@require_POST
def send_again(request: HttpRequest, pk: int) -> HttpResponse:
    """The link once more, to the mailbox that Stripe has: whoever presses never sees it."""
    if not request.user.has_perm(CHANGE):
        raise PermissionDenied
    purchase = get_object_or_404(GuestPurchase, pk=pk)
    if guest_links.send_again(purchase.pk, now=clock.now()):
        messages.success(request, _("The link is on its way to %(email)s.") % {"email": purchase.email})
    else:
        messages.warning(request, _("Nobody can claim this purchase any more."))
    return HttpResponseRedirect(reverse(LIST))


@require_http_methods(["GET", "HEAD", "POST"])
@asks_stripe("POST")
def give_back(request: HttpRequest, pk: int) -> HttpResponse:
    """GET asks once. POST cancels it and returns all that was paid."""
    if not request.user.has_perm(CHANGE):
        raise PermissionDenied
    purchase = get_object_or_404(GuestPurchase.objects.select_related("membership", "price"), pk=pk)
    if request.method != "POST":
        context = {"purchase": purchase, "back_url": reverse(LIST)}
        return render(request, "lms_memberships/creator/guests/give_back.html", context)
    if not guest_returns.decide(purchase.pk, GuestPurchase.Reason.STAFF):
        messages.warning(request, _("Nobody can claim this purchase any more."))
        return HttpResponseRedirect(reverse(LIST))
    log(instance=purchase.membership, action=GUEST_RETURNED, user=request.user, data={"purchase": str(purchase.uuid)})
    try:
        found = guest_parking.return_what_is_due(purchase, gateway=connect.get_gateway(), now=clock.now())
    except (Refusal, OutsideFailure) as no:
        # Decided it is: nobody can claim it any more, and the daily job goes on.
        messages.warning(request, _("It is tried again until it works. %(why)s") % {"why": no.message})
    else:
        _say_what_became(request, found)
    return HttpResponseRedirect(reverse(LIST))


def _say_what_became(request: HttpRequest, purchase: GuestPurchase) -> None:
    """What is disputed at a bank goes back when that is decided."""
    if purchase.state == State.RETURNED:
        messages.success(request, _("It is cancelled, and all that was paid is being returned."))
    else:
        messages.warning(request, (_("It is tried again until it works. %(why)s") % {"why": ""}).strip())
