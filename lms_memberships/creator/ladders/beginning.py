"""How does one paid membership become tiers? A button in the listing: itself, and a draft above it (V37)."""

from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from wagtail.admin import messages
from wagtail.log_actions import log

from ... import clock
from ...memberships import ladder_making
from ...memberships.ladder_models import Tier
from ...memberships.ladder_rules import NoLadder
from ...memberships.models import Membership
from .views import EDIT, LIST, may, require

MEMBERSHIP = "lms_memberships.add_membership"


@require_http_methods(["GET", "HEAD", "POST"])
def begin(request: HttpRequest, pk: int) -> HttpResponse:
    """GET says what comes of it, or leads to the tiers that it is among already; POST makes them."""
    require(request, "add")
    membership = get_object_or_404(Membership, pk=pk)
    tier = Tier.objects.filter(membership=membership.pk).first()
    if tier is not None:
        return HttpResponseRedirect(reverse(EDIT, args=[tier.ladder_id]) if may(request, "change") else reverse(LIST))
    if request.method == "POST":
        return _make(request, membership)
    context = {"membership": membership, "back_url": _list_url(), "may_make": request.user.has_perm(MEMBERSHIP)}
    return render(request, "lms_memberships/creator/ladders/begin.html", context)


def _make(request: HttpRequest, membership: Membership) -> HttpResponse:
    creator = request.user
    if not isinstance(creator, AbstractBaseUser) or not request.user.has_perm(MEMBERSHIP):
        raise PermissionDenied
    try:
        ladder, higher = ladder_making.begin_with(membership, user=creator, now=clock.now())
    except NoLadder as refusal:
        messages.error(request, str(refusal.message))
        return HttpResponseRedirect(_list_url())
    for made in (ladder, higher):
        log(instance=made, action="wagtail.create", user=creator)
    edit = reverse(Membership.snippet_viewset.get_url_name("edit"), args=[higher.pk])
    text = _("“%(title)s” is a draft above it: nothing changes for anybody until you publish it.")
    buttons = [messages.button(edit, _("Edit the draft"))]
    messages.success(request, text % {"title": higher.title}, buttons=buttons)
    # Who may not change tiers sees them in the list.
    return HttpResponseRedirect(reverse(EDIT, args=[ladder.pk]) if may(request, "change") else reverse(LIST))


def _list_url() -> str:
    return reverse(Membership.snippet_viewset.get_url_name("list"))
