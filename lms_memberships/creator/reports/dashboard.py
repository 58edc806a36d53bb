"""What does the front page of the admin say of memberships? What needs somebody, and this month, to whoever may see it."""

from collections.abc import Mapping
from typing import Any

from django.forms import Media
from django.http import HttpRequest
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from wagtail.admin.staticfiles import versioned_static
from wagtail.admin.ui.components import Component

from ... import clock
from ...payments import connect
from ...subscriptions import spans
from ...subscriptions.people_jobs import SEES
from ...subscriptions.people_listing import COUNTED
from ...subscriptions.people_states import FAILING
from ..attention import waiting
from ..attention.names import LIST as ATTENTION_LIST
from ..attention.names import SEEING
from ..invoices.views import VIEW_PERMISSION
from ..people.views import LIST
from . import month
from .all import url_name
from .views import money_text

#: Queue → who may see it, and what is said of it.
QUEUES = {
    "webhooks": ("lms_memberships.view_webhookevent", gettext_lazy("Calls of Stripe's that were given up")),
    "emails": ("lms_memberships.view_email", gettext_lazy("E-mails that failed")),
    "deliveries": ("lms_memberships.view_delivery", gettext_lazy("Items that could not be handed over")),
}


class MembershipsPanel(Component):
    """Nothing is shown, and nothing asked of the database, for whoever may see none of it."""

    name = "lms_memberships"
    template_name = "lms_memberships/creator/reports/dashboard.html"
    order = 205

    def __init__(self, request: HttpRequest) -> None:
        self.request = request

    @property
    def media(self) -> Media:
        return Media(css={"all": [versioned_static("lms_memberships/creator/reports.css")]})

    def get_context_data(self, parent_context: Mapping[str, Any] | None = None) -> dict[str, Any]:
        user = self.request.user
        seeing = [name for name, (permission, _label) in QUEUES.items() if user.has_perm(permission)]
        needs = [_line(QUEUES[name][1], month.given_up(name), f"lms_memberships_{name}_list") for name in seeing]
        numbers: list[tuple[str, str]] = []
        if user.has_perm(VIEW_PERMISSION):
            numbers = _of_this_month()
        if user.has_perm(SEES):
            needs.insert(0, _failing())
        if _may_attend(self.request):
            number = waiting.count(now=clock.now())
            needs.insert(0, _line(gettext_lazy("Payments and purchases that need a decision"), number, ATTENTION_LIST))
        return {
            "needs": [line for line in needs if line["number"]],
            "numbers": numbers,
            "month": date_format(spans.month_of(clock.now()), "YEAR_MONTH_FORMAT"),
            "report_url": reverse(url_name("recurring")) if numbers else "",
        }


def is_for(request: HttpRequest) -> bool:
    wanted = (VIEW_PERMISSION, SEES, *(need for need, _label in QUEUES.values()))
    return _may_attend(request) or any(request.user.has_perm(each) for each in wanted)


def _may_attend(request: HttpRequest) -> bool:
    return any(request.user.has_perm(f"lms_memberships.{name}") for name in SEEING)


def _failing() -> dict[str, Any]:
    """What the list of people says, narrowed to them: the same people, by the same words of the database."""
    number = month.failing(now=clock.now())
    shown = number if number <= COUNTED else f"{COUNTED}+"
    return _line(gettext_lazy("People whose payment failed"), shown, LIST, query=f"?state={FAILING}")


def _of_this_month() -> list[tuple[str, str]]:
    """Label and words."""
    connection, now = connect.current(), clock.now()
    if connection is None:
        return []
    came, left = month.members(connection, now=now)
    paid = [money_text(money) for money in month.paid(connection, now=now)]
    return [
        (_("New recurring members"), str(came)),
        (_("Recurring members lost"), str(left)),
        (pgettext("this month", "Paid"), ", ".join(paid) or "–"),
    ]


def _line(label: object, number: int | str, url: str, *, query: str = "") -> dict[str, Any]:
    return {"label": label, "number": number, "url": f"{reverse(url)}{query}"}
