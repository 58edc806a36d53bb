"""Is everything well, and what mends what is not? The page under Settings → Memberships: health (X23)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.generic import TemplateView, View
from wagtail.admin import messages
from wagtail.admin.staticfiles import versioned_static
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin
from wagtail.log_actions import log

from .. import clock
from ..asking import asks_stripe
from ..errors import OutsideFailure, Refusal
from ..health import stripe_look, verdict
from ..health.repairs import Outcome, repair
from ..history import REPAIRED
from ..payments import connect
from .stripe_settings import ConnectPermissionMixin

HEALTH_URL_NAME = "lms_memberships_health"
ASK_URL_NAME = "lms_memberships_health_ask"
REPAIR_URL_NAME = "lms_memberships_health_repair"


@method_decorator(never_cache, name="dispatch")
class HealthView(ConnectPermissionMixin, WagtailAdminTemplateMixin, TemplateView):
    """All lights, from what is stored. Looking asks nobody and costs the same on every site."""

    template_name = "lms_memberships/creator/health.html"
    page_title = gettext_lazy("Memberships: health")
    header_icon = "circle-check"

    def get_breadcrumbs_items(self) -> list[dict[str, object]]:
        return [*self.breadcrumbs_items, {"url": reverse_lazy(HEALTH_URL_NAME), "label": self.page_title}]

    def get_context_data(self, **kwargs: object) -> dict[str, object]:
        found = verdict.judge(now=clock.wall_time())
        return super().get_context_data(
            verdict=found,
            groups=list(found.groups()),
            stylesheet=versioned_static("lms_memberships/creator/health.css"),
            **kwargs,
        )


@method_decorator(asks_stripe("POST"), name="post")
class AskStripeView(ConnectPermissionMixin, View):
    """Ask Stripe everything, now."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        look = stripe_look.ask()
        if look.problem:
            messages.error(request, look.message)
        else:
            messages.success(request, _("Stripe was asked."))
        return redirect(HEALTH_URL_NAME)


@method_decorator(asks_stripe("POST"), name="post")
@method_decorator(never_cache, name="dispatch")
class RepairView(ConnectPermissionMixin, View):
    """Mend one thing. A secret that comes of it is in this one answer, and nowhere else."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        name = request.POST.get("repair", "")
        try:
            done = repair(name)
        except (Refusal, OutsideFailure) as no:
            messages.error(request, no.message)
            return redirect(HEALTH_URL_NAME)
        account = connect.stored_account()
        if account is not None:
            log(instance=account, action=REPAIRED, user=request.user, data={"repair": name})
        if done.secret:
            return _show_once(request, done)
        messages.success(request, done.message)
        return redirect(HEALTH_URL_NAME)


def _show_once(request: HttpRequest, done: Outcome) -> HttpResponse:
    return TemplateResponse(request, "lms_memberships/creator/health_secret.html", {"outcome": done})
