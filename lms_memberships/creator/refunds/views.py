"""What can be given back of one payment, and what follows from it? Said before the button, done once after it (X13)."""

from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from wagtail.admin import messages

from ... import clock, conf
from ...asking import asks_stripe
from ...errors import OutsideFailure, Refusal
from ...money import Money, format_money
from ...payments import connect
from ...payments.gateway import Gateway
from ...subscriptions import disputed, giving_back, refunds
from ...subscriptions.gift_models import Gift
from ...subscriptions.models import Invoice, Subscription
from ...subscriptions.money_back_models import Refund
from ...subscriptions.payments_made import Payment, of_invoice, of_purchase
from ..gifts.views import SHOW as GIFT
from .forms import RefundForm

REFUND, REFUND_PURCHASE = "lms_memberships_refund", "lms_memberships_refund_purchase"
PERMISSION = "lms_memberships.refund_invoice"
TEMPLATE = "lms_memberships/creator/refunds/give_back.html"


@dataclass(frozen=True)
class Desk:
    """One payment on the table: whose, of what, and where its page is."""

    payment: Payment
    membership_title: str
    person: str
    number: str
    url: str


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@asks_stripe("GET", "HEAD", "POST")
def refund_invoice(request: HttpRequest, pk: int) -> HttpResponse:
    """Of an invoice that was paid."""
    _check(request)
    rows = Invoice.objects.filter(status="paid", amount_paid__gt=0)
    invoice = get_object_or_404(rows.select_related("user", "membership", "subscription__membership"), pk=pk)
    gift = Gift.objects.filter(invoice=invoice).first()
    if gift is not None:
        # All of it, and until somebody has redeemed it: what is a gift goes back on its own page (X15).
        return redirect(GIFT, gift.pk)
    title, person = invoice.membership.title, invoice.user.get_username()
    return _answer(request, Desk(of_invoice(invoice), title, person, str(invoice), reverse(REFUND, args=[pk])))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@asks_stripe("GET", "HEAD", "POST")
def refund_purchase(request: HttpRequest, pk: int) -> HttpResponse:
    """Of what was paid once."""
    _check(request)
    rows = Subscription.objects.filter(is_recurring=False, stripe_id__startswith="pi_")
    bought = get_object_or_404(rows.select_related("user", "membership"), pk=pk)
    payment = of_purchase(bought)
    title, person = bought.membership.title, bought.user.get_username()
    number, url = str(payment.invoice or bought.stripe_id), reverse(REFUND_PURCHASE, args=[pk])
    return _answer(request, Desk(payment, title, person, number, url))


def _check(request: HttpRequest) -> None:
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied


def _answer(request: HttpRequest, desk: Desk) -> HttpResponse:
    now = clock.now()
    try:
        gateway = connect.get_gateway()
        left = giving_back.left_of(desk.payment, gateway=gateway)
    except (giving_back.PaidInParts, disputed.IsDisputed) as no:
        return render(request, TEMPLATE, {**_frame(desk), "why_not": no.message})
    except (Refusal, OutsideFailure) as no:
        return render(request, TEMPLATE, {**_frame(desk), "failure": no.message})
    is_about_access = refunds.closes_access(desk.payment, now)
    form = RefundForm(request.POST or None, left=left, is_about_access=is_about_access)
    context = {**_frame(desk), "left": left, "form": form, "is_about_access": is_about_access}
    context["left_words"] = _words(left)
    if request.method != "POST" or not form.is_valid():
        return render(request, TEMPLATE, context)
    if "press" in request.POST:
        return _press(request, desk, form, gateway=gateway, now=now)
    try:
        seen = giving_back.preview(desk.payment, form.cleaned_data["amount"], left=left, gateway=gateway)
    except (Refusal, OutsideFailure) as no:
        form.add_error("amount", str(no.message))
        return render(request, TEMPLATE, context)
    context |= {"asked": _words(form.cleaned_data["amount"]), "effect_words": _effect(form, is_about_access)}
    if seen is not None and seen.tax.minor:
        context["tax_words"] = _words(seen.tax)
    return render(request, TEMPLATE, context)


def _press(request: HttpRequest, desk: Desk, form: RefundForm, *, gateway: Gateway, now: datetime) -> HttpResponse:
    said = form.cleaned_data
    asked = giving_back.Asked(
        money=said["amount"],
        seen=Money(said["seen"], said["amount"].currency),
        token=said["token"],
        effect=said.get("effect", ""),
        reason=said["reason"],
        author=request.user,  # type: ignore[arg-type]
    )
    try:
        refund = giving_back.give_back(desk.payment, asked, gateway=gateway, now=now)
    except Refusal as refusal:
        messages.error(request, str(refusal.message))
        return HttpResponseRedirect(desk.url)
    except OutsideFailure as failure:
        _tell_failure(request, asked, failure)
    else:
        _tell_outcome(request, refund)
    return HttpResponseRedirect(desk.url)


def _tell_outcome(request: HttpRequest, refund: Refund) -> None:
    """The form may have been pressed before, and have come to nothing since."""
    if refund.has_effect:
        messages.success(request, _("%(amount)s is on its way back.") % {"amount": _words(refund.money)})
    elif refund.state == Refund.State.REFUSED:
        messages.error(request, refund.failure)
    else:
        messages.error(request, _("Stripe says: %(status)s.") % {"status": refund.get_state_display()})


def _tell_failure(request: HttpRequest, asked: giving_back.Asked, failure: OutsideFailure) -> None:
    """Decided it is, unless Stripe would not do it at all."""
    waits = Refund.objects.unanswered().filter(token=asked.token).exists()
    if waits:
        words = _("It is tried again until it works. %(why)s")
        messages.warning(request, words % {"why": failure.message})
    else:
        messages.error(request, str(failure.message))


def _frame(desk: Desk) -> dict[str, object]:
    language = get_language() or "en"
    rows = Refund.objects.about(desk.payment.payment_intent_id, desk.payment.invoice).select_related("author")
    before = [
        {
            "amount": format_money(row.money, language),
            "state": row.get_state_display(),
            "at": row.created_at,
            "by": row.author.get_username() if row.author else (_("this site") if row.is_ours else _("Stripe")),
            "reason": row.reason,
        }
        for row in rows.order_by("-created_at", "-pk")[:50]
    ]
    return {"desk": desk, "before": before, "page_title": _("Give money back"), "setting": conf.ON_FULL_REFUND}


def _effect(form: RefundForm, is_about_access: bool) -> str:  # noqa: FBT001 - what is known of the payment, no switch
    """In words, before the press."""
    if not is_about_access:
        return _("Access stays as it is: what is open now was not opened by this payment alone.")
    if form.cleaned_data["amount"] < form.left:
        return _("Access stays as it is: a part that is given back closes nothing.")
    if form.cleaned_data["effect"] == Refund.Effect.CLOSE:
        return _("Access closes at once, the renewal is stopped, and nothing is charged any more.")
    return _("Access stays open, and what renews goes on renewing.")


def _words(money: Money) -> str:
    return format_money(money, get_language() or "en")
