"""Which reports are there? Recurring revenue, trials, failed payments, what each membership earned, and why people leave."""

from collections import defaultdict
from datetime import date

from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from wagtail.admin.ui.tables import BaseColumn, Column

from ... import clock
from ...money import Money
from ...subscriptions import leaving_sums, report_sums
from ...subscriptions.leaving_sums import Leaving
from ...subscriptions.report_sums import Earned, Payments, Recurring, Scope, Trials
from . import words
from .charts import Chart, Series, draw
from .views import MoneyColumn, Report, ShareColumn, currency_column, money_text, month_column


def url_name(slug: str, *, results: bool = False) -> str:
    return f"lms_memberships_report_{slug}{'_results' if results else ''}"


class RecurringReport(Report):
    """What comes in every month, who is new, who left, who came back."""

    slug = "recurring"
    page_title = gettext_lazy("Memberships: recurring revenue")
    words = (words.REVENUE, words.NEW, words.WON_BACK, words.LOST, words.NET, words.CHANGED, words.MONTH)

    @cached_property
    def columns(self) -> list[BaseColumn]:
        return [
            month_column(),
            currency_column(),
            MoneyColumn("revenue", label=words.REVENUE.word),
            Column("members", label=gettext_lazy("Members")),
            Column("new", label=words.NEW.word),
            Column("won_back", label=words.WON_BACK.word),
            Column("lost", label=words.LOST.word),
            Column("net", label=words.NET.word),
            MoneyColumn("changed", label=words.CHANGED.word),
            MoneyColumn("net_money", label=pgettext_lazy("revenue", "More or less than the month before")),
        ]

    def rows(self, scope: Scope) -> list[Recurring]:
        return report_sums.recurring(scope)

    def charts(self, rows: list[Recurring], scope: Scope) -> list[Chart]:
        drawn = []
        for currency in dict.fromkeys(row.currency for row in rows):
            these = [row for row in rows if row.currency == currency]
            revenue = Series(
                words.REVENUE.word, [row.revenue.minor for row in these], [money_text(row.revenue) for row in these]
            )
            title = _("Recurring revenue in %(currency)s") % {"currency": currency.upper()}
            drawn.append(draw(f"revenue-{currency}", title, scope.months, [revenue]))
            won = [row.new + row.won_back for row in these]
            lost = [row.lost for row in these]
            title = _("Members won and lost, %(currency)s") % {"currency": currency.upper()}
            both = [_counted(_("New and won back"), won), _counted(words.LOST.word, lost)]
            drawn.append(draw(f"members-{currency}", title, scope.months, both))
        return drawn


class TrialReport(Report):
    """Who stays after the trial?"""

    slug = "trials"
    page_title = gettext_lazy("Memberships: trials that convert")
    words = (words.TRIAL, words.MONTH)

    @cached_property
    def columns(self) -> list[BaseColumn]:
        return [
            month_column(),
            Column("ended", label=gettext_lazy("Trials that ended")),
            Column("converted", label=gettext_lazy("Converted")),
            ShareColumn("share", part="converted", whole="ended", label=pgettext_lazy("of a whole", "Share")),
        ]

    def rows(self, scope: Scope) -> list[Trials]:
        return report_sums.trials(scope, now=clock.now())

    def charts(self, rows: list[Trials], scope: Scope) -> list[Chart]:
        ended = _counted(_("Trials that ended"), [row.ended for row in rows])
        converted = _counted(_("Converted"), [row.converted for row in rows])
        return [draw("trials", _("Trials that ended and converted"), scope.months, [ended, converted])]


class PaymentReport(Report):
    """Which payments failed, and came all the same?"""

    slug = "payments"
    page_title = gettext_lazy("Memberships: failed payments")
    words = (words.FAILED, words.RECOVERED, words.MONTH)

    @cached_property
    def columns(self) -> list[BaseColumn]:
        return [
            month_column(),
            currency_column(),
            Column("failed", label=words.FAILED.word),
            MoneyColumn("failed_money", label=gettext_lazy("Total of the failed")),
            Column("recovered", label=words.RECOVERED.word),
            MoneyColumn("recovered_money", label=gettext_lazy("Paid of it")),
            Column("waiting", label=gettext_lazy("Still open")),
            ShareColumn("share", part="recovered", whole="failed", label=gettext_lazy("Share recovered")),
        ]

    def rows(self, scope: Scope) -> list[Payments]:
        return report_sums.payments(scope)

    def charts(self, rows: list[Payments], scope: Scope) -> list[Chart]:
        failed: dict[date, int] = defaultdict(int)
        recovered: dict[date, int] = defaultdict(int)
        for row in rows:
            failed[row.month] += row.failed
            recovered[row.month] += row.recovered
        both = [
            _counted(words.FAILED.word, [failed[month] for month in scope.months]),
            _counted(words.RECOVERED.word, [recovered[month] for month in scope.months]),
        ]
        return [draw("payments", _("Failed and recovered payments"), scope.months, both)]


class EarnedReport(Report):
    """What did each membership earn?"""

    slug = "earned"
    page_title = gettext_lazy("Memberships: what was paid")
    words = (words.PAID, words.CREDITED, words.DISPUTED, words.MONTH)

    @cached_property
    def columns(self) -> list[BaseColumn]:
        return [
            month_column(),
            Column("membership", label=gettext_lazy("Membership")),
            currency_column(),
            Column("payments", label=gettext_lazy("Payments")),
            MoneyColumn("paid", label=words.PAID.word),
            MoneyColumn("credited", label=words.CREDITED.word),
            MoneyColumn("disputed", label=words.DISPUTED.word),
            MoneyColumn("net", label=gettext_lazy("What stays")),
        ]

    def rows(self, scope: Scope) -> list[Earned]:
        return report_sums.earned(scope)

    def charts(self, rows: list[Earned], scope: Scope) -> list[Chart]:
        drawn = []
        for currency in sorted({row.currency for row in rows}):
            sums: dict[date, int] = defaultdict(int)
            for row in rows:
                if row.currency == currency:
                    sums[row.month] += row.net.minor
            values = [sums[month] for month in scope.months]
            texts = [money_text(Money(value, currency)) for value in values]
            title = _("What stays of what was paid, in %(currency)s") % {"currency": currency.upper()}
            drawn.append(draw(f"earned-{currency}", title, scope.months, [Series(title, values, texts)]))
        return drawn


class LeavingReport(Report):
    """Why do people leave, and who was kept by an offer (X14)?"""

    slug = "leaving"
    page_title = gettext_lazy("Memberships: why people leave")
    words = (words.LEFT, words.REASON, words.TAKEN_BACK, words.STAYED, words.MONTH)
    results_template_name = "lms_memberships/creator/reports/leaving_results.html"

    @cached_property
    def columns(self) -> list[BaseColumn]:
        return [
            month_column(),
            Column("reason", label=words.REASON.word),
            Column("left", label=words.LEFT.word),
            ShareColumn("share", part="left", whole="left_in_month", label=gettext_lazy("Share of the month")),
            Column("taken_back", label=words.TAKEN_BACK.word),
            Column("stayed", label=words.STAYED.word),
        ]

    def rows(self, scope: Scope) -> list[Leaving]:
        return leaving_sums.leaving(scope)

    def charts(self, rows: list[Leaving], scope: Scope) -> list[Chart]:
        left: dict[date, int] = defaultdict(int)
        stayed: dict[date, int] = defaultdict(int)
        for row in rows:
            left[row.month] += row.left
            stayed[row.month] += row.stayed
        both = [
            _counted(words.LEFT.word, [left[month] for month in scope.months]),
            _counted(words.STAYED.word, [stayed[month] for month in scope.months]),
        ]
        return [draw("leaving", _("Who cancelled, and who stayed"), scope.months, both)]

    def get_context_data(self, *args: object, **kwargs: object) -> dict:
        said = leaving_sums.comments(self.scope) if self.scope else []
        return {**super().get_context_data(*args, **kwargs), "comments": said}


def _counted(label: object, values: list[int]) -> Series:
    return Series(str(label), values, [str(value) for value in values])


REPORTS: tuple[type[Report], ...] = (RecurringReport, EarnedReport, TrialReport, PaymentReport, LeavingReport)
for _report in REPORTS:
    _report.index_url_name = url_name(_report.slug)
    _report.index_results_url_name = url_name(_report.slug, results=True)
