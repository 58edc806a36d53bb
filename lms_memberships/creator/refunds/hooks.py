"""Where does the admin give money back? On the page of one payment, for whoever may."""

from django.contrib.auth.models import Permission
from django.db.models import QuerySet
from django.urls import URLPattern, path
from wagtail import hooks

from ...retrying import unwrapped
from .. import desks
from .views import PERMISSION, REFUND, REFUND_PURCHASE, refund_invoice, refund_purchase


@hooks.register("register_admin_urls")
def refund_urls() -> list[URLPattern]:
    return unwrapped(
        [
            path("memberships/invoices/<int:pk>/refund/", refund_invoice, name=REFUND),
            path("memberships/purchases/<int:pk>/refund/", refund_purchase, name=REFUND_PURCHASE),
        ]
    )


@hooks.register("register_permissions")
def refund_permissions() -> QuerySet[Permission]:
    return desks.permissions([PERMISSION.partition(".")[2]])
