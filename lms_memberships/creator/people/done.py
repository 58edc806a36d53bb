"""What was begun for many people, and which files did I ask for? The way back to both, after the tab was closed (N6, X20)."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy, pgettext
from wagtail.admin.ui.tables import BaseColumn, Column, DateColumn, TitleColumn
from wagtail.admin.views.generic import WagtailAdminTemplateMixin

from ... import clock
from ...punctuation import labelled
from ...subscriptions import exporting, people_jobs, people_working
from ...subscriptions.export_models import PeopleExport
from ...subscriptions.people_job_models import PeopleJob, PeopleJobEntry
from ..desks import Listing
from .views import DONE, EXPORTED, JOB, LIST, PeopleIndex, may_export, title_of_done

#: Files are kept for a day; who asks for more than these finds the newest.
MOST_FILES = 20


class DoneForMany(Listing):
    """Constant in queries: the acts that one may do, whoever began them, and one's own files (S20)."""

    model = PeopleJob
    permission_policy = None
    permission_required = any_permission_required = None
    header_icon = "group"
    template_name = "lms_memberships/creator/people/done.html"
    index_url_name = DONE
    default_ordering = ("-created_at", "-pk")
    is_searchable = False

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if not self.kinds and not may_export(request.user):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    @cached_property
    def kinds(self) -> list[PeopleJob.Kind]:
        return people_working.kinds_of(self.request.user)

    def get_page_title(self) -> str:
        return title_of_done(self.request.user)

    @cached_property
    def columns(self) -> list[BaseColumn]:
        return [
            TitleColumn(
                "act",
                label=gettext_lazy("Act"),
                accessor="get_kind_display",
                get_url=lambda job: reverse(JOB, args=[job.pk]),
            ),
            Column("membership", label=gettext_lazy("Membership"), accessor="membership"),
            DateColumn("created_at", label=gettext_lazy("Begun")),
            Column("state", label=gettext_lazy("State"), accessor="get_state_display"),
            Column("people", label=gettext_lazy("People"), accessor=lambda job: job.counted),
        ]

    def get_base_queryset(self) -> QuerySet:
        return PeopleJob.objects.filter(kind__in=self.kinds).select_related("membership")

    def get_breadcrumbs_items(self) -> list[dict[str, object]]:
        above = {"url": reverse(LIST), "label": PeopleIndex.page_title}
        # Not those of a listing that stands by itself.
        home = WagtailAdminTemplateMixin.breadcrumbs_items
        return [*home, above, {"url": "", "label": self.get_page_title()}]

    def get_context_data(self, *args: Any, **kwargs: Any) -> dict:
        context = super().get_context_data(*args, **kwargs)
        # The table holds this very list: what is set on its rows is shown.
        jobs = list(context["object_list"])
        counts = people_jobs.counts_of(jobs)
        for job in jobs:
            job.counted = _in_words(counts.get(job.pk, {}))
        context["table"].data = jobs
        return context | {"files": self._files(), "shows_jobs": bool(self.kinds)}

    def _files(self) -> list[tuple[PeopleExport, str, str]]:
        if not may_export(self.request.user):
            return []
        mine = exporting.of(self.request.user, now=clock.wall_time()).order_by("-created_at", "-pk")
        return [(made, reverse(EXPORTED, args=[made.uuid]), _how_far(made)) for made in mine[:MOST_FILES]]


def _how_far(made: Any) -> str:
    was_fetched = made.state == PeopleExport.State.READY and not made.has_file
    return pgettext("export", "fetched") if was_fetched else made.get_state_display()


def _in_words(counted: dict[str, int]) -> str:
    states = PeopleJobEntry.State
    return ", ".join(labelled(states(state).label, counted[state]) for state in states if counted.get(state))
