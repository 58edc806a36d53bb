"""How is the list of memberships answered, and how does "Try again" work? (U8, U9)."""

from typing import Any

from django.contrib.admin.utils import quote
from django.core.exceptions import PermissionDenied
from django.forms import Media
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import translation
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from wagtail.admin import messages
from wagtail.admin.staticfiles import versioned_static
from wagtail.admin.ui.tables import BaseColumn, Column, NumberColumn
from wagtail.admin.widgets.button import HeaderButton
from wagtail.log_actions import log
from wagtail.snippets.views.snippets import IndexView

from ... import clock
from ...asking import asks_stripe
from ...errors import OutsideFailure, Refusal
from ...memberships import publishing
from ...memberships.intervals import interval_text
from ...memberships.models import Membership
from ...memberships.pricing import way_text
from ...memberships.ways import first_way
from ...payments import connect
from ...subscriptions import members
from ...subscriptions.places import Places, places_in
from ..desks import NotExported
from .filters import MembershipFilterSet
from .first_steps import first_steps
from .sale_states import standings

TRY_AGAIN_URL_NAME = "lms_memberships_try_again"
PUBLISH_PERMISSION = "lms_memberships.publish_membership"


class SaleColumn(Column):
    """The state in words, the reason beside it, and a button where trying again can help."""

    cell_template_name = "lms_memberships/creator/memberships/sale_cell.html"

    def get_cell_context_data(self, instance: Membership, parent_context: dict) -> dict:
        request = parent_context["request"]
        may_try = instance.standing.can_be_tried_again and request.user.has_perm(PUBLISH_PERMISSION)
        return super().get_cell_context_data(instance, parent_context) | {
            "standing": instance.standing,
            "try_again_url": reverse(TRY_AGAIN_URL_NAME, args=[quote(instance.pk)]) if may_try else "",
            "csrf_token": parent_context.get("csrf_token"),
        }


def _price(membership: Membership) -> str:
    way = first_way(membership)
    return way_text(way, translation.get_language() or "en") if way else _("No price yet")


def _members(membership: Any) -> str:
    """With a limit, how many places are taken, too many included (J10): more than members, if some are just paying."""
    places: Places | None = membership.places
    if places is None:
        return str(membership.members)
    numbers = {"count": membership.members, "taken": places.taken, "limit": places.limit}
    return _("%(count)s; places taken: %(taken)s of %(limit)s") % numbers


class MembershipIndexView(NotExported, IndexView):
    """Wagtail's listing; states and counts are read for the whole page at once."""

    # Titles are short and few: the database finds parts of words, and no index can lag behind.
    search_fields = ("title",)
    search_backend_name = None
    filterset_class = MembershipFilterSet

    add_item_label = gettext_lazy("Create a new membership")

    @cached_property
    def columns(self) -> list[BaseColumn]:
        checkbox = super().columns[0]
        return [
            checkbox,
            self._get_title_column("title"),
            Column("price", label=gettext_lazy("Price"), accessor=_price),
            Column(
                "interval",
                label=gettext_lazy("Billing interval"),
                accessor=lambda membership: interval_text(membership.interval),
                sort_key="interval",
            ),
            SaleColumn("standing", label=gettext_lazy("Sale")),
            NumberColumn("members", label=gettext_lazy("Members"), accessor=_members),
        ]

    @cached_property
    def add_button(self) -> HeaderButton:
        return HeaderButton(self.add_item_label, url=self.add_url, icon_name="plus", classname="lms-create")

    def get_context_data(self, *args: object, **kwargs: object) -> dict:
        context = super().get_context_data(*args, **kwargs)
        context["media"] += Media(css={"all": [versioned_static("lms_memberships/creator/memberships.css")]})
        # The table holds this very list: what is set on its rows is shown.
        rows = list(context["object_list"])
        states = standings(rows, connect.current())
        people = members.count(rows, now=clock.now())
        limits = places_in(rows, now=clock.now())
        for row in rows:
            row.standing, row.members = states[row.pk], people.get(row.pk, 0)
            row.places = limits.get(row.pk)
        context["table"].data = rows
        context["first_steps"] = first_steps(self.request.user, now=clock.wall_time(), add_url=self.add_url or "")
        return context


@require_POST
@asks_stripe("POST")
def try_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask Stripe once more to confirm the published version's price."""
    if not request.user.has_perm(PUBLISH_PERMISSION):
        raise PermissionDenied
    membership = get_object_or_404(Membership, pk=pk, live=True)
    try:
        publishing.prepare(membership, gateway=connect.get_gateway(), now=clock.now())
    except publishing.Incomplete as refusal:
        texts = [text for found in refusal.problems.values() for text in found]
        messages.error(request, " ".join([str(refusal.message), *texts]))
    except (Refusal, OutsideFailure) as no:
        messages.error(request, str(no.message))
    else:
        log(instance=membership, action="lms_memberships.put_on_sale", user=request.user)
        messages.success(request, _("'%(title)s' is on sale now.") % {"title": membership.title})
    return HttpResponseRedirect(reverse(Membership.snippet_viewset.get_url_name("list")))
