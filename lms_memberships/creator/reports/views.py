"""What do the reports show? One table a report, its charts, and what each of its words means (X21)."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.forms import Media
from django.http import HttpResponseBase
from django.utils import translation
from django.utils.decorators import method_decorator
from django.utils.formats import date_format
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from wagtail.admin.staticfiles import versioned_static
from wagtail.admin.ui.tables import BaseColumn, Column
from wagtail.admin.views.reports import ReportView
from wagtail.log_actions import log
from wagtail.permission_policies import ModelPermissionPolicy

from ... import clock
from ...history import REPORT_EXPORTED
from ...money import Money, format_money, to_decimal
from ...payments import connect
from ...subscriptions import report_sums, spans
from ...subscriptions.models import Invoice
from ...subscriptions.report_sums import Scope
from .. import spreadsheets
from ..invoices.views import EXPORT_PERMISSION
from .charts import Chart
from .filters import MONTHS, ReportFilterSet
from .words import Word

Text = str | Promise


def money_text(money: Money) -> str:
    return format_money(money, translation.get_language() or "en")


@method_decorator(never_cache, name="dispatch")
class Report(ReportView):
    """A table of a few rows, whose numbers the database has added. Its file needs the right to export."""

    permission_policy = ModelPermissionPolicy(Invoice)
    permission_required = "view"
    template_name = "lms_memberships/creator/reports/report.html"
    results_template_name = "lms_memberships/creator/reports/results.html"
    header_icon = "history"
    filterset_class = ReportFilterSet
    paginate_by = None
    list_export = ["month"]
    verbose_name_plural = gettext_lazy("months")
    slug: str
    words: tuple[Word, ...] = ()

    def rows(self, scope: Scope) -> list[Any]:
        raise NotImplementedError

    def charts(self, rows: list[Any], scope: Scope) -> list[Chart]:
        raise NotImplementedError

    @cached_property
    def scope(self) -> Scope | None:
        """None: no account is connected, or what was chosen cannot be."""
        connection = connect.current()
        if connection is None or not self.filters.is_valid():
            return None
        chosen = self.filters.form.cleaned_data
        months = spans.last_months(clock.now(), int(chosen["months"] or MONTHS))
        membership = chosen["membership"].pk if chosen["membership"] else None
        return Scope(months, connection.account_id, connection.livemode, membership, chosen["currency"] or "")

    def get_filtered_queryset(self) -> list[Any]:
        return self.rows(self.scope) if self.scope is not None else []

    def get_queryset(self) -> list[Any]:
        return self.get_filtered_queryset()

    @cached_property
    def show_export_buttons(self) -> bool:
        return self.request.user.has_perm(EXPORT_PERMISSION)

    def get_context_data(self, *args: object, **kwargs: object) -> dict:
        context = super().get_context_data(*args, **kwargs)
        context["charts"] = self.charts(self.object_list, self.scope) if self.scope and self.object_list else []
        context["words"] = self.words
        context["media"] += Media(css={"all": [versioned_static("lms_memberships/creator/reports.css")]})
        return context

    def as_spreadsheet(self, rows: list[Any], kind: str) -> HttpResponseBase:
        if not self.show_export_buttons:
            raise PermissionDenied
        data = {"report": str(self.page_title), "format": kind.upper()}
        log(instance=self.request.user, action=REPORT_EXPORTED, user=self.request.user, data=data)
        columns = self.columns
        lines = [[_exported(column, row) for column in columns] for row in rows]
        name = f"memberships-{self.slug}-{clock.now():%Y-%m-%d}"
        return spreadsheets.answer(kind, name, [str(column.label) for column in columns], lines)


class MoneyColumn(Column):
    """An amount, as readers write it; in a file its decimals."""

    def get_value(self, instance: Any) -> str:
        return money_text(super().get_value(instance))


class ShareColumn(Column):
    """So many of so many, in percent: whole numbers, the half rounded up. Nothing of nothing is no share."""

    def __init__(self, name: str, *, part: str, whole: str, **options: Any) -> None:
        super().__init__(name, **options)
        self.part, self.whole = part, whole

    def get_value(self, instance: Any) -> str:
        part, whole = getattr(instance, self.part), getattr(instance, self.whole)
        return f"{(200 * part + whole) // (2 * whole)} %" if whole else "–"


def month_column() -> BaseColumn:
    return Column("month", label=gettext_lazy("Month"), accessor=lambda row: month_text(row.month))


def currency_column() -> BaseColumn:
    return Column("currency", label=gettext_lazy("Currency"), accessor=lambda row: row.currency.upper())


def month_text(month: Any) -> str:
    return date_format(month, "YEAR_MONTH_FORMAT")


def _exported(column: BaseColumn, row: Any) -> spreadsheets.Cell:
    if column.name == "month":
        return f"{row.month:%Y-%m}"
    if isinstance(column, MoneyColumn):
        return to_decimal(getattr(row, column.name))
    return column.get_value(row)


__all__ = ["MoneyColumn", "Report", "ShareColumn", "currency_column", "money_text", "month_column", "report_sums"]
