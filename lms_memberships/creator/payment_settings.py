"""Where are all settings about payments seen at once? The page under Settings → Payments (V7, V43, V47, W28)."""

from django.urls import URLPattern, path, reverse, reverse_lazy
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView
from wagtail import hooks
from wagtail.admin.menu import MenuItem
from wagtail.admin.staticfiles import versioned_static
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin

from .. import clock, conf
from ..payments import connect
from ..retrying import unwrapped
from . import desks
from .settings_surface import PARTS, Part, value_of
from .stripe_hooks import NEEDS
from .stripe_settings import ConnectPermissionMixin

URL_NAME = "lms_memberships_payment_settings"


class PaymentSettingsView(ConnectPermissionMixin, WagtailAdminTemplateMixin, TemplateView):
    """Shows; nothing is changed here. What stands in the site's configuration is changed by whoever runs the site."""

    template_name = "lms_memberships/creator/payment_settings.html"
    page_title = gettext_lazy("Payments")
    header_icon = "cog"

    def get_breadcrumbs_items(self) -> list[dict[str, object]]:
        return [*self.breadcrumbs_items, {"url": reverse_lazy(URL_NAME), "label": self.page_title}]

    def get_context_data(self, **kwargs: object) -> dict[str, object]:
        state = connect.state(now=clock.wall_time())
        return super().get_context_data(
            state=state,
            help_email=conf.HELP_EMAIL,
            help_url=conf.HELP_URL,
            account=state.account if state.account is not None and state.account.stripe_id else None,
            stylesheet=versioned_static("lms_memberships/creator/invoices.css"),
            parts=[_shown(number) for number in range(len(PARTS))],
            **kwargs,
        )


def _shown(number: int) -> dict[str, object]:
    part = PARTS[number]
    return {
        "part": part,
        "rows": [(f"{conf.PREFIX}{name}", value_of(name), means) for name, means in part.settings.items()],
        "pages": [(reverse(name), label, means) for name, label, means in part.pages],
        "previous": _beside(number - 1),
        "next": _beside(number + 1),
    }


def _beside(number: int) -> Part | None:
    return PARTS[number] if 0 <= number < len(PARTS) else None


@hooks.register("register_admin_urls")
def payment_settings_urls() -> list[URLPattern]:
    return unwrapped([path("memberships/payments/", PaymentSettingsView.as_view(), name=URL_NAME)])


@hooks.register("register_settings_menu_item")
def payment_settings_menu_item() -> MenuItem:
    return desks.DeskMenuItem(
        gettext_lazy("Payments"), reverse(URL_NAME), needs=NEEDS, name="lms-payments", icon_name="cog", order=695
    )
