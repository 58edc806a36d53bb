"""How is a door opened or kept shut? Before pages, documents and Django views; the only part of access that knows HTTP."""

from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, Group
from django.db.models import Model, Q
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import resolve_url
from django.template.response import TemplateResponse
from django.utils.cache import patch_vary_headers
from django.utils.http import urlencode
from django.utils.translation import get_language

from .. import clock
from ..memberships.models import Membership
from ..memberships.pricing import price_text
from . import fence, offering, policy, showing
from .policy import Decision
from .reasons import Reason
from .words import PageOrAlias, Person

PAYWALL = "lms_memberships/access/paywall.html"
Serve = Callable[..., HttpResponseBase]


def page_door(next_serve: Serve) -> Serve:
    """For ``on_serve_page``, outermost: asks before anything of Wagtail's, and sees every response."""

    def serve(page: PageOrAlias, request: HttpRequest, args: tuple, kwargs: dict) -> HttpResponseBase:
        decision = policy.decide(user_of(request), page, now=clock.now())
        if decision.reason is Reason.NOT_SOLD:
            response = next_serve(page, request, args, kwargs)
            return response if decision.is_for_everybody else keep_private(response)
        if decision.reason in STAFF and request.GET.get(AS) == VISITOR:
            decision = policy.decide(AnonymousUser(), page, now=clock.now())
        if not decision.allowed:
            return refuse(request, decision, thing=page)
        open_fence(user_of(request))
        remember(request, decision)
        return keep_private(next_serve(page, request, args, kwargs))

    return serve


#: Whoever may edit it can look at what the others get: ``?memberships-as=visitor``. It only ever closes.
AS, VISITOR = "memberships-as", "visitor"
#: Where a request keeps the decision that has opened something for it.
LET_THROUGH = "_lms_memberships_decision"
STAFF = frozenset({Reason.SUPERUSER, Reason.EDITOR})


def refuse(request: HttpRequest, decision: Decision, *, thing: Model | None = None) -> HttpResponseBase:
    """The paywall: why not, and what would help. 403 for everybody: a login page would send members in circles."""
    theirs = offering.held_by(user_of(request), decision)
    # What they hold is not sold to them twice.
    offers = [(offer, _price_of(offer)) for offer in decision.offers if offer.pk not in theirs.of_each]
    context: dict[str, object] = {
        "decision": decision,
        "title": showing.public_title(thing),
        "sentence": theirs.sentence or decision.sentence,
        "offers": offers,
        "sign_in_url": None if user_of(request).is_authenticated else sign_in_url(request),
        # Paid there, it opens again: one button, and not a page on which to look for it.
        "mend_pk": decision.holding.subscription_id if _is_to_pay(decision) and decision.holding else None,
        "can_mend": decision.reason in MENDED_IN_THE_ACCOUNT or bool(theirs.of_each),
        "continue_pk": theirs.continue_pk,
        "upsell": None,
    }
    if decision.has_tiers and not context["can_mend"]:
        context |= offering.tiers(decision, user_of(request), offers)
    return keep_private(TemplateResponse(request, PAYWALL, context, status=403))


def remember(request: HttpRequest, decision: Decision) -> None:
    """For whoever renders the page: why this request was let through."""
    setattr(request, LET_THROUGH, decision)


def decision_of(request: HttpRequest | None) -> Decision | None:
    """Why this request was let through by a door of ours; None: by none. No query."""
    return getattr(request, LET_THROUGH, None)


#: What the student can put right on the account page.
MENDED_IN_THE_ACCOUNT = frozenset({Reason.PAYMENT_FAILED, Reason.WAITING_FOR_PAYMENT, Reason.PAUSED, Reason.DISPUTED})


def _is_to_pay(decision: Decision) -> bool:
    return decision.reason is Reason.PAYMENT_FAILED


def keep_private(response: HttpResponseBase) -> HttpResponseBase:
    """No cache may keep what depends on who asks, the teaser included (S27)."""
    response["Cache-Control"] = "private, no-store"
    patch_vary_headers(response, ["Cookie"])
    return response


def open_fence(user: Person) -> None:
    """Let Wagtail's own check pass for this one request. Nothing is written, so nothing can expire late."""
    if not user.is_authenticated or user.is_superuser:
        return
    groups = Group.objects.filter(Q(pk__in=user.groups.order_by().values("pk")) | Q(name__in=fence.GROUP_NAMES))
    cache = getattr(user, "_prefetched_objects_cache", {})
    # A queryset, not a list: whoever asks ``user.groups.filter(…)`` later must still be answered.
    cache["groups"] = groups
    setattr(user, "_prefetched_objects_cache", cache)  # noqa: B010 - Django's own, unknown to its types
    len(groups)


def is_closed_to_visitors(page: PageOrAlias) -> bool:
    """Whether anybody who is not signed in would stand before the paywall."""
    return not policy.decide(AnonymousUser(), page, now=clock.now()).allowed


def user_of(request: HttpRequest) -> Person:
    """Whoever asks; a site without the authentication middleware has visitors only."""
    return getattr(request, "user", None) or AnonymousUser()


def sign_in_url(request: HttpRequest) -> str:
    """The site's own login page, and back here."""
    return f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': request.get_full_path()})}"


def membership_required(get_item: Callable[..., object]) -> Callable[[Serve], Serve]:
    """For Django views: ``get_item(request, *args, **kwargs)`` names what is opened."""

    def decorate(view: Serve) -> Serve:
        @wraps(view)
        def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
            return _guard(request, get_item(request, *args, **kwargs), lambda: view(request, *args, **kwargs))

        return guarded

    return decorate


class MembershipRequiredMixin:
    """For class-based views: ``get_membership_item()`` names what is opened, by default the view's object."""

    def get_membership_item(self) -> object:
        return self.get_object()  # type: ignore[attr-defined]  # of the view that this is mixed into

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        answer = super().dispatch  # type: ignore[misc]  # of the view that this is mixed into
        return _guard(request, self.get_membership_item(), lambda: answer(request, *args, **kwargs))


def _guard(request: HttpRequest, item: object, answer: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    decision = policy.decide(user_of(request), item, now=clock.now())
    if not decision.allowed:
        return refuse(request, decision, thing=item if isinstance(item, Model) else None)
    remember(request, decision)
    response = answer()
    return response if decision.is_for_everybody else keep_private(response)


def _price_of(membership: Membership) -> str:
    money = membership.price
    return price_text(money, membership.interval, get_language() or settings.LANGUAGE_CODE) if money else ""
