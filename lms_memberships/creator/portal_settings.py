"""Is Stripe's customer portal set up as it has to be, and what mends it? The page under Settings → Stripe (P14–P22)."""

from collections.abc import Iterable
from dataclasses import dataclass, fields

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.generic import TemplateView, View
from wagtail.admin import messages
from wagtail.admin.staticfiles import versioned_static
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin
from wagtail.log_actions import log

from ..asking import asks_stripe
from ..errors import OutsideFailure, Refusal
from ..health import stripe_look
from ..history import REPAIRED
from ..memberships import portal_settings
from ..payments import connect
from ..payments.gateway import Gateway
from ..payments.portal import PortalSettings, PortalSnapshot
from .stripe_settings import SETTINGS_URL_NAME, ConnectPermissionMixin

PORTAL_URL_NAME = "lms_memberships_portal_settings"
MEND_URL_NAME = "lms_memberships_portal_mend"
#: The portal's colours and logo are the account's own, and no parameter of the API (P19).
BRANDING_URL = "https://dashboard.stripe.com/settings/branding"
REPAIR = "mend-portal"


@dataclass(frozen=True)
class Line:
    """One thing about the portal: as it should be, and as it is. ``found`` "": nobody knows, or it is not there."""

    label: str | Promise
    wanted: str
    found: str
    is_right: bool


@dataclass(frozen=True)
class Seen:
    """What Stripe says now. ``problem``: why it says nothing."""

    ours: PortalSnapshot | None = None
    is_made: bool = False
    others: tuple[str, ...] = ()
    problem: str = ""


@method_decorator(asks_stripe("GET", "HEAD"), name="get")
@method_decorator(never_cache, name="dispatch")
class PortalSettingsView(ConnectPermissionMixin, WagtailAdminTemplateMixin, TemplateView):
    """Should be, is; asked of Stripe now, and one button that mends it."""

    template_name = "lms_memberships/creator/portal_settings.html"
    page_title = gettext_lazy("Customer portal")
    header_icon = "user"

    def get_breadcrumbs_items(self) -> list[dict[str, object]]:
        return [
            *self.breadcrumbs_items,
            {"url": reverse_lazy(SETTINGS_URL_NAME), "label": gettext_lazy("Stripe")},
            {"url": reverse_lazy(PORTAL_URL_NAME), "label": self.page_title},
        ]

    def get_context_data(self, **kwargs: object) -> dict[str, object]:
        account = connect.stored_account()
        is_live = account is not None and account.livemode
        seen, should_be = _look(), portal_settings.wanted(livemode=is_live)
        lines = list(_lines(should_be, seen.ours.settings if seen.ours is not None else None))
        problems = portal_settings.address_problems()
        return super().get_context_data(
            seen=seen,
            lines=lines,
            is_right=seen.ours is not None and all(each.is_right for each in lines),
            address_problems=problems,
            is_live=is_live,
            can_mend=not (is_live and problems) and not seen.problem,
            branding_url=BRANDING_URL,
            stylesheet=versioned_static("lms_memberships/creator/portal.css"),
            **kwargs,
        )


@method_decorator(asks_stripe("POST"), name="post")
@method_decorator(never_cache, name="dispatch")
class PortalMendView(ConnectPermissionMixin, View):
    """Make the portal as it has to be, now."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        try:
            portal_settings.mend(gateway=connect.get_gateway())
        except (Refusal, OutsideFailure) as no:
            messages.error(request, no.message)
            return redirect(PORTAL_URL_NAME)
        stripe_look.ask()
        account = connect.stored_account()
        if account is not None:
            log(instance=account, action=REPAIRED, user=request.user, data={"repair": REPAIR})
        messages.success(request, _("The portal is set up as it has to be."))
        return redirect(PORTAL_URL_NAME)


def _look() -> Seen:
    try:
        return _seen(connect.get_gateway())
    except (Refusal, OutsideFailure) as no:
        return Seen(problem=str(no.message))


def _seen(gateway: Gateway) -> Seen:
    row = portal_settings.stored(gateway.account_id, livemode=gateway.livemode)
    found = gateway.list_portals()
    portal_id = row.stripe_id if row is not None else ""
    ours = next((each for each in found if each.id == portal_id), None)
    return Seen(ours, row is not None, tuple(portal_settings.others_that_switch(found, portal_id)))


def _lines(should_be: PortalSettings, found: PortalSettings | None) -> Iterable[Line]:
    for each in fields(should_be):
        wanted = getattr(should_be, each.name)
        have = getattr(found, each.name) if found is not None else None
        yield Line(
            portal_settings.LABELS[each.name],
            portal_settings.shown(wanted),
            portal_settings.shown(have) if found is not None else "",
            is_right=found is not None and wanted == have,
        )
