"""How is something asked for many people at once? Which membership, until when and why; then for whom, to be confirmed."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import FormView
from wagtail.admin import messages
from wagtail.admin.views.generic import WagtailAdminTemplateMixin

from ... import clock
from ...errors import Refusal
from ...memberships.models import Membership
from ...subscriptions import people_jobs, people_working
from ...subscriptions.people_job_models import PeopleJob
from ...subscriptions.people_listing import Wanted
from ...subscriptions.spans import day_ends
from .filters import CHOSEN, EVERYBODY, NOT_UNDERSTOOD, asked, list_url, wanted_of
from .views import ACT, JOB, LIST, PeopleIndex

#: A date further out is no date.
LONGEST = timedelta(days=3660)
#: Of a page of the list, so many at most; more at once is "all that match".
MOST_CHOSEN = 200


class CancelForm(forms.Form):
    """Of which membership."""

    membership = forms.ModelChoiceField(label=gettext_lazy("Membership"), queryset=Membership.objects.none())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["membership"].queryset = Membership.objects.order_by("title", "pk")

    def asked(self, kind: str) -> people_jobs.Asked:
        return people_jobs.Asked(kind, self.cleaned_data["membership"])


class GiveForm(CancelForm):
    """Also until when, and why."""

    until = forms.DateField(
        label=gettext_lazy("Last day"),
        # Wagtail's own field brings an inline script, which a policy may forbid.
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("Access ends when this day is over. Nothing is charged, and nothing renews."),
    )
    note = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=255,
        help_text=gettext_lazy("For the history. The people do not see it."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # What was never published opens nothing.
        self.fields["membership"].queryset = Membership.objects.ever_published().order_by("title", "pk")

    def clean_until(self) -> datetime:
        day = self.cleaned_data["until"]
        today = timezone.localdate(clock.now(), timezone.get_default_timezone())
        if not today <= day <= today + LONGEST:
            raise forms.ValidationError(_("This day is over, or too far ahead."))
        return day_ends(day)

    def asked(self, kind: str) -> people_jobs.Asked:
        return people_jobs.Asked(
            kind, self.cleaned_data["membership"], until=self.cleaned_data["until"], note=self.cleaned_data["note"]
        )


FORMS: dict[str, type[CancelForm]] = {PeopleJob.Kind.CANCEL: CancelForm, PeopleJob.Kind.GIVE: GiveForm}


class Act(WagtailAdminTemplateMixin, FormView):
    """The people come along in the address, then in the form; who is none of the list is left out without a word (S50)."""

    header_icon = "group"
    template_name = "lms_memberships/creator/people/act.html"

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        self.kind = str(self.kwargs["kind"])
        if self.kind not in FORMS:
            raise Http404
        if not people_working.may(request.user, self.kind):
            raise PermissionDenied
        if self.wanted is None and self.sent.get(EVERYBODY):
            messages.error(request, NOT_UNDERSTOOD)
            return HttpResponseRedirect(list_url(self.sent))
        if self.wanted is None:
            messages.error(request, _("Choose people in the list first."))
            return HttpResponseRedirect(reverse(LIST))
        return super().dispatch(request, *args, **kwargs)

    @property
    def sent(self) -> QueryDict:
        return self.request.POST if self.request.method == "POST" else self.request.GET

    @cached_property
    def chosen(self) -> list[str]:
        return self.sent.getlist(CHOSEN)[:MOST_CHOSEN]

    @cached_property
    def wanted(self) -> Wanted | None:
        """Those that were ticked, or all that the list shows. None: nobody, or nothing that could be understood."""
        if self.sent.get(EVERYBODY):
            return wanted_of(self.sent, request=self.request)
        return Wanted(people=tuple(self.chosen)) if self.chosen else None

    def get_page_title(self) -> str:
        return str(PeopleJob.Kind(self.kind).label)

    def get_form_class(self) -> type[CancelForm]:
        return FORMS[self.kind]

    def get_form(self, form_class: type[forms.BaseForm] | None = None) -> forms.BaseForm:
        # Not the names of the list's own filters: whom, and what is done, are two things.
        return self.get_form_class()(**self.get_form_kwargs(), prefix="act")

    def get_initial(self) -> dict[str, Any]:
        return {"membership": self.wanted.membership or self.sent.get("membership") if self.wanted else None}

    def form_valid(self, form: Any) -> HttpResponse:
        try:
            job = people_jobs.draft(
                self.wanted or Wanted(people=()), form.asked(self.kind), by=self._person(), now=clock.now()
            )
        except Refusal as no:
            form.add_error(None, str(no.message))
            return self.form_invalid(form)
        return HttpResponseRedirect(reverse(JOB, args=[job.pk]))

    def get_context_data(self, **kwargs: Any) -> dict:
        context = super().get_context_data(**kwargs)
        above = {"url": reverse(LIST), "label": PeopleIndex.page_title}
        title = self.get_page_title()
        return context | {
            "is_everybody": bool(self.sent.get(EVERYBODY)),
            "chosen": self.chosen,
            "asked": asked(self.sent),
            "action_url": reverse(ACT, args=[self.kind]),
            "is_cancelling": self.kind == PeopleJob.Kind.CANCEL,
            "media": context["form"].media,
            "list_url": reverse(LIST),
            "breadcrumbs_items": [*WagtailAdminTemplateMixin.breadcrumbs_items, above, {"url": "", "label": title}],
        }

    def _person(self) -> AbstractBaseUser:
        if not isinstance(self.request.user, AbstractBaseUser):
            raise PermissionDenied
        return self.request.user

    # FormView has the same prefix for every form; ours is set in get_form.
    def get_form_kwargs(self) -> dict[str, Any]:
        kwargs = super().get_form_kwargs()
        kwargs.pop("prefix", None)
        return kwargs
