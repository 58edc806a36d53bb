"""May this person have Stripe asked once more? So many presses a minute each: Stripe's limit is one for the whole site."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext_lazy as _

from . import clock, conf
from .memberships import guesses

View = Callable[..., HttpResponseBase]

KIND = "stripe"
A_MINUTE = timedelta(minutes=1)
#: On the request: what it was answered. A page that asks in two places is one press.
ANSWER = "_lms_memberships_may_ask"
PORTAL, ADMIN = "lms_memberships/portal/asked_too_often.html", "lms_memberships/creator/asked_too_often.html"


class AskedTooOften(Exception):
    """Nothing was asked. No Refusal: what a page says to those may be said after half of its work."""

    message = _("You have asked the payment service many times within a minute. Please wait a minute, then try again.")


def may_ask(request: HttpRequest) -> bool:
    """Takes one of theirs, for this request. For what works without Stripe's answer too; a page of its own is ``count``.

    Only of people who are signed in: what strangers can have asked is counted where they come in.
    """
    known: bool | None = getattr(request, ANSWER, None)
    if known is None:
        known = _take(request)
        setattr(request, ANSWER, known)
    return known


def count(request: HttpRequest) -> None:
    """This request asks Stripe. Raises AskedTooOften, for ``asks_stripe`` to answer; so it stands before all else."""
    if not may_ask(request):
        raise AskedTooOften


def asks_stripe(*methods: str) -> Callable[[View], View]:
    """Each of these requests counts. Without any, the view itself says when: where a look may cost nothing.

    Whoever presses too often reads so at once (429), before anything was begun. Jobs and webhooks have no person.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            try:
                if request.method in methods:
                    count(request)
                return view(request, *args, **kwargs)
            except AskedTooOften as no:
                return _wait(request, no)

        answer.asks_stripe = True  # type: ignore[attr-defined]
        return answer

    return decorate


def _take(request: HttpRequest) -> bool:
    most = conf.STRIPE_PRESSES_PER_PERSON_A_MINUTE
    if most <= 0 or not request.user.is_authenticated:
        return True
    return guesses.take(KIND, str(request.user.pk), guesses.Limit(most, A_MINUTE), clock.wall_time())


def _wait(request: HttpRequest, no: AskedTooOften) -> HttpResponse:
    found = request.resolver_match
    template = PORTAL if found is not None and "lms_memberships" in found.app_names else ADMIN
    response = render(request, template, {"message": no.message}, status=429)
    response.headers["Retry-After"] = str(int(A_MINUTE.total_seconds()))
    add_never_cache_headers(response)
    return response
