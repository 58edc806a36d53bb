"""Where does the admin show what needs attention? Under Marketing, with how much there is."""

from django.contrib.auth.models import Permission
from django.db.models import QuerySet
from django.urls import URLPattern, path, reverse_lazy
from wagtail import hooks
from wagtail.admin.menu import MenuItem

from ...retrying import unwrapped
from .. import desks
from . import claiming, listing, names, resolving

BASE = "memberships/attention/"


@hooks.register("register_admin_urls")
def attention_urls() -> list[URLPattern]:
    return unwrapped(
        [
            path(BASE, listing.needs_attention, name=names.LIST),
            path(f"{BASE}doubles/<int:pk>/", resolving.double, name=names.DOUBLE),
            path(f"{BASE}doubles/<int:pk>/leave/", resolving.leave_double, name=names.DOUBLE_LEFT),
            path(f"{BASE}prices/<int:pk>/", resolving.price, name=names.PRICE),
            path(f"{BASE}prices/<int:pk>/leave/", resolving.leave_price, name=names.PRICE_LEFT),
            path(f"{BASE}strangers/<int:pk>/", claiming.claim, name=names.STRANGER),
            path(f"{BASE}strangers/<int:pk>/leave/", resolving.leave_stranger, name=names.STRANGER_LEFT),
            path(f"{BASE}disputes/<int:pk>/", resolving.dispute, name=names.DISPUTE),
            path(f"{BASE}disputes/<int:pk>/leave/", resolving.leave_dispute, name=names.DISPUTE_LEFT),
            path(f"{BASE}refunds/<int:pk>/done/", resolving.refund_done, name=names.REFUND_DONE),
            path(f"{BASE}invoices/<int:pk>/", resolving.invoice, name=names.INVOICE),
            path(f"{BASE}invoices/<int:pk>/leave/", resolving.leave_invoice, name=names.INVOICE_LEFT),
        ]
    )


@hooks.register("register_permissions")
def attention_permissions() -> QuerySet[Permission]:
    return desks.permissions(names.SEEING)


@hooks.register("register_marketing_menu_item")
def attention_menu_item() -> MenuItem:
    name, url = "lms-memberships-attention", reverse_lazy(names.LIST)
    return desks.DeskMenuItem(listing.PAGE_TITLE, url, needs=names.SEEING, name=name, icon_name="warning", order=890)
