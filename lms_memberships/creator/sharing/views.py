"""What can a creator copy to bring people to a membership? The address, a button and a card for sites of their own (V27)."""

from django.conf import settings
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override
from django.views.generic import TemplateView
from wagtail.admin.views.generic import WagtailAdminTemplateMixin
from wagtail.admin.views.generic.permissions import PermissionCheckedMixin
from wagtail.permission_policies import ModelPermissionPolicy

from ... import conf
from ...memberships.addresses import public_url
from ...memberships.models import Membership
from ...payments import connect

SHARE = "lms_memberships_share"
POLICY = ModelPermissionPolicy(Membership)
ACTIONS = ("view", "add", "change", "delete")
#: Without a class, so that it looks like a button on any site; the owner may take the style away.
BUTTON = (
    '<a href="{}" style="display:inline-block;padding:0.625em 1.25em;border-radius:0.5em;'
    'background:#1d4f3c;color:#fff;font-weight:600;text-decoration:none">{}</a>'
)
#: The card needs nothing but a new window for its link: no script, no form, nothing of the page around it.
FRAME = (
    '<iframe src="{}" title="{}" width="360" height="300" loading="lazy" referrerpolicy="no-referrer" '
    'sandbox="allow-popups allow-popups-to-escape-sandbox" style="border:0;max-width:100%"></iframe>'
)


class SharePage(PermissionCheckedMixin, WagtailAdminTemplateMixin, TemplateView):
    """Nothing secret stands here: what is copied leads to the public page."""

    permission_policy = POLICY
    any_permission_required = list(ACTIONS)
    page_title = gettext_lazy("Share")
    header_icon = "link"
    template_name = "lms_memberships/creator/sharing/share.html"

    def get_context_data(self, **kwargs: object) -> dict:
        membership = get_object_or_404(Membership, pk=self.kwargs["pk"])
        context = super().get_context_data(**kwargs)
        context["membership"] = membership
        context["is_on_sale"] = Membership.objects.on_sale(connect.current()).filter(pk=membership.pk).exists()
        context |= snippets(membership)
        context["may_be_embedded"] = bool(conf.EMBED_ORIGINS)
        context["embed_origins"] = conf.EMBED_ORIGINS
        context["invite_url"] = _invite_url(self.request, membership)
        context["breadcrumbs_items"] = [
            *super().get_breadcrumbs_items(),
            {"url": reverse(membership.snippet_viewset.get_url_name("list")), "label": _("Memberships")},
            {"url": "", "label": membership.title, "sublabel": self.page_title},
        ]
        return context


def snippets(membership: Membership) -> dict[str, str]:
    """What is copied, with full addresses: it stands on other sites."""
    address = public_url(membership.get_absolute_url())
    card = public_url(reverse("lms_memberships:embed", args=[membership.slug]))
    # In the language of the membership's texts, not of whoever copies it.
    with override(membership.lang or settings.LANGUAGE_CODE):
        label = _("Join %(title)s") % {"title": membership.title}
    return {
        "address": address,
        "button": format_html(BUTTON, address, label),
        "frame": format_html(FRAME, card, membership.title),
    }


def _invite_url(request: HttpRequest, membership: Membership) -> str:
    if not request.user.has_perm("lms_memberships.add_invitationlink"):
        return ""
    return f"{reverse('lms_memberships_invitations_add')}?membership={membership.pk}"
