"""How does a student end one subscription, or keep it after all? Asked once, told what stays, confirmed (X14, P11)."""

from contextlib import suppress
from datetime import datetime

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from .. import clock
from ..asking import asks_stripe, may_ask
from ..errors import OutsideFailure, Refusal
from ..memberships.lapsing import OnLapse
from ..memberships.promotion_words import staying_text
from ..money import format_money
from ..payments.connect import get_gateway
from ..subscriptions import changes, departures, places, staying
from ..subscriptions.change_models import TierChange
from ..subscriptions.departure_models import LONGEST_COMMENT, Departure, Feedback
from ..subscriptions.departures import Wish
from ..subscriptions.models import Subscription
from ..subscriptions.queries import SubscriptionQuerySet
from . import credit_words, tier_words
from .dates import at, day, day_of
from .declaring import gateway_or_none
from .people import student_of
from .situations import Situation
from .standing import standing

PAGE = "lms_memberships/portal/cancel.html"


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """GET asks once, says until when it lasts and what stays; POST sets the end at the period's end."""
    subscription = get_object_or_404(_mine(request), pk=pk)
    if request.method != "POST":
        return _ask(request, subscription)
    try:
        # Of an offer that stood beside this button, the press is the answer.
        staying.decline(subscription, request.POST.get("shown", ""), now=clock.now())
        messages.success(request, end(request, subscription, way=Departure.Way.ACCOUNT))
    except (Refusal, OutsideFailure) as no:
        messages.error(request, no.for_buyers)
    return redirect("lms_memberships:account")


@never_cache
@login_required
@require_POST
@asks_stripe("POST")
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a cancellation back, also one that Stripe has not heard of yet."""
    subscription = get_object_or_404(_mine(request), pk=pk)
    dropped = departures.plan_dropped_by(subscription)
    try:
        departures.stay(subscription, gateway=get_gateway(), now=clock.now())
    except (Refusal, OutsideFailure) as no:
        messages.error(request, no.for_buyers)
    else:
        back = _("Good to have you back: your membership goes on.")
        messages.success(request, f"{back} {_lost(dropped)}".strip())
    return redirect("lms_memberships:account")


@never_cache
@login_required
@require_POST
@asks_stripe("POST")
def stay(request: HttpRequest, pk: int) -> HttpResponse:
    """Take the offer: nothing is cancelled, and the discount begins with the next payment (V53)."""
    subscription = get_object_or_404(_mine(request), pk=pk)
    try:
        staying.take(subscription, gateway=get_gateway(), now=clock.now())
    except (Refusal, OutsideFailure) as no:
        messages.error(request, no.for_buyers)
    else:
        messages.success(request, _("Good that you stay: your discount begins with your next payment."))
    return redirect("lms_memberships:account")


def end(request: HttpRequest, subscription: Subscription, *, way: str) -> str:
    """Cancel with what was said beside the button, and return what to tell: what was received, when, and what follows."""
    now = clock.now()
    wish = Wish.said(request.POST.get("feedback", ""), request.POST.get("comment", ""), way=way)
    departure = departures.leave(subscription, wish, gateway=gateway_or_none(request), now=now)
    subscription.refresh_from_db()
    language = get_language() or "en"
    # Who presses twice is told when the first press was received.
    received = departure.asked_at if departure is not None else departures.asked_at(subscription.pk) or now
    words = {
        "title": subscription.membership.title,
        "date": day(subscription.access_until or subscription.cancel_at, language),
        "received": at(received, language),
    }
    if departure is not None and departure.state == Departure.State.ASKED:
        return (
            _(
                "We received your cancellation of %(title)s on %(received)s. It is not confirmed by the payment service "
                "yet; we ask again by ourselves until it is, and whatever is charged meanwhile is given back."
            )
            % words
        )
    if subscription.opened_at is None and subscription.cancel_at is not None:
        waits = _("Your payment that is on its way is still taken: once it is confirmed, access opens until %(date)s.")
        over = _("%(title)s is cancelled: we received that on %(received)s. Nothing more will be charged.")
        return f"{over} {waits}" % {**words, "date": day(subscription.cancel_at, language)}
    if not subscription.is_live(now):
        over = _("%(title)s is cancelled: we received that on %(received)s. Nothing more will be charged.") % words
        return f"{over} {credit_words.told(subscription)}".strip()
    return _("%(title)s is cancelled: we received that on %(received)s. You keep access until %(date)s.") % words


def kept_text(subscription: Subscription) -> str:
    """What becomes of their place: the one thing that differs between memberships (V48)."""
    if not places.are_limited(subscription.membership):
        return ""
    if subscription.membership.on_lapse == OnLapse.KEEP:
        return _("Your place is kept for you: you can come back at any time.")
    return _("Your place becomes free when it ends, and somebody else may take it.")


def has_closed(subscription: Subscription, now: datetime) -> bool:
    """What it opened is closed already: cancelling it closes nothing more."""
    return subscription.opened_at is not None and not subscription.is_live(now)


def _ask(request: HttpRequest, subscription: Subscription) -> HttpResponse:
    now, language = clock.now(), get_language() or "en"
    card = standing(subscription, now=now, language=language)
    context: dict[str, object] = {
        "card": card,
        "until": day(subscription.period_end, language),
        "place": kept_text(subscription),
        "is_closed": has_closed(subscription, now),
    }
    if card.can_cancel:
        context["dropped"] = tier_words.dropped_text(card.change)
        context["credit"] = credit_words.foretold(request, subscription)
        context |= {"reasons": Feedback.choices, "longest": LONGEST_COMMENT}
        context["offer"] = None if card.waits_for_debit else _offer(request, subscription)
    elif card.situation is Situation.ENDING or changes.is_ending(subscription):
        context["is_ending"] = True
    return render(request, PAGE, context)


def _lost(dropped: TierChange | None) -> str:
    """Of a plan that their cancellation has dropped: it is not there again."""
    if dropped is None:
        return ""
    words = {"title": tier_words.name_of(dropped.price, dropped.subscription, get_language() or "en")}
    return (
        _("The change to %(title)s that was planned was dropped when it was cancelled; you can plan it again.") % words
    )


def _offer(request: HttpRequest, subscription: Subscription) -> dict[str, str] | None:
    """What they would pay next, as Stripe says. Where it does not answer, nothing is offered, and leaving works."""
    now = clock.now()
    if staying.offered(subscription, now=now) is None or not may_ask(request):
        return None
    with suppress(OutsideFailure, Refusal):
        found = staying.offer(subscription, gateway=get_gateway(), now=now)
        return None if found is None else _said_of(found, subscription, get_language() or "en")
    return None


def _said_of(found: staying.Offer, subscription: Subscription, language: str) -> dict[str, str]:
    """What is charged; where their credit pays something of it, that too."""
    reduced, full = found.reduced, found.full
    words = {"discount": staying_text(found.code, language), "date": day_of(subscription.period_end, language)}
    if full.balance.minor:
        words |= {"reduced": format_money(reduced.total, language), "full": format_money(full.total, language)}
        text = _("%(discount)s: your payment of %(date)s comes to %(reduced)s instead of %(full)s.") % words
    else:
        words |= {"reduced": format_money(reduced.due, language), "full": format_money(full.due, language)}
        text = _("%(discount)s: on %(date)s you pay %(reduced)s instead of %(full)s.") % words
    if reduced.balance.minor:
        paid = {
            "credit": format_money(reduced.total - reduced.due, language),
            "due": format_money(reduced.due, language),
        }
        of_credit = _("Your credit pays %(credit)s of it: you pay %(due)s.") % paid
        text = f"{text} {of_credit}"
    return {"code": str(found.code.pk), "text": text}


def _mine(request: HttpRequest) -> SubscriptionQuerySet:
    # Every look-up starts here: another person's id is as unknown as one that does not exist (S19).
    return Subscription.objects.of(student_of(request)).select_related("membership__stay_code", "price")
