"""How are promotion codes listed, shown, made and retired in the admin? Stripe does it; each step stands in the history."""

from typing import Any

import django_filters
from django import forms
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.functional import cached_property
from django.utils.translation import get_language, gettext_lazy, pgettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django.views.generic import FormView
from wagtail.admin import messages
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.tables import BaseColumn, Column, TitleColumn
from wagtail.admin.views.generic import WagtailAdminTemplateMixin
from wagtail.admin.views.generic.permissions import PermissionCheckedMixin
from wagtail.log_actions import log
from wagtail.permission_policies import ModelPermissionPolicy

from ... import clock
from ...asking import asks_stripe
from ...errors import OutsideFailure, Refusal
from ...history import CODE_MADE, CODE_RETIRED
from ...memberships import promotion_making
from ...memberships.promotion_models import PromotionCode
from ...memberships.promotion_words import discount_text
from ...payments import connect
from ..desks import Listing
from . import states
from .forms import PromotionCodeForm

LIST, RESULTS, ADD, SHOW, RETIRE, GIVE = (
    f"lms_memberships_promotions_{name}" for name in ("list", "results", "add", "show", "retire", "give")
)
POLICY = ModelPermissionPolicy(PromotionCode)
#: Beside which field a refusal is said; above the form without one.
FIELDS: dict[type[Exception], str] = {
    promotion_making.CodeTaken: "code",
    promotion_making.OtherCurrency: "currency",
}
CHANGE_PERMISSION = "lms_memberships.change_promotioncode"


class PromotionFilterSet(WagtailFilterSet):
    state = django_filters.ChoiceFilter(
        label=gettext_lazy("State"),
        choices=list(states.LABELS.items()),
        method="by_state",
        empty_label=pgettext_lazy("states", "All"),
        widget=forms.RadioSelect,
    )

    class Meta:
        model = PromotionCode
        fields = ("state",)

    def by_state(self, codes: QuerySet, name: str, value: str) -> QuerySet:
        return states.in_state(codes, value, now=clock.now())


class PromotionIndex(Listing):
    """Constant in queries, whatever the page holds."""

    model = PromotionCode
    permission_policy = POLICY
    any_permission_required = ["view", "add", "change"]
    page_title = gettext_lazy("Promotion codes")
    header_icon = "tag"
    index_url_name = LIST
    index_results_url_name = RESULTS
    add_url_name = ADD
    add_item_label = gettext_lazy("Create a promotion code")
    filterset_class = PromotionFilterSet
    search_fields = ["code", "name"]

    @cached_property
    def titles(self) -> dict[str, str]:
        return states.titles_by_product()

    @cached_property
    def columns(self) -> list[BaseColumn]:
        now, language = clock.now(), get_language() or "en"
        return [
            TitleColumn("code", label=gettext_lazy("Code"), url_name=SHOW, sort_key="code"),
            Column(
                "state",
                label=gettext_lazy("State"),
                accessor=lambda code: states.LABELS[states.state_of(code, now=now)],
            ),
            Column("discount", label=gettext_lazy("Discount"), accessor=lambda code: discount_text(code, language)),
            Column("used", label=gettext_lazy("Used"), accessor=states.use_of, sort_key="times_redeemed"),
            Column("last_day", label=gettext_lazy("Last day"), accessor=states.last_day_of, sort_key="expires_at"),
            Column(
                "memberships",
                label=gettext_lazy("Memberships"),
                accessor=lambda code: states.memberships_of(code, self.titles),
            ),
        ]

    def get_base_queryset(self) -> QuerySet:
        return codes_here()


@method_decorator(asks_stripe("POST"), name="post")
class PromotionAdd(PermissionCheckedMixin, WagtailAdminTemplateMixin, FormView):
    """One form; what Stripe or our rules refuse is said above it, and nothing that was typed is lost."""

    permission_policy = POLICY
    permission_required = "add"
    page_title = gettext_lazy("Create a promotion code")
    header_icon = "tag"
    form_class = PromotionCodeForm
    template_name = "lms_memberships/creator/promotions/add.html"

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        self.connection = connect.current()
        if self.connection is None and POLICY.user_has_permission(request.user, "add"):
            messages.error(request, str(connect.NotConnected.message))
            return HttpResponseRedirect(reverse(LIST))
        return super().dispatch(request, *args, **kwargs)

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "connection": self.connection}

    def form_valid(self, form: PromotionCodeForm) -> HttpResponse:
        try:
            code = promotion_making.make(form.draft(), gateway=connect.get_gateway())
        except (Refusal, OutsideFailure) as no:
            form.add_error(FIELDS.get(type(no)), str(no.message))
            return self.form_invalid(form)
        log(instance=code, action=CODE_MADE, user=self.request.user)
        messages.success(self.request, _("The code %(code)s can be used now.") % {"code": code.code})
        return HttpResponseRedirect(reverse(SHOW, args=[code.pk]))

    def get_breadcrumbs_items(self) -> list[dict[str, object]]:
        above = {"url": reverse(LIST), "label": PromotionIndex.page_title}
        return [*super().get_breadcrumbs_items(), above, {"url": "", "label": self.page_title}]

    def get_context_data(self, **kwargs: object) -> dict:
        context = super().get_context_data(**kwargs)
        context["action_url"] = reverse(ADD)
        context["submit_button_label"] = _("Create the code")
        context["submit_button_active_label"] = _("Creating the code…")
        context["breadcrumbs_items"] = self.get_breadcrumbs_items()
        context["media"] = context["form"].media
        return context


@require_POST
@asks_stripe("POST")
def retire(request: HttpRequest, pk: int) -> HttpResponse:
    """Nobody can use it any more; discounts that were given go on."""
    if not request.user.has_perm(CHANGE_PERMISSION):
        raise PermissionDenied
    code = get_object_or_404(codes_here(), pk=pk)
    try:
        promotion_making.retire(code, gateway=connect.get_gateway())
    except (Refusal, OutsideFailure) as no:
        messages.error(request, str(no.message))
    else:
        log(instance=code, action=CODE_RETIRED, user=request.user)
        messages.success(request, _("Nobody can use the code %(code)s any more.") % {"code": code.code})
    return HttpResponseRedirect(reverse(SHOW, args=[code.pk]))


def codes_here() -> QuerySet[PromotionCode]:
    """Those of the connected account: of no other is anything shown."""
    connection = connect.current()
    return PromotionCode.objects.at(connection) if connection is not None else PromotionCode.objects.none()
