"""Why can, or can't, this person open this, now or then? One sentence, by the one function that decides (X1)."""

from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView
from wagtail.admin.views.generic import WagtailAdminTemplateMixin

from ... import clock
from ...access import policy
from ...access.sight import visible_to
from ...bundles.models import Item
from ...bundles.registry import item_types
from . import names
from .access import check, name_of, person
from .dates import FIRST, LAST, in_zone, minute
from .slices import Slice, slice_of

PER_PAGE = 20


class MomentField(forms.DateTimeField):
    """In the zone of the site: whoever asks may sit in another."""

    def to_python(self, value: Any) -> datetime | None:
        with timezone.override(timezone.get_default_timezone()):
            found = super().to_python(value)
        if found is None:
            return None
        if not FIRST <= found.date() <= LAST:
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return found if timezone.is_aware(found) else in_zone(found)


class WhyForm(forms.Form):
    q = forms.CharField(label=gettext_lazy("Search for a thing"), required=False, max_length=100)
    at = MomentField(
        label=gettext_lazy("When"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
        help_text=gettext_lazy(
            "In the time zone of the site. Empty: now. Of the past, interruptions in between are not known."
        ),
    )


class WhyPage(WagtailAdminTemplateMixin, TemplateView):
    """Only asked: an address that can be kept, and changes nothing."""

    header_icon = "help"
    page_title = gettext_lazy("Why can or can't they open this?")
    template_name = "lms_memberships/creator/person/why.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        check(request)
        return super().dispatch(request, *args, **kwargs)

    @cached_property
    def person(self) -> Any:
        return person(self.kwargs["pk"])

    def get_breadcrumbs_items(self) -> list[dict[str, object]]:
        above = {"url": reverse(names.PAGE, args=[self.person.pk]), "label": name_of(self.person)}
        return [*super().get_breadcrumbs_items(), above, {"url": "", "label": self.page_title}]

    def get_context_data(self, **kwargs: object) -> dict:
        context = super().get_context_data(**kwargs)
        form = WhyForm(self.request.GET)
        is_understood = form.is_valid()
        item = self._asked_for(self.request.GET.get("item", ""))
        context |= {
            "person": self.person,
            "name": name_of(self.person),
            "form": form,
            "chosen": item,
            "items": self._items(form.cleaned_data.get("q", "") if is_understood else ""),
            "back_url": reverse(names.PAGE, args=[self.person.pk]),
            "breadcrumbs_items": self.get_breadcrumbs_items(),
        }
        if item is not None and is_understood:
            context |= self._answer(item, form.cleaned_data["at"])
        return context

    def _known(self) -> QuerySet[Item]:
        """What whoever asks may see at all: who sees people may not see every page that is not public yet (S25)."""
        return visible_to(self.request.user)

    def _asked_for(self, number: str) -> Item | None:
        if not (number.isascii() and number.isdigit() and len(number) < 19):
            return None
        return self._known().select_related("page", "content_type").filter(pk=number).first()

    def _items(self, words: str) -> Slice:
        rows = self._known().order_by("title", "pk")
        if words:
            rows = rows.filter(title__icontains=words)
        found = slice_of(rows, self.request.GET, "items", size=PER_PAGE)
        kinds = item_types()
        shown = [(row, kinds[row.kind].label if row.kind in kinds else row.kind) for row in found.rows]
        return Slice(shown, found.number, found.older, found.newer)

    def _answer(self, item: Item, at: datetime | None) -> dict[str, object]:
        now = clock.now()
        moment = at or now
        # The dates in the sentence are the site's too.
        with timezone.override(timezone.get_default_timezone()):
            decision = policy.decide_at(self.person, item, moment=moment, now=now)
            return {"decision": decision, "sentence": decision.sentence, "moment": minute(moment), "is_now": at is None}
