"""What does the admin say of one invitation? Its terms, the link where it can be shown, and who came by it."""

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.decorators import method_decorator
from django.utils.translation import get_language, gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.generic import TemplateView
from wagtail.admin.views.generic import WagtailAdminTemplateMixin
from wagtail.admin.views.generic.permissions import PermissionCheckedMixin

from ... import clock
from ...memberships import invitations
from ...memberships.invitation_models import InvitationLink
from ...memberships.promotion_words import discount_text
from ...punctuation import labelled
from ...subscriptions import inviting
from . import states
from .views import CHANGE_PERMISSION, POLICY, address_of, breadcrumbs, links_here, mail_url

PEOPLE_PER_PAGE = 50


@method_decorator(never_cache, name="dispatch")
class InvitationPage(PermissionCheckedMixin, WagtailAdminTemplateMixin, TemplateView):
    """Who may only look sees who came; the link itself is for those who may change invitations."""

    permission_policy = POLICY
    any_permission_required = ["view", "add", "change"]
    header_icon = "link"
    template_name = "lms_memberships/creator/invitations/show.html"

    def get_page_title(self) -> str:
        return self.link.membership.title

    def get_context_data(self, **kwargs: object) -> dict:
        self.link = get_object_or_404(links_here(), pk=self.kwargs["pk"])
        context = super().get_context_data(**kwargs)
        state = states.state_of(self.link, now=clock.now())
        may_change = self.request.user.has_perm(CHANGE_PERMISSION)
        token = invitations.token_of(self.link) if may_change and state == states.ACTIVE else ""
        people = Paginator(_who_came(self.link), PEOPLE_PER_PAGE).get_page(self.request.GET.get("p"))
        context["link"] = self.link
        context["facts"] = _facts(self.link, state)
        context["address"] = address_of(token) if token else ""
        context["mail_url"] = mail_url(self.link, context["address"]) if token else ""
        context["is_active"] = state == states.ACTIVE
        context["may_change"] = may_change
        context["people"] = people
        context["page_url"] = self.request.path
        context["breadcrumbs_items"] = breadcrumbs(self.link.membership.title)
        return context


def _who_came(link: InvitationLink) -> QuerySet:
    """A link is free or it is paid for: one of the two, never both. Each row has a user and a moment."""
    return inviting.guests(link) if link.is_free else inviting.buyers(link)


def _facts(link: InvitationLink, state: str) -> list[tuple[object, object]]:
    """Label and words, those that say something."""
    language = get_language() or "en"
    code = link.promotion_code
    facts = [
        (gettext_lazy("State"), states.LABELS[state]),
        (gettext_lazy("Price"), states.cost_of(link, language)),
        (gettext_lazy("Promotion code"), labelled(code.code, discount_text(code, language)) if code else None),
        (gettext_lazy("Who can use it"), link.get_kind_display()),
        (gettext_lazy("Used"), states.use_of(link)),
        (gettext_lazy("Last day"), states.last_day_of(link)),
        (gettext_lazy("Only for"), link.email),
        (gettext_lazy("Note"), link.note),
    ]
    return [(label, words) for label, words in facts if words]
