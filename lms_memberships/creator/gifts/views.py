"""How are the gifts listed that were bought? Paged, searched and filtered by the database."""

from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import get_language, gettext_lazy, pgettext_lazy
from django.utils.translation import gettext as _
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.tables import BaseColumn, Column, DateColumn, TitleColumn
from wagtail.admin.widgets.button import HeaderButton
from wagtail.permission_policies import ModelPermissionPolicy

from ...memberships.gift_offers import length_text
from ...memberships.models import Membership
from ...money import format_money
from ...punctuation import labelled
from ...subscriptions import disputed
from ...subscriptions.gift_models import NO_PLACE, REFUNDED_LATE, Gift
from ..desks import Listing, names_of

LIST, RESULTS, SHOW, RESEND, CHANGE, REFUND, OFFERS, OFFERS_RESULTS, OFFER = (
    f"lms_memberships_gifts_{name}"
    for name in ("list", "results", "show", "resend", "change", "refund", "offers", "offers_results", "offer")
)
POLICY = ModelPermissionPolicy(Gift)
CHANGE_PERMISSION = "lms_memberships.change_gift"
REFUND_PERMISSION = "lms_memberships.refund_gift"
PRICE_PERMISSION = "lms_memberships.set_price_membership"
SEEING = ["view", "change", "refund"]
PROBLEMS = {
    NO_PLACE: gettext_lazy("It was paid after the last place had gone."),
    REFUNDED_LATE: gettext_lazy("Its money was given back at Stripe after it had been redeemed."),
}
DISPUTED = gettext_lazy("Whoever paid for it has gone to their bank, which has the money, for now or for good.")
#: Nobody paid these: they are no gifts yet.
HIDDEN = {Gift.State.PLANNED, Gift.State.ABANDONED}


class GiftFilterSet(WagtailFilterSet):
    state = django_filters.ChoiceFilter(
        label=gettext_lazy("State"),
        choices=[choice for choice in Gift.State.choices if choice[0] not in HIDDEN],
        empty_label=pgettext_lazy("states", "All"),
        widget=forms.RadioSelect,
    )
    membership = django_filters.ModelChoiceFilter(
        label=gettext_lazy("Membership"), queryset=lambda request: Membership.objects.order_by("title")
    )

    class Meta:
        model = Gift
        fields = ("state", "membership")


class GiftIndex(Listing):
    """Constant in queries, whatever the page holds."""

    model = Gift
    permission_policy = POLICY
    any_permission_required = SEEING
    page_title = gettext_lazy("Gifts")
    index_url_name = LIST
    index_results_url_name = RESULTS
    filterset_class = GiftFilterSet
    search_fields = [
        *names_of("giver"),
        "recipient_name",
        "recipient_email",
        *names_of("user"),
        "membership__title",
    ]
    header_icon = "tag"

    @cached_property
    def columns(self) -> list[BaseColumn]:
        language = get_language() or "en"
        return [
            TitleColumn("membership", label=gettext_lazy("Membership"), accessor=_title, url_name=SHOW),
            Column("state", label=gettext_lazy("State"), accessor=_state, sort_key="state"),
            Column("giver", label=gettext_lazy("Giver"), accessor="giver.get_username"),
            Column("recipient", label=gettext_lazy("For"), accessor=_recipient),
            Column(
                "price", label=pgettext_lazy("gift", "Paid"), accessor=lambda gift: format_money(gift.money, language)
            ),
            DateColumn("deliver_on", label=gettext_lazy("Delivery"), sort_key="deliver_on"),
            DateColumn("created_at", label=gettext_lazy("Bought"), sort_key="created_at"),
        ]

    @cached_property
    def header_buttons(self) -> list[HeaderButton]:
        if not self.request.user.has_perm(PRICE_PERMISSION):
            return []
        return [HeaderButton(gettext_lazy("What gifts cost"), url=reverse(OFFERS), icon_name="tag")]

    def get_base_queryset(self) -> QuerySet:
        rows = Gift.objects.bought().annotate(is_disputed=disputed.whether_gift_is())
        return rows.select_related("membership", "giver").order_by("-created_at", "-pk")


class OfferIndex(Listing):
    """Of which membership are the prices of gifts to be set?"""

    model = Membership
    permission_policy = ModelPermissionPolicy(Membership)
    any_permission_required = ["set_price"]
    page_title = gettext_lazy("What gifts cost")
    header_icon = "tag"
    index_url_name = OFFERS
    index_results_url_name = OFFERS_RESULTS
    search_fields = ["title"]

    @cached_property
    def columns(self) -> list[BaseColumn]:
        return [
            TitleColumn("title", label=gettext_lazy("Membership"), url_name=OFFER, sort_key="title"),
            Column("offers", label=gettext_lazy("Gifts"), accessor=self._offers),
        ]

    def get_base_queryset(self) -> QuerySet:
        return Membership.objects.order_by("title", "pk").prefetch_related("gift_offers")

    def _offers(self, membership: Any) -> str:
        language = get_language() or "en"
        rows = [row for row in membership.gift_offers.all() if row.is_on]
        return ", ".join(labelled(length_text(row.months), format_money(row.money, language)) for row in rows) or "–"


def _title(gift: Gift) -> str:
    return f"{gift.membership.title}, {length_text(gift.months)}"


def _state(gift: Any) -> str:
    """Whatever became of it before, a dispute is what matters to a creator now."""
    state = str(gift.get_state_display())
    return _("%(state)s; disputed at the bank") % {"state": state} if gift.is_disputed else state


def _recipient(gift: Gift) -> str:
    return " · ".join(part for part in (gift.recipient_name, gift.recipient_email) if part) or "–"
