"""How does a student wait for a place? They ask on the membership's page, and take it back there (W17)."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, resolve_url
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from .. import clock
from ..errors import Refusal
from ..memberships.models import Membership
from ..payments import connect
from ..personal_data import erasing
from ..subscriptions import places, waiting
from .people import student_of


def place_of(request: HttpRequest, membership: Membership) -> dict[str, object]:
    """What the page of a membership says about places: for anybody, and for who is asking."""
    now = clock.now()
    found = places.places_of(membership, now=now)
    context: dict[str, object] = {"places": found, "can_join": found is None or not found.are_sold_out}
    if found is None:
        return context
    onward = urlencode({"next": reverse("lms_memberships:wait", args=[membership.slug])})
    context["wait_sign_in_url"] = f"{resolve_url(settings.LOGIN_URL)}?{onward}"
    if not request.user.is_authenticated:
        return context
    student = student_of(request)
    entry = waiting.entry_of(student, membership)
    is_offered = entry is not None and entry.held_until is not None and entry.held_until > now
    has_lapsed = entry is not None and entry.held_until is not None and not is_offered
    context |= {"entry": None if has_lapsed else entry, "is_offered": is_offered}
    if not context["can_join"] and places.has_place(student.pk, membership, now=now):
        # Theirs: it was offered to them, or their payment page is still open.
        context["can_join"] = True
    return context


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def wait(request: HttpRequest, slug: str) -> HttpResponse:
    """POST: onto the list. GET, after signing in: the page on which the button is."""
    membership = get_object_or_404(Membership.objects.on_sale(connect.current()), slug=slug)
    if request.method == "POST":
        language = get_language() or settings.LANGUAGE_CODE
        try:
            erasing.refuse_who_leaves(student_of(request))
            waiting.ask(student_of(request), membership, language=language, now=clock.now())
        except Refusal as refusal:
            messages.info(request, refusal.message)
        else:
            messages.success(request, _("You are on the waiting list. We write to you when a place is free."))
    return redirect(membership)


@never_cache
@login_required
@require_http_methods(["POST"])
def stop(request: HttpRequest, slug: str) -> HttpResponse:
    """Off the list. Whoever is not on it is off it already."""
    membership = get_object_or_404(Membership.objects.on_sale(connect.current()), slug=slug)
    waiting.strike_off(student_of(request).pk, membership.pk)
    messages.success(request, _("You are no longer on the waiting list."))
    return redirect(membership)
