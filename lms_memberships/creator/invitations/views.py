"""How are invitations listed, made and taken back in the admin? Each step stands in the history."""

from typing import Any
from urllib.parse import quote, urlencode

import django_filters
from django import forms
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.functional import cached_property
from django.utils.translation import get_language, gettext_lazy, pgettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST
from django.views.generic import FormView
from wagtail.admin import messages
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.tables import BaseColumn, Column, TitleColumn
from wagtail.admin.views.generic import WagtailAdminTemplateMixin
from wagtail.admin.views.generic.permissions import PermissionCheckedMixin
from wagtail.log_actions import log
from wagtail.permission_policies import ModelPermissionPolicy

from ... import clock
from ...errors import Refusal
from ...history import INVITATION_MADE, INVITATION_REVOKED
from ...memberships import invitations
from ...memberships.addresses import public_url
from ...memberships.invitation_models import InvitationLink
from ...memberships.models import Membership
from ...payments import connect
from ...subscriptions import inviting
from ..desks import Listing
from . import states
from .forms import InvitationForm, MembershipForm

LIST, RESULTS, ADD, SHOW, REVOKE = (
    f"lms_memberships_invitations_{name}" for name in ("list", "results", "add", "show", "revoke")
)
POLICY = ModelPermissionPolicy(InvitationLink)
CHANGE_PERMISSION = "lms_memberships.change_invitationlink"


class InvitationFilterSet(WagtailFilterSet):
    state = django_filters.ChoiceFilter(
        label=gettext_lazy("State"),
        choices=list(states.LABELS.items()),
        method="by_state",
        empty_label=pgettext_lazy("states", "All"),
        widget=forms.RadioSelect,
    )
    membership = django_filters.ModelChoiceFilter(
        label=gettext_lazy("Membership"), queryset=lambda request: Membership.objects.order_by("title")
    )

    class Meta:
        model = InvitationLink
        fields = ("state", "membership")

    def by_state(self, links: QuerySet, name: str, value: str) -> QuerySet:
        return inviting.in_state(links, value, now=clock.now())


class InvitationIndex(Listing):
    """Constant in queries, whatever the page holds."""

    model = InvitationLink
    permission_policy = POLICY
    any_permission_required = ["view", "add", "change"]
    page_title = gettext_lazy("Invitations")
    header_icon = "link"
    index_url_name = LIST
    index_results_url_name = RESULTS
    add_url_name = ADD
    add_item_label = gettext_lazy("Create an invitation")
    filterset_class = InvitationFilterSet
    search_fields = ["membership__title", "email", "note"]

    @cached_property
    def columns(self) -> list[BaseColumn]:
        now, language = clock.now(), get_language() or "en"
        return [
            TitleColumn(
                "membership",
                label=gettext_lazy("Membership"),
                accessor="membership.title",
                url_name=SHOW,
                sort_key="membership__title",
            ),
            Column(
                "state",
                label=gettext_lazy("State"),
                accessor=lambda link: states.LABELS[states.state_of(link, now=now)],
            ),
            Column("cost", label=gettext_lazy("Price"), accessor=lambda link: states.cost_of(link, language)),
            Column("used", label=gettext_lazy("Used"), accessor=states.use_of, sort_key="used"),
            Column("last_day", label=gettext_lazy("Last day"), accessor=states.last_day_of, sort_key="expires_at"),
            Column("email", label=gettext_lazy("Only for"), sort_key="email"),
            Column("note", label=gettext_lazy("Note")),
        ]

    def get_base_queryset(self) -> QuerySet:
        return links_here().order_by("-created_at", "-pk")


@method_decorator(never_cache, name="dispatch")
class InvitationAdd(PermissionCheckedMixin, WagtailAdminTemplateMixin, FormView):
    """For which membership, then one form. The answer to it is the link itself: it is never shown again."""

    permission_policy = POLICY
    permission_required = "add"
    page_title = gettext_lazy("Create an invitation")
    header_icon = "link"
    template_name = "lms_memberships/creator/invitations/add.html"

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        self.connection = connect.current()
        if self.connection is None and POLICY.user_has_permission(request.user, "add"):
            messages.error(request, str(connect.NotConnected.message))
            return HttpResponseRedirect(reverse(LIST))
        return super().dispatch(request, *args, **kwargs)

    @cached_property
    def membership(self) -> Membership | None:
        """The one that was chosen; None: the form asks for it."""
        chosen = MembershipForm(self.request.GET, memberships=self.sellable)
        return chosen.cleaned_data["membership"] if chosen.is_valid() else None

    @property
    def sellable(self) -> QuerySet[Membership]:
        return Membership.objects.on_sale(self.connection).order_by("title", "pk")

    def get_form_class(self) -> type[forms.Form]:
        return MembershipForm if self.membership is None else InvitationForm

    def get_form_kwargs(self) -> dict[str, Any]:
        kwargs = super().get_form_kwargs()
        if self.membership is None:
            return {**kwargs, "memberships": self.sellable}
        return {**kwargs, "membership": self.membership, "connection": self.connection}

    def form_valid(self, form: forms.Form) -> HttpResponse:
        if not isinstance(form, InvitationForm):
            return HttpResponseRedirect(add_url(form.cleaned_data["membership"]))
        try:
            link, token = invitations.make(form.draft(), by=_person(self.request), now=clock.now())
        except Refusal as no:
            form.add_error("code", str(no.message))
            return self.form_invalid(form)
        if not token:
            # Sent twice: there is one link, and it was shown to whoever pressed first.
            return HttpResponseRedirect(reverse(SHOW, args=[link.pk]))
        log(instance=link, action=INVITATION_MADE, user=self.request.user)
        return self._made(link, token)

    def _made(self, link: InvitationLink, token: str) -> HttpResponse:
        """The page itself, not a way to it: between the two the token would have to be kept somewhere."""
        context = {
            "page_title": _("The invitation is made"),
            "header_title": _("The invitation is made"),
            "header_icon": self.header_icon,
            "breadcrumbs_items": breadcrumbs(_("The invitation is made")),
            "link": link,
            "address": address_of(token),
            "mail_url": mail_url(link, address_of(token)),
            "show_url": reverse(SHOW, args=[link.pk]),
        }
        return TemplateResponse(self.request, "lms_memberships/creator/invitations/made.html", context)

    def get_context_data(self, **kwargs: object) -> dict:
        context = super().get_context_data(**kwargs)
        context["membership"] = self.membership
        context["action_url"] = reverse(ADD) if self.membership is None else add_url(self.membership)
        context["submit_button_label"] = _("Next") if self.membership is None else _("Create the invitation")
        context["submit_button_active_label"] = _("One moment…")
        context["breadcrumbs_items"] = breadcrumbs(self.page_title)
        context["media"] = context["form"].media
        return context


@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Nobody can accept it any more; who came by it keeps what they have."""
    if not request.user.has_perm(CHANGE_PERMISSION):
        raise PermissionDenied
    link = get_object_or_404(links_here(), pk=pk)
    if invitations.revoke(link, now=clock.now()):
        log(instance=link, action=INVITATION_REVOKED, user=request.user)
    messages.success(request, _("Nobody can accept this invitation any more."))
    return HttpResponseRedirect(reverse(SHOW, args=[link.pk]))


def links_here() -> QuerySet[InvitationLink]:
    """Those to prices of the connected account, and those that are free; with what a list says of them."""
    links = InvitationLink.objects.shown_at(connect.current())
    return inviting.with_uses(links.select_related("membership", "price", "promotion_code"))


def address_of(token: str) -> str:
    """What is sent to people."""
    return public_url(reverse("lms_memberships:invitation", args=[token]))


def mail_url(link: InvitationLink, address: str) -> str:
    """A mail to whom it is for, begun in the creator's own mail program: this site would have to keep the link to send
    it. Empty: it is for whoever has the link.
    """
    if not link.email:
        return ""
    subject = _("Invitation to %(title)s") % {"title": link.membership.title}
    # A mail program reads "+" as itself.
    return f"mailto:{quote(link.email)}?{urlencode({'subject': subject, 'body': address}, quote_via=quote)}"


def add_url(membership: Membership) -> str:
    return f"{reverse(ADD)}?membership={membership.pk}"


def breadcrumbs(label: object) -> list[dict[str, object]]:
    above = {"url": reverse(LIST), "label": InvitationIndex.page_title}
    return [*WagtailAdminTemplateMixin.breadcrumbs_items, above, {"url": "", "label": label}]


def _person(request: HttpRequest) -> AbstractBaseUser:
    if not isinstance(request.user, AbstractBaseUser):
        raise PermissionDenied
    return request.user
