"""What does a line of the list of people say? Who it is, what they hold in words, since when, and what comes next."""

from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from wagtail.admin.ui.tables import BaseColumn, Column, TitleColumn

from ...payments.customers import email_of, full_name_of
from ...punctuation import labelled
from ...subscriptions import people_listing, people_states
from ...subscriptions.models import Subscription
from ...subscriptions.spans import last_day
from ..person.names import PAGE as PERSON

#: More than these are on the person's own page.
MOST_SHOWN = 5


class ChooseColumn(BaseColumn):
    """A box for each person, and one for all of the page."""

    header_template_name = "lms_memberships/creator/people/choose_header.html"
    cell_template_name = "lms_memberships/creator/people/choose_cell.html"

    def get_cell_context_data(self, instance: Subscription, parent_context: dict) -> dict:
        context = super().get_cell_context_data(instance, parent_context)
        # Put together here: a template's own way of translating would take most of the page's time.
        return context | {"key": str(instance.user_id), "label": _("Choose %(name)s") % {"name": name_of(instance)}}


class HoldsColumn(BaseColumn):
    """Everything that they hold or held, the newest first."""

    cell_template_name = "lms_memberships/creator/people/holds_cell.html"

    def get_cell_context_data(self, instance: Any, parent_context: dict) -> dict:
        held = [labelled(each.membership.title, people_states.LABELS[each.standing]) for each in instance.held]
        more = len(held) - MOST_SHOWN
        if more > 0:
            words = ngettext("and %(more)s more", "and %(more)s more", more)
            held = [*held[:MOST_SHOWN], words % {"more": more}]
        return super().get_cell_context_data(instance, parent_context) | {"held": held}


def columns(*, with_boxes: bool) -> list[BaseColumn]:
    """Sorted by what an index can sort: nothing else has a key (S45)."""
    boxes: list[BaseColumn] = [ChooseColumn("choose", label=gettext_lazy("Choose"))] if with_boxes else []
    return [
        *boxes,
        TitleColumn(
            "person",
            label=gettext_lazy("Person"),
            accessor=name_of,
            get_url=lambda row: person_url(row.user_id),
            sort_key=people_listing.NAME,
            classname="lms-people__person",
        ),
        HoldsColumn("holds", label=gettext_lazy("Memberships")),
        Column("origin", label=gettext_lazy("Origin"), accessor="get_origin_display"),
        # Days, not "2 weeks ago": and Wagtail calls everything that is still to come "just now".
        Column("since", label=gettext_lazy("Since"), accessor=_since, sort_key=people_listing.SINCE),
        Column("next", label=gettext_lazy("Next date or end"), accessor=_next),
        Column("email", label=gettext_lazy("E-mail"), accessor=lambda row: email_of(row.user)),
    ]


def name_of(row: Subscription) -> str:
    """The full name, where there is one, and the name they sign in with."""
    name, username = full_name_of(row.user), str(row.user.get_username())
    return f"{name} ({username})" if name and name != username else username


def person_url(pk: object) -> str:
    """One person's page."""
    return reverse(PERSON, args=[pk])


def _since(row: Subscription) -> str:
    """The day where the site is, by which the list is narrowed, as the reader's language writes it."""
    return date_format(timezone.localtime(row.started_at, timezone.get_default_timezone()), "DATE_FORMAT")


def _next(row: Any) -> str:
    mine = next((each for each in row.held if each.pk == row.pk), None)
    moment = people_states.next_date(mine, mine.standing) if mine is not None else None
    return date_format(last_day(moment), "DATE_FORMAT") if moment is not None else ""
