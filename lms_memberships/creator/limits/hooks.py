"""Where does the admin show waiting lists and trials? Under Reports, for whoever may see their rows."""

from functools import partial

from django.contrib.auth.models import Permission
from django.db.models import QuerySet
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.admin.menu import MenuItem

from ...retrying import unwrapped
from .. import desks
from .views import ALLOW_URL, TRIALS_URL, WAITING_URL, allow_again, trials_view, waiting_view

PERMISSIONS = ("view_waitingentry", "view_trialtaken", "change_trialtaken")


@hooks.register("register_admin_urls")
def limit_urls() -> list[URLPattern]:
    return unwrapped(
        [
            path("memberships/waiting/", waiting_view(), name=WAITING_URL),
            path("memberships/waiting/results/", waiting_view(only_results=True), name=f"{WAITING_URL}_results"),
            path("memberships/trials/", trials_view(), name=TRIALS_URL),
            path("memberships/trials/results/", trials_view(only_results=True), name=f"{TRIALS_URL}_results"),
            path("memberships/trials/<int:pk>/allow/", allow_again, name=ALLOW_URL),
        ]
    )


@hooks.register("register_permissions")
def limit_permissions() -> QuerySet[Permission]:
    return desks.permissions(PERMISSIONS)


def _item(needs: str, label: str | Promise, url_name: str, order: int) -> MenuItem:
    name = url_name.replace("_", "-")
    return desks.DeskMenuItem(label, reverse(url_name), needs=[needs], name=name, icon_name="time", order=order)


WAITING = partial(_item, "view_waitingentry", _("Waiting lists"), WAITING_URL, 1210)
TRIALS = partial(_item, "view_trialtaken", _("Trials"), TRIALS_URL, 1211)
hooks.register("register_reports_menu_item", WAITING)
hooks.register("register_reports_menu_item", TRIALS)
