"""By what can the listing be narrowed? Whether it is on sale, how often it is paid, in which currency."""

import django_filters
from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from wagtail.admin.filters import WagtailFilterSet

from ...memberships.intervals import Interval
from ...memberships.models import Membership
from ...payments import connect

SALE_CHOICES = (
    ("on_sale", _("On sale")),
    ("not_on_sale", _("Published, but not on sale")),
    ("draft", _("Not published")),
)


class MembershipFilterSet(WagtailFilterSet):
    sale = django_filters.ChoiceFilter(
        label=_("Sale"),
        choices=SALE_CHOICES,
        method="by_sale",
        empty_label=pgettext_lazy("memberships", "All"),
        widget=forms.RadioSelect,
    )
    interval = django_filters.ChoiceFilter(
        label=_("Billing interval"),
        choices=Interval.choices,
        empty_label=pgettext_lazy("memberships", "All"),
        widget=forms.RadioSelect,
    )

    class Meta:
        model = Membership
        fields = ("sale", "interval")

    def by_sale(self, memberships: QuerySet, name: str, value: str) -> QuerySet:
        if value == "draft":
            return memberships.filter(live=False)
        on_sale = Membership.objects.on_sale(connect.current())
        if value == "on_sale":
            return memberships.filter(pk__in=on_sale.values("pk"))
        return memberships.filter(live=True).exclude(pk__in=on_sale.values("pk"))
