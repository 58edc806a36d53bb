"""How far is what is done for many people, person by person? The preview, the button that begins it, and the one that stops it."""

from collections.abc import Callable

import django_filters
from django import forms
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.forms import Media
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy
from django.views.decorators.http import require_POST
from wagtail.admin import messages
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.staticfiles import versioned_static
from wagtail.admin.ui.tables import BaseColumn, Column, DateColumn, TitleColumn
from wagtail.admin.views.generic import WagtailAdminTemplateMixin

from ... import clock
from ...errors import Refusal
from ...subscriptions import people_jobs, people_working
from ...subscriptions.people_job_models import PeopleJob, PeopleJobEntry
from ...subscriptions.tasks import wake_for_people
from ..desks import Listing, names_of
from ..person.dates import day
from .columns import person_url
from .views import AGAIN, CONFIRM, JOB, JOB_RESULTS, LIST, STOP, PeopleIndex


class EntryFilter(WagtailFilterSet):
    state = django_filters.ChoiceFilter(
        label=gettext_lazy("State"),
        choices=PeopleJobEntry.State.choices,
        empty_label=pgettext_lazy("states", "All"),
        widget=forms.RadioSelect,
    )

    class Meta:
        model = PeopleJobEntry
        fields = ("state",)


class JobPeople(Listing):
    """Constant in queries, however many people there are."""

    model = PeopleJobEntry
    permission_policy = None
    permission_required = any_permission_required = None
    header_icon = "group"
    template_name = "lms_memberships/creator/people/job.html"
    filterset_class = EntryFilter
    search_fields = names_of("user")
    default_ordering = "pk"

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        self.job = find(request, int(str(self.kwargs["pk"])))
        return super().dispatch(request, *args, **kwargs)

    def get_page_title(self) -> str:
        return str(self.job.get_kind_display())

    def get_page_subtitle(self) -> str:
        return str(self.job.membership)

    @cached_property
    def columns(self) -> list[BaseColumn]:
        return [
            TitleColumn(
                "person",
                label=gettext_lazy("Person"),
                accessor="user.get_username",
                get_url=lambda entry: person_url(entry.user_id),
            ),
            Column("state", label=gettext_lazy("State"), accessor=_state, sort_key="state"),
            DateColumn("done_at", label=pgettext_lazy("one of many people", "Done on"), sort_key="done_at"),
        ]

    def get_base_queryset(self) -> QuerySet:
        return self.job.entries.select_related("user")

    def get_index_url(self) -> str:
        return reverse(JOB, args=[self.job.pk])

    def get_index_results_url(self) -> str:
        return reverse(JOB_RESULTS, args=[self.job.pk])

    def get_breadcrumbs_items(self) -> list[dict[str, object]]:
        above = {"url": reverse(LIST), "label": PeopleIndex.page_title}
        # Not those of a listing that stands by itself.
        home = WagtailAdminTemplateMixin.breadcrumbs_items
        return [*home, above, {"url": "", "label": self.get_page_title(), "sublabel": self.get_page_subtitle()}]

    def get_context_data(self, *args: object, **kwargs: object) -> dict:
        context = super().get_context_data(*args, **kwargs)
        counted, states, job = people_jobs.counts(self.job), PeopleJobEntry.State, self.job
        is_draft = job.state == PeopleJob.State.DRAFT
        context["media"] += Media(css={"all": [versioned_static("lms_memberships/creator/people.css")]})
        return context | {
            "job": job,
            "last_day": _last_day(job),
            "people": counted.get(states.PLANNED, 0),
            "counts": [(states(state).label, counted[state]) for state in states if counted.get(state)],
            "left_out": people_jobs.left_out(job),
            "end_at_once": people_jobs.end_at_once(job) if is_draft else 0,
            "is_draft": is_draft,
            "is_cancelling": job.kind == PeopleJob.Kind.CANCEL,
            "is_under_way": job.state == PeopleJob.State.RUNNING,
            "has_failed": bool(counted.get(states.FAILED)) and job.state != PeopleJob.State.STOPPED,
            "confirm_url": reverse(CONFIRM, args=[job.pk]),
            "stop_url": reverse(STOP, args=[job.pk]),
            "again_url": reverse(AGAIN, args=[job.pk]),
        }


@require_POST
def confirm(request: HttpRequest, pk: int) -> HttpResponse:
    """Begin. The second press finds it begun, and that is what was wanted."""
    job = find(request, pk)
    try:
        people_jobs.confirm(job, by=_person(request), now=clock.now())
    except people_jobs.NotADraft:
        return _back(pk)
    except Refusal as refusal:
        messages.error(request, str(refusal.message))
        return _back(pk)
    wake_for_people()
    messages.success(request, _("It has begun. This page says how far it is."))
    return _back(pk)


@require_POST
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    """Nobody more; what is done stays done."""

    def do(job: PeopleJob) -> str:
        people_jobs.stop(job, by=_person(request), now=clock.now())
        return _("It is stopped. What was done already stays done.")

    return _do(request, pk, do)


@require_POST
def try_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Those that failed."""

    def do(job: PeopleJob) -> str:
        count = people_jobs.try_again(job, by=_person(request))
        wake_for_people()
        return ngettext("%(count)s person is tried again.", "%(count)s people are tried again.", count) % {
            "count": count
        }

    return _do(request, pk, do)


def find(request: HttpRequest, pk: int) -> PeopleJob:
    """For whoever may do what it does. Raises PermissionDenied for whoever may do none of it, else 404."""
    kinds = people_working.kinds_of(_person(request))
    if not kinds:
        raise PermissionDenied
    return get_object_or_404(PeopleJob.objects.filter(kind__in=kinds).select_related("membership"), pk=pk)


def _do(request: HttpRequest, pk: int, do: Callable[[PeopleJob], str]) -> HttpResponse:
    job = find(request, pk)
    try:
        messages.success(request, do(job))
    except Refusal as refusal:
        messages.error(request, str(refusal.message))
    return _back(pk)


def _back(pk: int) -> HttpResponse:
    return HttpResponseRedirect(reverse(JOB, args=[pk]))


def _last_day(job: PeopleJob) -> str:
    """Of what is given: the last day on which it is open."""
    return day(people_jobs.last_moment(job))


def _state(entry: PeopleJobEntry) -> str:
    """The state, and why, in one line."""
    why = str(people_jobs.REASONS.get(entry.reason, "")) if entry.reason else ""
    return " ".join(filter(None, (f"{entry.get_state_display()}.", why, entry.failure)))


def _person(request: HttpRequest) -> AbstractBaseUser:
    if not isinstance(request.user, AbstractBaseUser):
        raise PermissionDenied
    return request.user
