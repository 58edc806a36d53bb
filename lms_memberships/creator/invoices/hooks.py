"""Where does the admin show invoices? Under Marketing, and one click from each membership, to whoever may see them (W25)."""

from collections.abc import Iterator

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import Permission
from django.db.models import Model, QuerySet
from django.urls import URLPattern, path, reverse, reverse_lazy
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.admin.menu import MenuItem
from wagtail.admin.widgets.button import Button

from ...memberships.models import Membership
from ...retrying import unwrapped
from .. import desks
from . import comparing, exporting, links, views

BASE = "memberships/invoices/"
PERMISSIONS = ("view_invoice", "export_invoice")


@hooks.register("register_admin_urls")
def invoice_urls() -> list[URLPattern]:
    return unwrapped(
        [
            path(BASE, views.InvoiceIndex.as_view(), name=views.LIST),
            path(f"{BASE}results/", views.InvoiceIndex.as_view(results_only=True), name=views.RESULTS),
            path(f"{BASE}export/<slug:kind>/", exporting.export, name=views.EXPORT),
            path(f"{BASE}compare/", comparing.compare, name=views.COMPARE),
            path(f"{BASE}<int:pk>/", links.page, name=views.PAGE),
            path(f"{BASE}<int:pk>/pdf/", links.pdf, name=views.PDF),
        ]
    )


@hooks.register("register_permissions")
def invoice_permissions() -> QuerySet[Permission]:
    return desks.permissions(PERMISSIONS)


@hooks.register("register_snippet_listing_buttons")
def invoices_button(snippet: Model, user: AbstractBaseUser, next_url: str | None = None) -> Iterator[Button]:
    """Beside each membership."""
    if isinstance(snippet, Membership) and user.has_perm(views.VIEW_PERMISSION):
        url = f"{reverse(views.LIST)}?membership={snippet.pk}"
        yield Button(_("Invoices"), url, icon_name="doc-full", priority=55)


@hooks.register("register_marketing_menu_item")
def invoice_menu_item() -> MenuItem:
    label, url = views.InvoiceIndex.page_title, reverse_lazy(views.LIST)
    return desks.DeskMenuItem(
        label, url, needs=["view_invoice"], name="lms-memberships-invoices", icon_name="doc-full", order=805
    )
