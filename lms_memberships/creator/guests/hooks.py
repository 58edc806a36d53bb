"""Where does the admin show purchases without an account? Under Reports, for whoever may see their rows."""

from django.contrib.auth.models import Permission
from django.db.models import QuerySet
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.admin.menu import MenuItem

from ...retrying import unwrapped
from .. import desks
from .views import AGAIN, LIST, RESULTS, RETURN, give_back, guests_view, send_again

PERMISSIONS = ("view_guestpurchase", "change_guestpurchase")


@hooks.register("register_admin_urls")
def guest_urls() -> list[URLPattern]:
    return unwrapped(
        [
            path("memberships/guests/", guests_view(), name=LIST),
            path("memberships/guests/results/", guests_view(only_results=True), name=RESULTS),
            path("memberships/guests/<int:pk>/again/", send_again, name=AGAIN),
            path("memberships/guests/<int:pk>/return/", give_back, name=RETURN),
        ]
    )


@hooks.register("register_permissions")
def guest_permissions() -> QuerySet[Permission]:
    return desks.permissions(PERMISSIONS)


@hooks.register("register_reports_menu_item")
def guest_menu_item() -> MenuItem:
    name = LIST.replace("_", "-")
    label, needs = _("Bought without an account"), PERMISSIONS[:1]
    return desks.DeskMenuItem(label, reverse(LIST), needs=needs, name=name, icon_name="user", order=1212)
