"""Where does the admin show promotion codes? Under Marketing, to whoever may do something with them."""

from django.contrib.auth.models import Permission
from django.db.models import QuerySet
from django.urls import URLPattern, path, reverse
from wagtail import hooks
from wagtail.admin.menu import MenuItem

from ...retrying import unwrapped
from .. import desks
from . import showing, views

BASE = "memberships/promotions/"
PERMISSIONS = ("view_promotioncode", "add_promotioncode", "change_promotioncode")


@hooks.register("register_admin_urls")
def promotion_urls() -> list[URLPattern]:
    return unwrapped(
        [
            path(BASE, views.PromotionIndex.as_view(), name=views.LIST),
            path(f"{BASE}results/", views.PromotionIndex.as_view(results_only=True), name=views.RESULTS),
            path(f"{BASE}add/", views.PromotionAdd.as_view(), name=views.ADD),
            path(f"{BASE}<int:pk>/", showing.PromotionPage.as_view(), name=views.SHOW),
            path(f"{BASE}<int:pk>/retire/", views.retire, name=views.RETIRE),
            path(f"{BASE}<int:pk>/give/", showing.give, name=views.GIVE),
        ]
    )


@hooks.register("register_permissions")
def promotion_permissions() -> QuerySet[Permission]:
    return desks.permissions(PERMISSIONS)


@hooks.register("register_marketing_menu_item")
def promotion_menu_item() -> MenuItem:
    return desks.DeskMenuItem(
        views.PromotionIndex.page_title,
        reverse(views.LIST),
        needs=PERMISSIONS,
        name="lms-memberships-promotions",
        icon_name="tag",
        order=900,
    )
