"""Where does the admin show waiting lists and trials? Under Reports, for whoever may see their rows."""

from functools import partial
from typing import TYPE_CHECKING

from django.contrib.auth.models import Permission
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.admin.menu import MenuItem

from ...retrying import unwrapped
from .views import ALLOW_URL, TRIALS_URL, WAITING_URL, allow_again, trials_view, waiting_view

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

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
    return Permission.objects.filter(content_type__app_label="lms_memberships", codename__in=PERMISSIONS)


class LimitMenuItem(MenuItem):
    """Shown to whoever may see the rows."""

    needs = ""

    def is_shown(self, request: HttpRequest) -> bool:
        return request.user.has_perm(self.needs)


class WaitingMenuItem(LimitMenuItem):
    needs = "lms_memberships.view_waitingentry"


class TrialsMenuItem(LimitMenuItem):
    needs = "lms_memberships.view_trialtaken"


def _item(kind: type[LimitMenuItem], label: "str | _StrPromise", url_name: str, order: int) -> MenuItem:
    name = url_name.replace("_", "-")
    return kind(label, reverse(url_name), name=name, icon_name="time", order=order)


hooks.register("register_reports_menu_item", partial(_item, WaitingMenuItem, _("Waiting lists"), WAITING_URL, 1210))
hooks.register("register_reports_menu_item", partial(_item, TrialsMenuItem, _("Trials"), TRIALS_URL, 1211))
