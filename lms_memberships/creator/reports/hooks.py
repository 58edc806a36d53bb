"""Where does the admin show the reports? Under Reports, to whoever may see invoices."""

from functools import partial

from django.http import HttpRequest
from django.urls import URLPattern, path, reverse
from wagtail import hooks
from wagtail.admin.menu import MenuItem
from wagtail.admin.ui.components import Component

from ...retrying import unwrapped
from .. import desks
from . import dashboard
from .all import REPORTS, url_name
from .views import Report

NEEDS = ("view_invoice",)


@hooks.register("register_admin_urls")
def report_urls() -> list[URLPattern]:
    found = []
    for report in REPORTS:
        base = f"memberships/reports/{report.slug}/"
        found.append(path(base, report.as_view(), name=url_name(report.slug)))
        results = report.as_view(results_only=True)
        found.append(path(f"{base}results/", results, name=url_name(report.slug, results=True)))
    return unwrapped(found)


def _item(report: type[Report], order: int) -> MenuItem:
    name = f"lms-memberships-report-{report.slug}"
    url = reverse(url_name(report.slug))
    return desks.DeskMenuItem(report.page_title, url, needs=NEEDS, name=name, icon_name="history", order=order)


for _number, _report in enumerate(REPORTS):
    hooks.register("register_reports_menu_item", partial(_item, _report, 1200 + _number))


@hooks.register("construct_homepage_panels")
def memberships_panel(request: HttpRequest, panels: list[Component]) -> None:
    if dashboard.is_for(request):
        panels.append(dashboard.MembershipsPanel(request))
