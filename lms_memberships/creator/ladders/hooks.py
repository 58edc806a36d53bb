"""Where does the admin show tiers? Under Marketing, and beside each membership of the listing."""

from collections.abc import Iterator
from typing import Any

from django.contrib.auth.models import Permission
from django.db.models import QuerySet
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.admin.menu import MenuItem
from wagtail.admin.widgets.button import Button

from ...memberships.models import Membership
from ...retrying import unwrapped
from .. import desks
from . import beginning, views

BASE = "memberships/ladders/"
PERMISSIONS = ("view_ladder", "add_ladder", "change_ladder", "delete_ladder")


@hooks.register("register_admin_urls")
def ladder_urls() -> list[URLPattern]:
    return unwrapped(
        [
            path(BASE, views.LadderIndex.as_view(), name=views.LIST),
            path(f"{BASE}results/", views.LadderIndex.as_view(results_only=True), name=views.RESULTS),
            path(f"{BASE}add/", views.LadderAdd.as_view(), name=views.ADD),
            path(f"{BASE}<int:pk>/", views.LadderEdit.as_view(), name=views.EDIT),
            path(f"{BASE}<int:pk>/switch/", views.switch, name=views.SWITCH),
            path(f"{BASE}<int:pk>/delete/", views.delete, name=views.DELETE),
            path(f"{BASE}of/<int:pk>/", beginning.begin, name=views.BEGIN),
        ]
    )


@hooks.register("register_permissions")
def ladder_permissions() -> QuerySet[Permission]:
    return desks.permissions(PERMISSIONS)


@hooks.register("register_marketing_menu_item")
def ladder_menu_item() -> MenuItem:
    return desks.DeskMenuItem(
        views.TITLE,
        reverse(views.LIST),
        needs=PERMISSIONS,
        name="lms-memberships-ladders",
        icon_name="order",
        order=890,
    )


@hooks.register("register_snippet_listing_buttons")
def tiers_button(snippet: Any, user: Any, next_url: str | None = None) -> Iterator[Button]:
    """The same for each row: the page behind it knows whether there are tiers already."""
    if isinstance(snippet, Membership) and user.has_perm(views.ADD_PERMISSION):
        yield Button(
            _("Make tiers of this"), url=reverse(views.BEGIN, args=[snippet.pk]), icon_name="order", priority=60
        )
