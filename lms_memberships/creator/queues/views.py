"""How are the queues listed, and how is a row tried again? Wagtail's listing; paged, searched and counted by the database."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.forms import Media
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_POST
from wagtail.admin import messages
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.staticfiles import versioned_static
from wagtail.admin.ui.tables import BaseColumn, Column, DateColumn
from wagtail.permission_policies import ModelPermissionPolicy

from ...access.models import Delivery
from ...emails.models import Email
from ...payments.models import WebhookEvent
from ..desks import Listing
from .queues import QUEUES, WAKERS, Queue


def url_name(queue: Queue, what: str = "list") -> str:
    return f"lms_memberships_{queue.slug}_{what}"


class StateColumn(Column):
    """The state, what went wrong, and a button where trying again can help."""

    cell_template_name = "lms_memberships/creator/queues/state_cell.html"

    def __init__(self, queue: Queue, **options: Any) -> None:
        super().__init__("state", label=_("State"), **options)
        self.queue = queue

    def get_cell_context_data(self, instance: Any, parent_context: dict) -> dict:
        may_try = instance.state in self.queue.stuck and parent_context["request"].user.has_perm(self.queue.permission)
        return super().get_cell_context_data(instance, parent_context) | {
            "row": instance,
            "state": instance.get_state_display(),
            "is_bad": instance.state in {"dead", "failed", "unknown"},
            "outcome": getattr(instance, "outcome", ""),
            "trouble": self.queue.trouble(instance),
            "about": self.queue.about(instance),
            "button": self.queue.button,
            "try_again_url": reverse(url_name(self.queue, "again"), args=[instance.pk]) if may_try else "",
            "csrf_token": parent_context.get("csrf_token"),
        }


class QueueView(Listing):
    """Constant in queries, whatever the page holds."""

    queue: Queue
    any_permission_required = ["view"]

    @cached_property
    def columns(self) -> list[BaseColumn]:
        return [
            Column("about", label=_("What"), accessor=self.queue.about),
            # Second: on a telephone the rest is to the right of the screen.
            StateColumn(self.queue),
            *COLUMNS[self.queue.slug](),
            Column("attempts", label=_("Tries"), sort_key="attempts"),
        ]

    def get_base_queryset(self) -> QuerySet:
        rows = self.queue.model._default_manager.order_by(self.queue.ordering)
        # Without a name it would mean all of them.
        return rows.select_related(*self.queue.related) if self.queue.related else rows

    def get_context_data(self, *args: Any, **kwargs: Any) -> dict:
        context = super().get_context_data(*args, **kwargs)
        context["media"] += Media(css={"all": [versioned_static("lms_memberships/creator/queues.css")]})
        return context


def view_of(queue: Queue, *, only_results: bool = False) -> Any:
    """The listing, or only its table, for Wagtail's search as you type."""
    view = type(f"{queue.model.__name__}Queue", (QueueView,), {"queue": queue})
    return view.as_view(
        model=queue.model,
        permission_policy=ModelPermissionPolicy(queue.model),
        page_title=queue.title,
        header_icon=queue.icon,
        index_url_name=url_name(queue),
        index_results_url_name=url_name(queue, "results"),
        filterset_class=FILTERS[queue.slug],
        search_fields=queue.search,
        results_only=only_results,
    )


@require_POST
def try_again(request: HttpRequest, pk: int, *, slug: str) -> HttpResponse:
    """One row, by whoever may; it is due at once, and the next worker takes it."""
    queue = QUEUES[slug]
    if not request.user.has_perm(queue.permission):
        raise PermissionDenied
    rows = queue.model._default_manager.filter(pk=pk)
    if not rows.exists():
        raise Http404
    count = queue.again(rows.filter(state__in=queue.stuck))
    if count:
        transaction.on_commit(WAKERS[slug], robust=True)
        messages.success(request, queue.begun % {"count": count})
    else:
        messages.warning(request, _("There is nothing left to try again here."))
    return HttpResponseRedirect(reverse(url_name(queue)))


def _filter_of(row_model: Any, **more: Any) -> type[WagtailFilterSet]:
    state = django_filters.ChoiceFilter(
        label=_("State"),
        choices=row_model.State.choices,
        empty_label=pgettext_lazy("states", "All"),
        widget=forms.RadioSelect,
    )
    meta = type("Meta", (), {"model": row_model, "fields": ["state", *more]})
    return type(f"{row_model.__name__}Filter", (WagtailFilterSet,), {"state": state, "Meta": meta, **more})


def _next_try(delivery: Delivery) -> datetime | None:
    return delivery.next_try_at if delivery.state == Delivery.State.OWED else None


FILTERS = {
    "webhooks": _filter_of(WebhookEvent),
    "emails": _filter_of(Email),
    "deliveries": _filter_of(Delivery),
}
#: Made anew for each view: a column keeps its template, and with it the settings of the engine that made it.
COLUMNS: dict[str, Callable[[], list[BaseColumn]]] = {
    "webhooks": lambda: [DateColumn("received_at", label=_("Received"), sort_key="received_at")],
    "emails": lambda: [
        Column("recipient", label=_("To")),
        Column("membership", label=_("Membership"), accessor="membership.title"),
        DateColumn("owed_at", label=_("Since"), sort_key="owed_at"),
    ],
    "deliveries": lambda: [
        Column("student", label=_("Student"), accessor="subscription.user.get_username"),
        DateColumn("next_try_at", label=_("Next try"), accessor=_next_try, sort_key="next_try_at"),
    ],
}
