"""Of what is a report? How many months, and of one membership or currency, where one is chosen."""

import django_filters
from django.db.models import QuerySet
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy, ngettext
from wagtail.admin.filters import WagtailFilterSet

from ...subscriptions.models import Invoice
from ..invoices.filters import currencies, memberships

MONTHS = 12
LENGTHS = (3, 6, 12, 24, 36)


def lengths() -> list[tuple[str, str]]:
    return [
        (str(number), ngettext("%(count)d month", "%(count)d months", number) % {"count": number}) for number in LENGTHS
    ]


class ReportFilterSet(WagtailFilterSet):
    """Only read: what is chosen becomes the scope of the sums."""

    months = django_filters.ChoiceFilter(
        label=gettext_lazy("Months"),
        choices=lazy(lengths, list)(),
        method="leave",
        empty_label=gettext_lazy("The last 12 months"),
    )
    membership = django_filters.ModelChoiceFilter(
        label=gettext_lazy("Membership"), queryset=memberships, method="leave"
    )
    currency = django_filters.ChoiceFilter(
        label=gettext_lazy("Currency"), choices=lazy(currencies, list)(), method="leave"
    )

    class Meta:
        model = Invoice
        fields = ("months", "membership", "currency")

    def leave(self, rows: QuerySet, name: str, value: object) -> QuerySet:
        return rows
