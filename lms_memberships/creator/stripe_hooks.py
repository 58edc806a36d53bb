"""Where does Wagtail's admin lead to the Stripe settings? Their addresses, menu item and permission."""

from django.contrib.auth.models import Permission
from django.db.models import QuerySet
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.admin.menu import MenuItem

from ..retrying import unwrapped
from . import desks
from .portal_settings import MEND_URL_NAME, PORTAL_URL_NAME, PortalMendView, PortalSettingsView
from .stripe_settings import CHECK_URL_NAME, PERMISSION, SETTINGS_URL_NAME, CheckAgainView, StripeSettingsView

NEEDS = (PERMISSION.partition(".")[2],)


@hooks.register("register_admin_urls")
def register_stripe_urls() -> list[URLPattern]:
    return unwrapped(
        [
            path("memberships/stripe/", StripeSettingsView.as_view(), name=SETTINGS_URL_NAME),
            path("memberships/stripe/check/", CheckAgainView.as_view(), name=CHECK_URL_NAME),
            path("memberships/stripe/portal/", PortalSettingsView.as_view(), name=PORTAL_URL_NAME),
            path("memberships/stripe/portal/mend/", PortalMendView.as_view(), name=MEND_URL_NAME),
        ]
    )


@hooks.register("register_settings_menu_item")
def register_stripe_menu_item() -> MenuItem:
    url = reverse(SETTINGS_URL_NAME)
    return desks.DeskMenuItem(_("Stripe"), url, needs=NEEDS, name="stripe", icon_name="key", order=700)


@hooks.register("register_permissions")
def register_stripe_permission() -> QuerySet[Permission]:
    return desks.permissions(NEEDS)
