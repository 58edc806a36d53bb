"""Where does the admin show promotion codes? Under Marketing, to whoever may do something with them."""

from django.contrib.auth.models import Permission
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import URLPattern, path, reverse
from wagtail import hooks
from wagtail.admin.menu import MenuItem

from ...retrying import unwrapped
from . import showing, views

BASE = "memberships/promotions/"
ACTIONS = ("view", "add", "change")


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
    names = [f"{action}_promotioncode" for action in ACTIONS]
    return Permission.objects.filter(content_type__app_label="lms_memberships", codename__in=names)


class PromotionMenuItem(MenuItem):
    """Shown to whoever may see, make or retire them."""

    def is_shown(self, request: HttpRequest) -> bool:
        return views.POLICY.user_has_any_permission(request.user, ACTIONS)


@hooks.register("register_marketing_menu_item")
def promotion_menu_item() -> MenuItem:
    return PromotionMenuItem(
        views.PromotionIndex.page_title,
        reverse(views.LIST),
        name="lms-memberships-promotions",
        icon_name="tag",
        order=900,
    )
