"""How are people listed in the admin? One row a person, found and paged by the database, quick at a million (P23, X20)."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.forms import Media
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin.staticfiles import versioned_static
from wagtail.admin.ui.tables import BaseColumn
from wagtail.permission_policies import ModelPermissionPolicy

from ... import clock
from ...memberships.models import Membership
from ...subscriptions import people_jobs, people_listing, people_working
from ...subscriptions.models import Subscription
from ...subscriptions.people_listing import Wanted
from ..desks import Listing
from .columns import columns
from .filters import NOT_UNDERSTOOD, SEARCH, PeopleFilterSet, asked, slips, wanted_by

LIST, RESULTS, EXPORT, EXPORTED, FILE, ACT, JOB, JOB_RESULTS, CONFIRM, STOP, AGAIN, DONE = (
    f"lms_memberships_people_{name}"
    for name in (
        *("list", "results", "export", "exported", "file"),
        *("act", "job", "job_results", "confirm", "stop", "again", "done"),
    )
)
POLICY = ModelPermissionPolicy(Subscription)
EXPORTS = "lms_memberships.export_people"
AFTER, BEFORE = "after", "before"


class PeopleIndex(Listing):
    """Constant in queries, whatever the page holds. No page has a number: the next one begins behind the last row."""

    model = Subscription
    permission_policy = POLICY
    any_permission_required = ["view"]
    page_title = gettext_lazy("People")
    header_icon = "group"
    index_url_name = LIST
    index_results_url_name = RESULTS
    results_template_name = "lms_memberships/creator/people/results.html"
    filterset_class = PeopleFilterSet
    search_fields = [SEARCH]
    verbose_name_plural = gettext_lazy("people")
    default_ordering = f"-{people_listing.SINCE}"

    @cached_property
    def now(self) -> datetime:
        return clock.now()

    @cached_property
    def columns(self) -> list[BaseColumn]:
        return columns(with_boxes=bool(self.acts))

    @cached_property
    def acts(self) -> list[tuple[str, str]]:
        """What this person may do for many at once: its label, and where."""
        return [
            (str(kind.label), reverse(ACT, args=[kind.value])) for kind in people_working.kinds_of(self.request.user)
        ]

    @cached_property
    def wanted(self) -> Wanted:
        return wanted_by(self.filters, self.search_form)

    @property
    def no_results_message(self) -> str:
        wrong = slips(self.filters, self.search_form)
        return " ".join([str(NOT_UNDERSTOOD), *wrong]) if wrong else super().no_results_message

    def get_queryset(self) -> QuerySet:
        return people_listing.rows(self.wanted, now=self.now)

    def paginate_queryset(self, queryset: QuerySet, page_size: int) -> tuple:
        self.keyset = people_listing.page(
            queryset,
            ordering=str(self.ordering),
            after=self.request.GET.get(AFTER, ""),
            before=self.request.GET.get(BEFORE, ""),
            size=page_size,
        )
        return None, None, self.keyset.rows, False

    def get_context_data(self, *args: Any, **kwargs: Any) -> dict:
        context = super().get_context_data(*args, **kwargs)
        # The table holds this very list: what is set on its rows is shown.
        rows = self.keyset.rows
        held = people_listing.held_by([row.user_id for row in rows], now=self.now)
        for row in rows:
            row.held = held.get(row.user_id, [])
        context["table"].data = rows
        context["media"] += Media(css={"all": [versioned_static("lms_memberships/creator/people.css")]})
        count = people_listing.count(self.wanted, now=self.now) if rows else 0
        context["items_count"] = count
        return context | {
            "people_count": min(count, people_listing.COUNTED),
            "are_more": count > people_listing.COUNTED,
            "previous_url": self._page_url(BEFORE, rows[0].pk) if rows and self.keyset.has_previous else "",
            "next_url": self._page_url(AFTER, rows[-1].pk) if rows and self.keyset.has_next else "",
            "asked": asked(self.request.GET),
            "acts": self.acts,
            "export_url": reverse(EXPORT) if may_export(self.request.user) else "",
            "done_label": title_of_done(self.request.user),
            "done_url": reverse(DONE) if self.acts or may_export(self.request.user) else "",
        }

    def _page_url(self, direction: str, key: int) -> str:
        query = self.request.GET.copy()
        for name in (AFTER, BEFORE, self.page_kwarg, "_w_filter_fragment"):
            query.pop(name, None)
        query[direction] = str(key)
        return f"{self.index_url}?{query.urlencode()}"


def may_export(user: Any) -> bool:
    """Seeing people is not exporting them: both rights (S44, X24)."""
    return bool(user.has_perms([people_jobs.SEES, EXPORTS]))


def title_of_done(user: Any) -> str:
    """Of the page that leads back to what was begun: whoever may only export finds files there."""
    return capfirst(_("acts for many people") if people_working.kinds_of(user) else _("exports of people"))


def people_url(membership: Membership) -> str:
    """Whoever holds or held this one."""
    return f"{reverse(LIST)}?{urlencode({'membership': membership.pk})}"
