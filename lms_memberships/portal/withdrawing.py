"""How does a buyer withdraw from a contract? A button that leads to a page, and one press there that declares it (EU)."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from .. import clock
from ..errors import OutsideFailure, Refusal
from ..money import Money, format_money
from ..payments.customers import email_of
from ..subscriptions import contracts, unreturnable, withdrawing
from ..subscriptions.gift_models import Gift
from ..subscriptions.models import Subscription
from ..subscriptions.withdrawal_models import Withdrawal
from .dates import at
from .declaring import gateway_or_none
from .people import student_of

PAGE = "lms_memberships/portal/withdraw.html"


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """GET names the contract and asks; POST is the declaration. Declared already, it is confirmed once more."""
    subscription = get_object_or_404(_mine(request), pk=pk)
    declared = withdrawing.of(subscription)
    if declared is not None:
        return _confirm_theirs(request, declared)
    if not withdrawing.can_withdraw(subscription, now=clock.now()):
        raise Http404
    if request.method != "POST":
        about = {"title": subscription.membership.title, "contract_at": contracts.contract_at(subscription)}
        return ask(request, about, Money(*withdrawing.paid_for(subscription)))
    try:
        declared = withdrawing.withdraw(subscription, gateway=gateway_or_none(request), now=clock.now())
    except (Refusal, OutsideFailure) as no:
        messages.error(request, no.for_buyers)
        return redirect("lms_memberships:account")
    return _confirm_theirs(request, declared)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw_gift(request: HttpRequest, pk: int) -> HttpResponse:
    """The same for a gift that they gave, as long as nobody has redeemed it."""
    gift = get_object_or_404(Gift.objects.bought().filter(giver_id=student_of(request).pk), pk=pk)
    declared = withdrawing.of_gift(gift)
    if declared is not None:
        return _confirm_theirs(request, declared)
    if not withdrawing.can_withdraw_gift(gift, now=clock.now()):
        raise Http404
    if request.method != "POST":
        about = {"title": gift.membership.title, "contract_at": gift.paid_at, "is_gift": True}
        return ask(request, about, gift.money)
    try:
        declared = withdrawing.withdraw_gift(gift, gateway=gateway_or_none(request), now=clock.now())
    except (Refusal, OutsideFailure) as no:
        messages.error(request, no.for_buyers)
        return redirect("lms_memberships:gifts")
    return _confirm_theirs(request, declared)


def ask(request: HttpRequest, about: Mapping[str, object], money: Money | None) -> HttpResponse:
    """The first of the two steps, whoever takes it: what ends, and how much goes back."""
    return render(request, PAGE, {"keep_url": reverse("lms_memberships:account"), **about, "paid": _paid(money)})


def confirm(request: HttpRequest, declared: Withdrawal, *, is_mailed: bool) -> HttpResponse:
    """On screen what the mail says too: what was received, and when."""
    language = get_language() or "en"
    context = {
        "title": declared.title,
        "contract_at": declared.contract_at,
        "is_gift": declared.gift_id is not None,
        "paid": _paid(declared.money),
        "declared": declared,
        "received": at(declared.declared_at, language),
        "what_follows": _what_follows(declared),
        "is_mailed": is_mailed,
        "has_account": declared.guest_id is None,
    }
    return render(request, PAGE, context)


def _confirm_theirs(request: HttpRequest, declared: Withdrawal) -> HttpResponse:
    # Not every account has an address.
    return confirm(request, declared, is_mailed=bool(email_of(student_of(request))))


def _what_follows(declared: Withdrawal) -> str:
    if declared.done_at is None and withdrawing.is_disputed(declared):
        return _(
            "Your payment is disputed at your bank. Access is closed until that is decided, and nothing is charged."
        )
    if declared.done_at is None:
        return _("The payment service has not confirmed it yet. We ask again by ourselves until it has.")
    if declared.subscription is not None and unreturnable.is_noted(declared.subscription):
        return _(
            "It has ended, and all that you paid goes back to you. What cannot go back by itself to where you paid from is "
            "given back by hand."
        )
    if declared.amount:
        return _("It has ended, and all that you paid goes back to where you paid from. Your bank may take some days.")
    return _("It has ended. You had paid nothing for it.")


def _paid(money: Money | None) -> str:
    return format_money(money, get_language() or "en") if money is not None and money.minor else ""


def _mine(request: HttpRequest) -> Any:
    mine = Subscription.objects.of(student_of(request)).not_foreign()
    return mine.select_related("membership", "price", "withdrawal")
