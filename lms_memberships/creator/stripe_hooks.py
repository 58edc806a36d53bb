"""Where does Wagtail's admin lead to the Stripe settings? Their addresses, menu item and permission."""

from django.contrib.auth.models import Permission
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.admin.menu import MenuItem

from ..retrying import unwrapped
from .stripe_settings import CHECK_URL_NAME, PERMISSION, SETTINGS_URL_NAME, CheckAgainView, StripeSettingsView


class StripeMenuItem(MenuItem):
    """Shown to whoever may connect the account."""

    def is_shown(self, request: HttpRequest) -> bool:
        return request.user.has_perm(PERMISSION)


@hooks.register("register_admin_urls")
def register_stripe_urls() -> list[URLPattern]:
    return unwrapped(
        [
            path("memberships/stripe/", StripeSettingsView.as_view(), name=SETTINGS_URL_NAME),
            path("memberships/stripe/check/", CheckAgainView.as_view(), name=CHECK_URL_NAME),
        ]
    )


@hooks.register("register_settings_menu_item")
def register_stripe_menu_item() -> MenuItem:
    return StripeMenuItem(_("Stripe"), reverse(SETTINGS_URL_NAME), name="stripe", icon_name="key", order=700)


@hooks.register("register_permissions")
def register_stripe_permission() -> QuerySet[Permission]:
    app_label, _dot, codename = PERMISSION.partition(".")
    return Permission.objects.filter(content_type__app_label=app_label, codename=codename)
