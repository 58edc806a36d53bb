"""How is something done for a person on a page of its own? Shown, asked once with a reason, done once, said in words."""

import uuid
from typing import Any, ClassVar

from django import forms
from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import Promise, cached_property
from django.utils.translation import get_language, gettext_lazy
from django.views.generic import FormView
from wagtail.admin import messages
from wagtail.admin.views.generic import WagtailAdminTemplateMixin

from ... import clock
from ...errors import OutsideFailure, Refusal
from ...subscriptions.deeds import Wish
from ...subscriptions.models import Subscription
from . import names
from .access import check, held_by, name_of, person
from .words import next_price


class DeedForm(forms.Form):
    """Why. The key is the form's own: sent twice, it is one wish."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("It stands in the history. Please name nobody in it."),
    )
    key = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def clean_key(self) -> uuid.UUID:
        return self.cleaned_data["key"] or uuid.uuid4()


class Act(WagtailAdminTemplateMixin, FormView):
    """One deed. ``act`` does it and says what was done; a refusal is shown on the same page, with the same key."""

    needs: ClassVar[str]
    page_title: ClassVar[str | Promise]
    button: ClassVar[str | Promise]
    is_serious: ClassVar[bool] = False
    form_class: Any = DeedForm
    header_icon = "user"
    template_name = "lms_memberships/creator/person/act.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        check(request, self.needs)
        return super().dispatch(request, *args, **kwargs)

    @cached_property
    def person(self) -> Any:
        return person(self.kwargs["pk"])

    @property
    def back_url(self) -> str:
        return reverse(names.PAGE, args=[self.person.pk])

    def lead(self) -> list[object]:
        """What will happen, in sentences; amounts among them."""
        return []

    def facts(self) -> list[tuple[object, object]]:
        """Label and words."""
        return []

    def why_not(self) -> str:
        """Empty: it can be done now."""
        return ""

    def act(self, form: Any, wish: Wish) -> str:
        """Do it, and say what was done. Raises a Refusal or an OutsideFailure."""
        raise NotImplementedError

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        # An unknown person, or another's subscription, before anything else is looked at.
        self.look()
        return super().get(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.look()
        return super().post(request, *args, **kwargs)

    def look(self) -> None:
        """Raise Http404 for what is not there."""
        self.person  # noqa: B018 - looked up by that

    def get_initial(self) -> dict[str, Any]:
        return {**super().get_initial(), "key": uuid.uuid4()}

    def form_valid(self, form: Any) -> HttpResponse:
        staff = self.request.user
        if not isinstance(staff, AbstractBaseUser):
            return self.form_invalid(form)
        wish = Wish(by=staff, reason=form.cleaned_data.get("reason", ""), key=form.cleaned_data["key"])
        try:
            said = self.act(form, wish)
        except (Refusal, OutsideFailure) as no:
            form.add_error(None, str(no.message))
            return self.form_invalid(form)
        messages.success(self.request, said)
        return HttpResponseRedirect(self.back_url)

    def get_breadcrumbs_items(self) -> list[dict[str, object]]:
        above = {"url": self.back_url, "label": name_of(self.person)}
        return [*super().get_breadcrumbs_items(), above, {"url": "", "label": self.page_title}]

    def get_context_data(self, **kwargs: object) -> dict:
        context = super().get_context_data(**kwargs)
        context |= {
            "person": self.person,
            "lead": self.lead(),
            "facts": [(label, words) for label, words in self.facts() if words],
            "why_not": self.why_not(),
            "button": self.button,
            "is_serious": self.is_serious,
            "back_url": self.back_url,
            "breadcrumbs_items": self.get_breadcrumbs_items(),
            "media": context["form"].media,
        }
        return context


class ActOnHeld(Act):
    """A deed about one subscription of that person."""

    @cached_property
    def held(self) -> Subscription:
        return held_by(self.kwargs["pk"], self.kwargs["held"])

    @property
    def now(self) -> Any:
        return clock.now()

    @property
    def price(self) -> str:
        """What is paid next."""
        return next_price(self.held, get_language() or "en")

    def look(self) -> None:
        super().look()
        self.held  # noqa: B018 - looked up by that

    def facts(self) -> list[tuple[object, object]]:
        return [
            (gettext_lazy("Membership"), self.held.membership.title),
            (gettext_lazy("At Stripe"), self.held.stripe_id),
        ]
