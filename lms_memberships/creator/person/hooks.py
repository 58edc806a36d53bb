"""Where does the admin show a person? At an address of their own, reached from the lists; each deed has its permission."""

from django.contrib.auth.models import Permission
from django.db.models import QuerySet
from django.urls import URLPattern, path
from wagtail import hooks

from ...retrying import unwrapped
from .. import desks
from . import ending, giving, linking, merging, names, papers, showing, why

BASE = "memberships/people/<int:pk>/"
#: Below a subscription.
ON_HELD = {
    "trial": giving.TrialPage,
    "take_back": giving.TakeBackPage,
    "cancel": ending.CancelPage,
    "keep": ending.KeepPage,
    "end": ending.EndPage,
    "revoke": ending.RevokePage,
}
ON_PERSON = {"why": why.WhyPage, "give": giving.GivePage, "link": linking.LinkPage, "merge": merging.MergePage}
PERMISSIONS = (
    *("view_subscription", "give_access", "extend_trial", "end_subscription", "link_subscription", "merge_accounts"),
    "view_invoice",
)


@hooks.register("register_admin_urls")
def person_urls() -> list[URLPattern]:
    return unwrapped(
        [
            path(BASE, showing.PersonPage.as_view(), name=names.PAGE),
            *(path(f"{BASE}{what}/", view.as_view(), name=names.name(what)) for what, view in ON_PERSON.items()),
            *(
                path(f"{BASE}subscriptions/<int:held>/{what}/", view.as_view(), name=names.name(what))
                for what, view in ON_HELD.items()
            ),
            path(f"{BASE}merges/<int:deed>/undo/", merging.PartPage.as_view(), name=names.name("part")),
            path(f"{BASE}invoices/<int:invoice>/", papers.invoice_page, name=names.name("invoice")),
            path(f"{BASE}invoices/<int:invoice>/pdf/", papers.invoice_pdf, name=names.name("invoice_pdf")),
            path(f"{BASE}emails/<int:email>/again/", papers.send_again, name=names.name("send_again")),
        ]
    )


@hooks.register("register_permissions")
def person_permissions() -> QuerySet[Permission]:
    return desks.permissions(PERMISSIONS)
