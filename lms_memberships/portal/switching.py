"""How does a student change to another tier? Chosen, shown with what it costs, confirmed with one press (V29, V30)."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.http import urlencode
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from .. import clock
from ..asking import asks_stripe, count
from ..errors import OutsideFailure, Refusal
from ..memberships.ladder_models import When
from ..memberships.pricing import way_text
from ..memberships.selling import Sold
from ..payments import connect
from ..payments.connect import Connection, get_gateway
from ..payments.gateway import Gateway, RequestRefused, SubscriptionSnapshot
from ..personal_data import erasing
from ..subscriptions import changing_tiers, quotes, switching, tier_changes
from ..subscriptions.change_models import TierChange
from ..subscriptions.models import Subscription
from ..subscriptions.quotes import Quote
from ..subscriptions.switching import Target
from . import quoting
from .dates import day_of
from .people import student_of
from .tier_words import name_of

PAGE = "lms_memberships/portal/switch.html"
SALT = "lms_memberships.switch"
#: Amounts that were asked for longer ago are asked for again, and shown again (guide §7).
SHOWN_FOR = timedelta(minutes=5)
#: More digits than a key of ours has.
LONGEST_ID = 19
ALONE = gettext_lazy("There is no other membership that you could change to.")
STALE = gettext_lazy("Nothing was changed: these amounts were no longer today's. Please look at them once more.")
WHEN_TEXTS: dict[str, str | Promise] = {
    When.NOW: gettext_lazy("Rather change at once"),
    When.PERIOD_END: gettext_lazy("Rather change at the end of the period"),
}


@dataclass(frozen=True)
class Wish:
    """What was chosen, as far as it is one of what can be chosen."""

    target: Target | None
    sold: Sold | None
    when: When

    @property
    def query(self) -> dict[str, str]:
        asked: dict[str, str] = {"when": str(self.when)}
        if self.target is not None:
            asked["to"] = self.target.key
        if self.sold is not None:
            asked["choice"] = str(self.sold.price.pk)
        return asked


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@asks_stripe("POST")
def switch(request: HttpRequest, pk: int) -> HttpResponse:
    """GET: to which tier, and what Stripe says that it costs. POST: do it. Nothing but the choice is the browser's."""
    subscription = get_object_or_404(_mine(request), pk=pk)
    change = tier_changes.running_of(subscription)
    if change is None:
        reason = switching.why_not(subscription)
        if reason:
            return _cannot(request, subscription, reason)
    try:
        erasing.refuse_who_leaves(student_of(request))
        if change is not None:
            return _follow(request, subscription, change)
        return _confirm(request, subscription) if request.method == "POST" else _show(request, subscription)
    except (Refusal, OutsideFailure) as no:
        messages.error(request, no.for_buyers)
        return redirect("lms_memberships:account")


@never_cache
@login_required
@require_POST
@asks_stripe("POST")
def keep(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a planned change back."""
    subscription = get_object_or_404(_mine(request), pk=pk)
    try:
        kept = changing_tiers.keep(subscription, gateway=get_gateway(), now=clock.now())
    except (Refusal, OutsideFailure) as no:
        messages.error(request, no.for_buyers)
    else:
        messages.success(request, _("You keep %(title)s.") % {"title": kept.membership.title})
    return redirect("lms_memberships:account")


def _show(request: HttpRequest, subscription: Subscription) -> HttpResponse:
    connection = connect.current()
    found = switching.targets(subscription, connection) if connection is not None else ()
    if not found:
        return _cannot(request, subscription, ALONE)
    wish = _wish(found, request.GET)
    context: dict[str, Any] = {"subscription": subscription, "targets": [_option(each) for each in found]}
    if wish.target is not None:
        context |= {"target": wish.target, "prices": _prices(wish.target)}
    if wish.target is not None and wish.sold is not None:
        count(request)
        gateway = get_gateway()
        subscription, snapshot = _looked(subscription, gateway)
        quote = _quote(snapshot, wish, clock.now(), gateway)
        context |= {
            "quote": quoting.said(subscription, quote, language=_language()),
            "new": name_of(quote.price, subscription, _language()),
            "others": [
                (WHEN_TEXTS[when], urlencode({**wish.query, "when": str(when)}))
                for when in wish.target.whens
                if when != wish.when
            ],
            "wish": wish.query,
            "shown": signing.dumps([subscription.pk, int(quote.at.timestamp()), quote.fingerprint], salt=SALT),
        }
    return render(request, PAGE, context)


def _confirm(request: HttpRequest, subscription: Subscription) -> HttpResponse:
    gateway = get_gateway()
    connection = Connection(account_id=gateway.account_id, livemode=gateway.livemode)
    wish = _wish(switching.targets(subscription, connection), request.POST)
    if wish.target is None or wish.sold is None:
        raise switching.CannotChange
    subscription, snapshot = _looked(subscription, gateway)
    quote = _as_shown(request.POST.get("shown", ""), subscription, snapshot, wish, gateway)
    if quote is None:
        messages.warning(request, STALE)
        return HttpResponseRedirect(f"{_address(subscription)}?{urlencode(wish.query)}")
    change = changing_tiers.change(subscription, quote, gateway=gateway, now=clock.now())
    return _came_of(request, subscription, change, gateway)


def _as_shown(
    shown: str, subscription: Subscription, snapshot: SubscriptionSnapshot, wish: Wish, gateway: Gateway
) -> Quote | None:
    """Asked for once more, for the same moment: None if that was too long ago, or says anything else now (H7)."""
    try:
        pk, at, fingerprint = signing.loads(shown, salt=SALT, max_age=SHOWN_FOR)
    except signing.BadSignature:
        return None
    try:
        quote = _quote(snapshot, wish, datetime.fromtimestamp(at, UTC), gateway)
    except RequestRefused:
        # The period has ended meanwhile: that moment is none of it any more.
        return None
    return quote if pk == subscription.pk and fingerprint == quote.fingerprint else None


def _came_of(request: HttpRequest, subscription: Subscription, change: TierChange, gateway: Gateway) -> HttpResponse:
    """``subscription`` as it was before."""
    title = {"title": name_of(change.price, subscription, _language())}
    if change.state == TierChange.State.WAITING:
        return _to_the_bank(subscription, gateway)
    if change.state == TierChange.State.DONE:
        messages.success(request, _("Done: your membership is now %(title)s.") % title)
    elif change.state == TierChange.State.PLANNED:
        words = {**title, "date": day_of(change.due_at, _language())}
        messages.success(request, _("Planned: your membership becomes %(title)s on %(date)s.") % words)
    else:
        messages.info(request, changing_tiers.ChangesAlready.message)
    return redirect("lms_memberships:account")


def _to_the_bank(subscription: Subscription, gateway: Gateway) -> HttpResponse:
    """Where the bank wants to see the person, straight to Stripe's page of the invoice; a refusal is said first."""
    latest = gateway.read_subscription(subscription.stripe_id).latest_invoice
    if latest is not None and latest.hosted_url and gateway.needs_person(latest.id):
        return _see_other(latest.hosted_url)
    return _see_other(_address(subscription))


def _follow(request: HttpRequest, subscription: Subscription, change: TierChange) -> HttpResponse:
    """Asked for already: what Stripe says of it now. Whoever comes back from the bank comes here."""
    count(request)
    gateway, held = get_gateway(), subscription
    changing_tiers.find_out(change, gateway=gateway, now=clock.now())
    subscription, snapshot = changing_tiers.look(subscription, gateway=gateway, now=clock.now())
    change.refresh_from_db()
    if change.state == TierChange.State.DROPPED:
        words = {"title": subscription.membership.title}
        messages.info(request, _("The change was not paid, and came to nothing: %(title)s goes on.") % words)
        return redirect("lms_memberships:account")
    if change.state != TierChange.State.WAITING:
        return _came_of(request, held, change, gateway)
    latest = snapshot.latest_invoice
    if "pay" in request.GET and latest is not None and latest.hosted_url:
        return _see_other(latest.hosted_url)
    context = {"subscription": subscription, "change": change, "until": change.due_at}
    return render(request, PAGE, context)


def _looked(subscription: Subscription, gateway: Gateway) -> tuple[Subscription, SubscriptionSnapshot]:
    subscription, snapshot = changing_tiers.look(subscription, gateway=gateway, now=clock.now())
    changing_tiers.refuse(subscription, snapshot, gateway=gateway)
    return subscription, snapshot


def _quote(snapshot: SubscriptionSnapshot, wish: Wish, at: datetime, gateway: Gateway) -> Quote:
    if wish.sold is None:
        raise switching.CannotChange
    return quotes.quote(snapshot, wish.sold.price, wish.when, at=quotes.whole_second(at), gateway=gateway)


def _wish(found: tuple[Target, ...], data: QueryDict) -> Wish:
    key, price = data.get("to", ""), data.get("choice", "")
    target = next((each for each in found if each.key == key), None)
    if target is None:
        return Wish(None, None, When.NOW)
    price_id = int(price) if price.isdecimal() and len(price) < LONGEST_ID else None
    return Wish(target, target.price(price_id), target.when(data.get("when", "")))


def _option(target: Target) -> dict[str, object]:
    prices = [way_text(each.way, _language()) for each in target.prices]
    return {"key": target.key, "membership": target.membership, "is_up": target.is_up, "prices": prices}


def _prices(target: Target) -> list[tuple[int, str]]:
    return [(each.price.pk, way_text(each.way, _language())) for each in target.prices]


def _cannot(request: HttpRequest, subscription: Subscription, reason: str | Promise) -> HttpResponse:
    return render(request, PAGE, {"subscription": subscription, "reason": reason})


def _mine(request: HttpRequest) -> Any:
    mine = Subscription.objects.of(student_of(request)).not_foreign()
    return mine.select_related("membership__tier__ladder", "price")


def _address(subscription: Subscription) -> str:
    return reverse("lms_memberships:switch", args=[subscription.pk])


def _see_other(url: str) -> HttpResponse:
    answer = HttpResponseRedirect(url)
    answer.status_code = 303
    return answer


def _language() -> str:
    return get_language() or settings.LANGUAGE_CODE
