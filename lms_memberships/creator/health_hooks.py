"""Where does Wagtail's admin lead to the health page? Its addresses and menu item."""

from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.admin.menu import MenuItem

from ..retrying import unwrapped
from . import desks
from .health import ASK_URL_NAME, HEALTH_URL_NAME, REPAIR_URL_NAME, AskStripeView, HealthView, RepairView
from .stripe_hooks import NEEDS


@hooks.register("register_admin_urls")
def register_health_urls() -> list[URLPattern]:
    return unwrapped(
        [
            path("memberships/health/", HealthView.as_view(), name=HEALTH_URL_NAME),
            path("memberships/health/ask/", AskStripeView.as_view(), name=ASK_URL_NAME),
            path("memberships/health/repair/", RepairView.as_view(), name=REPAIR_URL_NAME),
        ]
    )


@hooks.register("register_settings_menu_item")
def register_health_menu_item() -> MenuItem:
    return desks.DeskMenuItem(
        _("Memberships: health"),
        reverse(HEALTH_URL_NAME),
        needs=NEEDS,
        name="memberships-health",
        icon_name="circle-check",
        order=710,
    )
