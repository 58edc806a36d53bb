"""Where does a site admin switch the e-mails on and off? Settings → E-mail settings → Membership (U30, U31)."""

from collections.abc import Iterable, Sequence

from django import forms
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import FormView, View
from wagtail.admin import messages
from wagtail.admin.views.generic import WagtailAdminTemplateMixin
from wagtail.admin.views.generic.permissions import PermissionCheckedMixin
from wagtail.admin.widgets import SwitchInput
from wagtail.log_actions import log
from wagtail.permission_policies import ModelPermissionPolicy

from ..emails import switches
from ..emails.catalogue import CATALOGUE, EmailKind
from ..emails.models import EmailSwitch
from ..memberships.intervals import Interval
from ..memberships.models import Membership
from ..punctuation import labelled
from ..subscriptions import renewing

FOLLOW, ON, OFF = "follow", "on", "off"
CHOICES = [(FOLLOW, gettext_lazy("As for all memberships")), (ON, gettext_lazy("On")), (OFF, gettext_lazy("Off"))]
STATES = {FOLLOW: None, ON: True, OFF: False}


#: Before the interval, in the name of the field for its days.
DAYS_OF = "renewal_"
DAYS_HELP = gettext_lazy("So many days before the next payment. Empty: who pays in this rhythm is not reminded.")


class ForAllForm(forms.Form):
    """One switch for each e-mail, for every membership; and before which renewals members are reminded."""

    def __init__(self, data: QueryDict | None = None) -> None:
        super().__init__(data)
        on = switches.on_for(None)
        for kind, entry in CATALOGUE.items():
            self.fields[kind] = forms.BooleanField(
                label=entry.label,
                help_text=entry.help_text,
                required=False,
                initial=on[kind],
                widget=SwitchInput(),
            )
        for interval, notice in renewing.notices().items():
            self.fields[_days_of(interval)] = forms.IntegerField(
                label=labelled(CATALOGUE[EmailKind.RENEWAL_SOON].label, Interval(interval).label),
                help_text=DAYS_HELP,
                required=False,
                min_value=1,
                max_value=renewing.MOST_DAYS,
                initial=notice.days if notice.is_on else None,
            )

    def save(self) -> None:
        switches.set_for_all({kind: self.cleaned_data[kind] for kind in EmailKind})
        renewing.set_notices({interval: self._notice(interval) for interval in renewing.DEFAULTS})

    def _notice(self, interval: str) -> renewing.Notice:
        days = self.cleaned_data[_days_of(interval)]
        return renewing.Notice(is_on=days is not None, days=days or renewing.DEFAULTS[interval].days)


class ForOneForm(forms.Form):
    """The same for a single membership, where following the setting for all is a third way."""

    def __init__(self, data: QueryDict | None = None, *, membership: Membership) -> None:
        super().__init__(data)
        self.membership = membership
        own = switches.own_of(membership.pk)
        words = {state: word for word, state in STATES.items()}
        for kind, entry in CATALOGUE.items():
            self.fields[kind] = forms.ChoiceField(
                label=entry.label, help_text=entry.help_text, choices=CHOICES, initial=words[own[kind]]
            )

    def save(self) -> None:
        switches.set_for(self.membership.pk, {kind: STATES[self.cleaned_data[kind]] for kind in EmailKind})


class _EmailSettingsPermission(PermissionCheckedMixin):
    permission_policy = ModelPermissionPolicy(EmailSwitch)
    permission_required = "change"


class EmailSettings(_EmailSettingsPermission, WagtailAdminTemplateMixin, FormView):
    """The "Membership" group of the e-mail settings; ``?membership=`` picks a single one."""

    page_title = gettext_lazy("E-mail settings")
    page_subtitle = gettext_lazy("Membership")
    header_icon = "mail"
    template_name = "lms_memberships/creator/email_settings.html"

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        chosen = request.GET.get("membership", "")
        self.membership = get_object_or_404(Membership, pk=chosen) if chosen.isdecimal() else None
        return super().dispatch(request, *args, **kwargs)

    def get_form(self, form_class: type | None = None) -> ForAllForm | ForOneForm:
        data = self.request.POST if self.request.method == "POST" else None
        return ForOneForm(data, membership=self.membership) if self.membership else ForAllForm(data)

    def form_valid(self, form: ForAllForm | ForOneForm) -> HttpResponse:
        form.save()
        _note_in_history(form.changed_data, self.membership, user=self.request.user)
        messages.success(self.request, _("The e-mail settings were saved."))
        return HttpResponseRedirect(self.request.get_full_path())

    def get_breadcrumbs_items(self) -> list[dict[str, object]]:
        here = {"url": "", "label": self.page_title, "sublabel": self.page_subtitle}
        return [*super().get_breadcrumbs_items(), here]

    def get_context_data(self, **kwargs: object) -> dict:
        context = super().get_context_data(**kwargs)
        context["membership"] = self.membership
        context["memberships"] = Membership.objects.order_by("title", "pk")
        context["action_url"] = self.request.get_full_path()
        context["submit_button_label"] = _("Save")
        context["submit_button_active_label"] = _("Saving…")
        context["breadcrumbs_items"] = self.get_breadcrumbs_items()
        context["media"] = context["form"].media
        return context


class AllOn(_EmailSettingsPermission, View):
    """The one click after publishing: every e-mail on, for all memberships (U29)."""

    http_method_names = ("post",)

    def post(self, request: HttpRequest) -> HttpResponse:
        were_off = [kind for kind, is_on in switches.on_for(None).items() if not is_on]
        switches.switch_all_on()
        _note_in_history(were_off, None, user=request.user)
        messages.success(request, _("All membership e-mails are on."))
        back = request.POST.get("next", "")
        if url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
            return HttpResponseRedirect(back)
        return redirect(reverse("lms_memberships_email_settings"))


def _days_of(interval: str) -> str:
    return f"{DAYS_OF}{interval}"


def _note_in_history(
    kinds: Sequence[str], membership: Membership | None, *, user: AbstractBaseUser | AnonymousUser
) -> None:
    """Who switched what, where Wagtail shows it: with the one membership, or with each switch for all (X24)."""
    kinds = list(dict.fromkeys(EmailKind.RENEWAL_SOON if each.startswith(DAYS_OF) else each for each in kinds))
    if not kinds:
        return
    of_all = EmailSwitch.objects.filter(membership=None, kind__in=kinds)
    changed: Iterable[models.Model] = of_all if membership is None else [membership]
    for thing in changed:
        log(instance=thing, action="wagtail.edit", user=user, data={"emails": [str(kind) for kind in kinds]})
