"""By what can the list of people be narrowed? What is asked in an address or a form, as the domain understands it."""

from datetime import datetime
from urllib.parse import urlencode

import django_filters
from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from wagtail.admin.filters import DateRangePickerWidget, WagtailFilterSet
from wagtail.admin.forms.search import SearchForm
from wagtail.coreutils import get_content_languages

from ...memberships.models import Membership
from ...subscriptions import people_states
from ...subscriptions.models import Subscription
from ...subscriptions.people_listing import Wanted

#: What carries the person's wish from one page to the next, besides the filters' own names.
SEARCH, CHOSEN, EVERYBODY = "q", "person", "all"
LIST = "lms_memberships_people_list"
NOBODY = Wanted(people=())
NOT_UNDERSTOOD = gettext_lazy("What the list is narrowed by is not understood, so nobody is in it.")


class PeopleFilterSet(WagtailFilterSet):
    """All that is said of a membership is said of one and the same: on trial *in this one*, *since that day*."""

    membership = django_filters.ModelChoiceFilter(
        label=gettext_lazy("Membership"), queryset=lambda request: Membership.objects.order_by("title")
    )
    state = django_filters.ChoiceFilter(
        label=pgettext_lazy("what somebody holds", "State"),
        choices=list(people_states.LABELS.items()),
        empty_label=pgettext_lazy("states", "All"),
        widget=forms.RadioSelect,
    )
    origin = django_filters.ChoiceFilter(
        label=gettext_lazy("Origin"),
        choices=Subscription.Origin.choices,
        empty_label=pgettext_lazy("origins", "All"),
        widget=forms.RadioSelect,
    )
    joined = django_filters.DateFromToRangeFilter(label=gettext_lazy("Joined"), widget=DateRangePickerWidget)
    language = django_filters.ChoiceFilter(
        label=gettext_lazy("Language"),
        choices=lambda: list(get_content_languages().items()),
        empty_label=pgettext_lazy("languages", "All"),
        widget=forms.RadioSelect,
    )

    class Meta:
        model = Subscription
        fields = ("membership", "state", "origin", "joined", "language")

    def filter_queryset(self, queryset: QuerySet) -> QuerySet:
        # ``people_listing`` does it: these conditions belong together.
        return queryset


def wanted_of(data: QueryDict, *, request: HttpRequest) -> Wanted | None:
    """Whom the list showed, from its own address. None: something in it is no answer to what is asked."""
    filters = PeopleFilterSet(data, queryset=Subscription.objects.none(), request=request)
    wanted = wanted_by(filters, SearchForm(data) if SEARCH in data else SearchForm())
    return None if wanted == NOBODY else wanted


def wanted_by(filters: PeopleFilterSet, search: SearchForm) -> Wanted:
    """The same from what Wagtail's listing has read already; NOBODY: everybody would be taken for the answer."""
    if slips(filters, search):
        return NOBODY
    said = filters.form.cleaned_data
    joined = said["joined"]
    return Wanted(
        words=search.cleaned_data[SEARCH].strip() if search.is_bound else "",
        membership=said["membership"].pk if said["membership"] else None,
        state=said["state"],
        origin=said["origin"],
        joined_from=_day(joined.start if joined else None),
        joined_to=_day(joined.stop if joined else None),
        language=said["language"],
    )


def slips(filters: PeopleFilterSet, search: SearchForm) -> list[str]:
    """What is no answer to what is asked, in words. Empty: all of it is understood."""
    return [
        _("%(label)s: %(error)s") % {"label": form.fields[name].label, "error": error}
        for form in (filters.form, search)
        for name, errors in form.errors.items()
        for error in errors
    ]


def list_url(data: QueryDict) -> str:
    """The list as it was narrowed, where it says what of that is not understood."""
    return f"{reverse(LIST)}?{urlencode(asked(data))}"


def asked(data: QueryDict) -> list[tuple[str, str]]:
    """What of an address narrows the list, to be carried on in a form."""
    names = (SEARCH, *PeopleFilterSet.base_filters, "joined_from", "joined_to")
    return [(name, data[name]) for name in names if data.get(name)]


def asked_again(wanted: Wanted) -> list[tuple[str, str]]:
    """The same of what was asked for before: as the form of the list would send it."""
    said = wanted.as_json()
    names = {SEARCH: "words"} | {name: name for name in ("joined_from", "joined_to", *PeopleFilterSet.base_filters)}
    return [(name, str(said[column])) for name, column in names.items() if said.get(column)]


def _day(moment: datetime | None) -> str:
    return moment.date().isoformat() if moment is not None else ""
