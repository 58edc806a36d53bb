"""How are the waiting lists and the trials listed, and how is another trial allowed? Paged and searched by the database."""

from typing import Any

import django_filters
from django import forms
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods
from wagtail.admin import messages
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.tables import BaseColumn, Column, DateColumn
from wagtail.permission_policies import ModelPermissionPolicy

from ... import clock
from ...errors import Refusal
from ...memberships.models import Membership
from ...subscriptions import trials
from ...subscriptions.waiting_models import TrialTaken, WaitingEntry
from ..desks import Listing, names_of

WAITING_URL = "lms_memberships_waiting_lists"
TRIALS_URL = "lms_memberships_trials"
ALLOW_URL = "lms_memberships_trial_allow"
CHANGE_TRIAL = "lms_memberships.change_trialtaken"


class _ByMembership(WagtailFilterSet):
    membership = django_filters.ModelChoiceFilter(
        label=gettext_lazy("Membership"), queryset=lambda request: Membership.objects.order_by("title")
    )


class WaitingFilter(_ByMembership):
    class Meta:
        model = WaitingEntry
        fields = ["membership"]


class TrialFilter(_ByMembership):
    class Meta:
        model = TrialTaken
        fields = ["membership"]


class AllowColumn(Column):
    """When and by whom another was allowed, or the way to do it."""

    cell_template_name = "lms_memberships/creator/limits/allow_cell.html"

    def get_cell_context_data(self, instance: TrialTaken, parent_context: dict) -> dict:
        may_allow = instance.forgiven_at is None and parent_context["request"].user.has_perm(CHANGE_TRIAL)
        return super().get_cell_context_data(instance, parent_context) | {
            "trial": instance,
            "allow_url": reverse(ALLOW_URL, args=[instance.pk]) if may_allow else "",
        }


class LimitView(Listing):
    """Constant in queries, whatever the page holds."""

    any_permission_required = ["view"]
    default_ordering: Any = "pk"

    def get_base_queryset(self) -> QuerySet:
        return self.model._default_manager.select_related("user", "membership").order_by(*self.first)


class WaitingView(LimitView):
    """Longest first; filtered by a membership, the count above the table is how many wait for it."""

    first = ("asked_at", "pk")

    @cached_property
    def columns(self) -> list[BaseColumn]:
        return [
            Column("person", label=gettext_lazy("Student"), accessor="user.get_username"),
            Column("membership", label=gettext_lazy("Membership"), accessor="membership.title"),
            DateColumn("asked_at", label=gettext_lazy("Asked"), sort_key="asked_at"),
            DateColumn("told_at", label=gettext_lazy("Told"), sort_key="told_at"),
            DateColumn("held_until", label=gettext_lazy("Kept until"), sort_key="held_until"),
        ]


class TrialsView(LimitView):
    """Newest first."""

    first = ("-taken_at", "-pk")

    @cached_property
    def columns(self) -> list[BaseColumn]:
        return [
            Column("person", label=gettext_lazy("Student"), accessor=_person),
            AllowColumn("forgiven_at", label=gettext_lazy("Another trial")),
            Column("membership", label=gettext_lazy("Membership"), accessor="membership.title"),
            DateColumn("taken_at", label=gettext_lazy("Taken"), sort_key="taken_at"),
        ]


def waiting_view(*, only_results: bool = False) -> Any:
    return WaitingView.as_view(
        model=WaitingEntry,
        permission_policy=ModelPermissionPolicy(WaitingEntry),
        page_title=gettext_lazy("Waiting lists"),
        header_icon="time",
        index_url_name=WAITING_URL,
        index_results_url_name=f"{WAITING_URL}_results",
        filterset_class=WaitingFilter,
        search_fields=(*names_of("user"), "membership__title"),
        results_only=only_results,
    )


def trials_view(*, only_results: bool = False) -> Any:
    return TrialsView.as_view(
        model=TrialTaken,
        permission_policy=ModelPermissionPolicy(TrialTaken),
        page_title=gettext_lazy("Trials"),
        header_icon="time",
        index_url_name=TRIALS_URL,
        index_results_url_name=f"{TRIALS_URL}_results",
        filterset_class=TrialFilter,
        search_fields=(*names_of("user"), "membership__title", "reason"),
        results_only=only_results,
    )


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("It stands in the history of the membership. Please name nobody in it."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def allow_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Another free trial for one person, with a reason (X12)."""
    staff = request.user
    if not isinstance(staff, AbstractBaseUser) or not request.user.has_perm(CHANGE_TRIAL):
        raise PermissionDenied
    trial = get_object_or_404(TrialTaken.objects.select_related("user", "membership"), pk=pk)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            trials.allow_again(trial, by=staff, reason=form.cleaned_data["reason"], now=clock.now())
        except Refusal as refusal:
            messages.error(request, str(refusal.message))
        else:
            messages.success(request, _("%(person)s can try it out once more.") % {"person": _person(trial)})
        return HttpResponseRedirect(reverse(TRIALS_URL))
    context = {"trial": trial, "person": _person(trial), "form": form, "back_url": reverse(TRIALS_URL)}
    return render(request, "lms_memberships/creator/limits/allow_again.html", context)


def _person(trial: TrialTaken) -> str:
    return trial.user.get_username() if trial.user else _("a deleted account")
