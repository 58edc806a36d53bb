"""Where does the admin show invitations? Under Marketing, to whoever may do something with them."""

from django.contrib.auth.models import Permission
from django.db.models import QuerySet
from django.urls import URLPattern, path, reverse
from wagtail import hooks
from wagtail.admin.menu import MenuItem

from ...retrying import unwrapped
from .. import desks
from . import showing, views

BASE = "memberships/invitations/"
PERMISSIONS = ("view_invitationlink", "add_invitationlink", "change_invitationlink")


@hooks.register("register_admin_urls")
def invitation_urls() -> list[URLPattern]:
    return unwrapped(
        [
            path(BASE, views.InvitationIndex.as_view(), name=views.LIST),
            path(f"{BASE}results/", views.InvitationIndex.as_view(results_only=True), name=views.RESULTS),
            path(f"{BASE}add/", views.InvitationAdd.as_view(), name=views.ADD),
            path(f"{BASE}<int:pk>/", showing.InvitationPage.as_view(), name=views.SHOW),
            path(f"{BASE}<int:pk>/revoke/", views.revoke, name=views.REVOKE),
        ]
    )


@hooks.register("register_permissions")
def invitation_permissions() -> QuerySet[Permission]:
    return desks.permissions(PERMISSIONS)


@hooks.register("register_marketing_menu_item")
def invitation_menu_item() -> MenuItem:
    return desks.DeskMenuItem(
        views.InvitationIndex.page_title,
        reverse(views.LIST),
        needs=PERMISSIONS,
        name="lms-memberships-invitations",
        icon_name="link",
        order=910,
    )
