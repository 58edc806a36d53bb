"""How are ladders listed, made, changed, switched and deleted in the admin? Nobody's subscription changes by it."""

from typing import Any

import django_filters
from django import forms
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_POST
from django.views.generic import FormView
from wagtail.admin import messages
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.tables import BaseColumn, Column, TitleColumn
from wagtail.admin.views.generic import WagtailAdminTemplateMixin
from wagtail.admin.views.generic.permissions import PermissionCheckedMixin
from wagtail.log_actions import log
from wagtail.permission_policies import ModelPermissionPolicy

from ... import clock
from ...memberships import ladder_making
from ...memberships.ladder_models import Ladder, Tier
from ...memberships.ladder_rules import NoLadder
from ..desks import Listing
from .forms import LadderForm

LIST, RESULTS, ADD, EDIT, SWITCH, DELETE, BEGIN = (
    f"lms_memberships_ladders_{name}" for name in ("list", "results", "add", "edit", "switch", "delete", "begin")
)
POLICY = ModelPermissionPolicy(Ladder)
ADD_PERMISSION, CHANGE_PERMISSION, DELETE_PERMISSION = (
    f"lms_memberships.{verb}_ladder" for verb in ("add", "change", "delete")
)
TITLE = gettext_lazy("Tiers")
STATES = (("on", pgettext_lazy("tiers", "On")), ("off", pgettext_lazy("tiers", "Off")))


class LadderFilterSet(WagtailFilterSet):
    state = django_filters.ChoiceFilter(
        label=gettext_lazy("Multiple tiers"),
        choices=STATES,
        method="by_state",
        empty_label=pgettext_lazy("states", "All"),
        widget=forms.RadioSelect,
    )

    class Meta:
        model = Ladder
        fields = ("state",)

    def by_state(self, ladders: QuerySet, name: str, value: str) -> QuerySet:
        return ladders.filter(is_on=value == "on")


class StateColumn(Column):
    """On or off, and the button that changes it (V49)."""

    cell_template_name = "lms_memberships/creator/ladders/state_cell.html"

    def get_cell_context_data(self, instance: Ladder, parent_context: dict) -> dict:
        may_change = parent_context["request"].user.has_perm(CHANGE_PERMISSION)
        return super().get_cell_context_data(instance, parent_context) | {
            "ladder": instance,
            "switch_url": reverse(SWITCH, args=[instance.pk]) if may_change else "",
            "csrf_token": parent_context.get("csrf_token"),
        }


class LadderIndex(Listing):
    """Constant in queries, whatever the page holds."""

    model = Ladder
    permission_policy = POLICY
    any_permission_required = ["view", "add", "change", "delete"]
    page_title = TITLE
    header_icon = "order"
    index_url_name = LIST
    index_results_url_name = RESULTS
    add_url_name = ADD
    edit_url_name = EDIT
    delete_url_name = DELETE
    add_item_label = gettext_lazy("Create tiers")
    filterset_class = LadderFilterSet
    search_fields = ["title"]
    default_ordering = "title"

    @cached_property
    def columns(self) -> list[BaseColumn]:
        return [
            TitleColumn("title", label=gettext_lazy("Title"), get_url=self.get_edit_url, sort_key="title"),
            Column("tiers", label=gettext_lazy("Tiers, the lowest first"), accessor=_titles),
            StateColumn("is_on", label=gettext_lazy("Multiple tiers"), sort_key="is_on"),
        ]

    def get_base_queryset(self) -> QuerySet:
        rows = Tier.objects.select_related("membership").order_by("sort_order", "pk")
        return Ladder.objects.prefetch_related(Prefetch("tiers", queryset=rows))


class LadderFormView(PermissionCheckedMixin, WagtailAdminTemplateMixin, FormView):
    """One form. A button that moves a tier shows it again with the new order, and saves nothing yet."""

    permission_policy = POLICY
    header_icon = "order"
    form_class = LadderForm
    template_name = "lms_memberships/creator/ladders/edit.html"
    done = gettext_lazy("“%(title)s” is saved.")

    @cached_property
    def ladder(self) -> Ladder:
        return Ladder()

    @property
    def here(self) -> str:
        return self.request.path

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "instance": self.ladder}

    def post(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if "move" in request.POST:
            form = LadderForm.rearranged(request.POST, self.ladder)
            return self.render_to_response(self.get_context_data(form=form, has_unsaved_changes=True))
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: LadderForm) -> HttpResponse:
        is_new = form.instance.pk is None
        try:
            ladder = ladder_making.save(form.instance, form.cleaned_data["tiers"], now=clock.now())
        except NoLadder as refusal:
            for problem in refusal.problems:
                form.add_error("tiers", problem)
            return self.form_invalid(form)
        log(instance=ladder, action="wagtail.create" if is_new else "wagtail.edit", user=self.request.user)
        messages.success(self.request, self.done % {"title": ladder.title})
        return HttpResponseRedirect(reverse(EDIT, args=[ladder.pk]) if may(self.request, "change") else reverse(LIST))

    def get_context_data(self, **kwargs: Any) -> dict:
        context = super().get_context_data(**kwargs)
        above = {"url": reverse(LIST), "label": TITLE}
        ladder = self.ladder
        return context | {
            "ladder": ladder if ladder.pk else None,
            "action_url": self.here,
            "page_url": reverse("lms_memberships:tiers", args=[ladder.pk]) if ladder.pk and ladder.is_on else "",
            "delete_url": reverse(DELETE, args=[ladder.pk]) if ladder.pk and may(self.request, "delete") else "",
            "submit_button_label": _("Save"),
            "submit_button_active_label": _("Saving…"),
            "breadcrumbs_items": [*self.get_breadcrumbs_items(), above, {"url": "", "label": self.get_page_title()}],
            "media": context["form"].media,
        }


class LadderAdd(LadderFormView):
    permission_required = "add"
    page_title = gettext_lazy("Create tiers")


class LadderEdit(LadderFormView):
    permission_required = "change"

    @cached_property
    def ladder(self) -> Ladder:
        return get_object_or_404(Ladder, pk=self.kwargs["pk"])

    def get_page_title(self) -> str:
        return self.ladder.title


@require_POST
def switch(request: HttpRequest, pk: int) -> HttpResponse:
    """On or off, as the button says; pressed twice it does not go back and forth."""
    require(request, "change")
    ladder = get_object_or_404(Ladder, pk=pk)
    on = request.POST.get("to") == "on"
    try:
        ladder_making.switch(ladder, on=on, now=clock.now())
    except NoLadder as refusal:
        messages.error(request, str(refusal.message))
    else:
        log(instance=ladder, action="wagtail.edit", user=request.user)
        text = _("“%(title)s” is on.") if on else _("“%(title)s” is off: its memberships stand alone.")
        messages.success(request, text % {"title": ladder.title})
    return HttpResponseRedirect(reverse(LIST))


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """GET says what it means; POST deletes the ladder alone."""
    require(request, "delete")
    ladder = get_object_or_404(Ladder, pk=pk)
    if request.method != "POST":
        titles = _titles(ladder) if ladder.is_on else ""
        context = {"ladder": ladder, "titles": titles, "back_url": reverse(LIST)}
        return render(request, "lms_memberships/creator/ladders/delete.html", context)
    title = ladder.title
    log(instance=ladder, action="wagtail.delete", user=request.user)
    ladder_making.delete(ladder, now=clock.now())
    messages.success(request, _("“%(title)s” is deleted. Its memberships stand alone now.") % {"title": title})
    return HttpResponseRedirect(reverse(LIST))


def may(request: HttpRequest, action: str) -> bool:
    return POLICY.user_has_permission(request.user, action)


def require(request: HttpRequest, action: str) -> None:
    if not may(request, action):
        raise PermissionDenied


def _titles(ladder: Ladder) -> str:
    return ", ".join(tier.membership.title for tier in ladder.tiers.all())
