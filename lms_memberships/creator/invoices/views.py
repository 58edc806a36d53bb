"""How are invoices listed, and what do they add up to? Paged, searched, filtered and added by the database (W25–W27)."""

from typing import Any

from django.db.models import QuerySet
from django.forms import Media
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.translation import get_language, gettext_lazy
from django.views.decorators.cache import never_cache
from wagtail.admin.staticfiles import versioned_static
from wagtail.admin.ui.tables import BaseColumn, Column
from wagtail.admin.widgets.button import Button
from wagtail.permission_policies import ModelPermissionPolicy

from ...money import Money, format_money
from ...payments import connect
from ...subscriptions import invoice_sums, ledger
from ...subscriptions.models import Invoice
from ..desks import Listing
from ..person import names as person_names
from ..person.dates import minute
from ..refunds.views import PERMISSION as REFUND_PERMISSION
from ..refunds.views import REFUND
from .filters import STATUSES, InvoiceFilterSet, search

LIST, RESULTS, PAGE, PDF, EXPORT, COMPARE = (
    f"lms_memberships_invoices_{name}" for name in ("list", "results", "page", "pdf", "export", "compare")
)
POLICY = ModelPermissionPolicy(Invoice)
VIEW_PERMISSION = "lms_memberships.view_invoice"
EXPORT_PERMISSION = "lms_memberships.export_invoice"


class PersonColumn(Column):
    """Whose it is, and for those who may see people the way to their page."""

    cell_template_name = "lms_memberships/creator/invoices/person_cell.html"

    def get_cell_context_data(self, instance: Invoice, parent_context: dict) -> dict:
        may_see = parent_context["request"].user.has_perm(person_names.SEE)
        return super().get_cell_context_data(instance, parent_context) | {
            "person": instance.user,
            "name": instance.user.get_username(),
            "email": getattr(instance.user, type(instance.user).get_email_field_name(), ""),
            "person_url": reverse(person_names.PAGE, args=[instance.user_id]) if may_see else "",
        }


class StripeColumn(Column):
    """What Stripe shows of it, asked for when it is pressed; and the way to a refund."""

    cell_template_name = "lms_memberships/creator/invoices/stripe_cell.html"

    def get_cell_context_data(self, instance: Invoice, parent_context: dict) -> dict:
        may_refund = parent_context["request"].user.has_perm(REFUND_PERMISSION)
        return super().get_cell_context_data(instance, parent_context) | {
            "invoice": instance,
            "has_pages": instance.status != "draft",
            "refund_url": reverse(REFUND, args=[instance.pk]) if may_refund and instance.can_be_refunded else "",
        }


@method_decorator(never_cache, name="dispatch")
class InvoiceIndex(Listing):
    """Of the connected account. Constant in queries, whatever the page holds; one of them adds all that matches."""

    model = Invoice
    permission_policy = POLICY
    any_permission_required = ["view"]
    page_title = gettext_lazy("Invoices")
    header_icon = "doc-full"
    template_name = "lms_memberships/creator/invoices/list.html"
    results_template_name = "lms_memberships/creator/invoices/results.html"
    index_url_name = LIST
    index_results_url_name = RESULTS
    filterset_class = InvoiceFilterSet
    is_searchable = True
    search_fields = ["number"]
    default_ordering: Any = "-created_at"

    @cached_property
    def columns(self) -> list[BaseColumn]:
        return [
            Column("created_at", label=gettext_lazy("Date"), accessor=day_of, sort_key="created_at"),
            Column("number", label=gettext_lazy("Number"), accessor=lambda row: row.number or row.stripe_id),
            PersonColumn("user", label=gettext_lazy("Person")),
            Column("membership", label=gettext_lazy("Membership"), accessor="membership.title"),
            Column("status", label=gettext_lazy("Status"), accessor=lambda row: STATUSES.get(row.status, row.status)),
            Column("total", label=gettext_lazy("Total"), accessor=lambda row: _shown(row.total, row)),
            Column("paid", label=gettext_lazy("Paid"), accessor=lambda row: _shown(row.amount_paid, row)),
            StripeColumn("links", label=gettext_lazy("At Stripe")),
        ]

    def get_base_queryset(self) -> QuerySet[Invoice]:
        return ours().select_related("membership", "user")

    def order_queryset(self, queryset: QuerySet) -> QuerySet:
        backwards = not self.ordering.startswith("-")
        return queryset.order_by(self.ordering, "pk" if backwards else "-pk")

    def filter_queryset(self, queryset: QuerySet) -> QuerySet:
        # A day that does not exist finds nothing: everything would be taken for the answer.
        if self.filters and not self.filters.is_valid():
            return queryset.none()
        return super().filter_queryset(queryset)

    def search_queryset(self, queryset: QuerySet) -> QuerySet:
        return search(queryset, self.search_query) if self.is_searching else queryset

    def get_queryset(self) -> QuerySet:
        queryset = super().get_queryset()
        self.totals = invoice_sums.per_currency(queryset)
        return queryset

    def get_paginator(self, *args: Any, **kwargs: Any) -> Any:
        paginator = super().get_paginator(*args, **kwargs)
        # Counted already, with the sums: a million rows are gone through once.
        paginator.count = sum(each.count for each in self.totals)
        return paginator

    @cached_property
    def header_more_buttons(self) -> list[Button]:
        if not self.request.user.has_perm(EXPORT_PERMISSION):
            return []
        query = self.request.GET.urlencode()
        return [
            Button(label, url=f"{reverse(EXPORT, args=[kind])}?{query}", icon_name="download", priority=90 + number)
            for number, (kind, label) in enumerate(
                (("xlsx", gettext_lazy("Download XLSX")), ("csv", gettext_lazy("Download CSV")))
            )
        ]

    def get_context_data(self, *args: object, **kwargs: object) -> dict:
        context = super().get_context_data(*args, **kwargs)
        context["media"] += Media(css={"all": [versioned_static("lms_memberships/creator/invoices.css")]})
        context["totals"] = [_row_of(each) for each in self.totals]
        context["ledger"] = found = ledger.last()
        context["compared"] = _when(found) if found is not None else {}
        context["differences"] = [_told(each) for each in found.differences] if found is not None else []
        return context


def ours() -> QuerySet[Invoice]:
    """Of the account and mode that the site is connected to: sums of others would agree with nothing at Stripe."""
    connection = connect.current()
    return Invoice.objects.none() if connection is None else Invoice.objects.at(connection)


def day_of(invoice: Invoice) -> str:
    """The day where the site is: the same by which the list is filtered."""
    return date_format(timezone.localtime(invoice.created_at, timezone.get_default_timezone()), "SHORT_DATE_FORMAT")


def _shown(minor: int, invoice: Invoice) -> str:
    return format_money(Money(minor, invoice.currency), get_language() or "en")


def _when(found: ledger.Comparison) -> dict[str, str]:
    """Between which moments the invoices were made, and when they were compared."""
    return {name: minute(getattr(found, name)) for name in ("since", "until", "made_at")}


def _told(difference: ledger.Difference) -> dict[str, str]:
    language = get_language() or "en"
    return {name: format_money(getattr(difference, name), language) for name in ("ours", "stripes", "amount")}


def _row_of(totals: invoice_sums.Totals) -> dict[str, object]:
    language = get_language() or "en"
    amounts = {name: format_money(getattr(totals, name), language) for name in invoice_sums.SUMS}
    return {"currency": totals.currency.upper(), "count": totals.count, **amounts}
