"""How does a student pay what is open? On Stripe's page, by another try of their card; and where is the receipt?"""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from .. import clock
from ..asking import asks_stripe
from ..errors import OutsideFailure, Refusal
from ..payments.connect import get_gateway
from ..payments.gateway import CardDeclined, SubscriptionStatus
from ..subscriptions import billing, collecting, instead, settling
from ..subscriptions.models import Invoice, Subscription
from .buying import SeeOther
from .failing import CONFIRM
from .people import student_of

ACCOUNT, INVOICES = "lms_memberships:account", "lms_memberships:invoices"


@never_cache
@login_required
@require_POST
@asks_stripe("POST")
def pay(request: HttpRequest, pk: int) -> HttpResponse:
    """On to Stripe's page of one's own open invoice: another card, or the bank's question (G19)."""
    return _on_to_its_page(request, _invoice(request, pk), back=INVOICES)


@never_cache
@login_required
@require_POST
@asks_stripe("POST")
def mend(request: HttpRequest, pk: int) -> HttpResponse:
    """The one button that mends a failed payment of a membership, wherever it is pressed (X17)."""
    subscription = get_object_or_404(Subscription.objects.of(student_of(request)), pk=pk)
    invoice = collecting.open_invoice_of(subscription)
    if invoice is not None:
        invoice.subscription = subscription
        return _on_to_its_page(request, invoice, back=ACCOUNT)
    try:
        if subscription.is_recurring and subscription.stripe_id:
            settling.follow_subscription(subscription.stripe_id, gateway=get_gateway(), now=clock.now())
        raise collecting.NothingToMend
    except (Refusal, OutsideFailure) as no:
        messages.info(request, no.for_buyers)
    return redirect(ACCOUNT)


@never_cache
@login_required
@require_POST
@asks_stripe("POST")
def try_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Have the card on file tried once more, and say what came of it."""
    invoice = _invoice(request, pk)
    try:
        _refuse_beside_another(invoice)
        tried = collecting.try_again(invoice, gateway=get_gateway(), now=clock.now())
    except CardDeclined as declined:
        messages.error(request, _declined(declined))
    except (Refusal, OutsideFailure) as no:
        messages.error(request, no.for_buyers)
    else:
        if tried.status == billing.PAID:
            messages.success(request, _("Thank you: your payment arrived."))
        else:
            messages.info(request, collecting.PaymentOnItsWay.message)
    return redirect(ACCOUNT)


@never_cache
@login_required
@require_safe
@asks_stripe("GET", "HEAD")
def pdf(request: HttpRequest, pk: int) -> HttpResponse:
    """On to the PDF of one's own invoice, asked for now: its address expires and is never stored (S19)."""
    mine = _invoice(request, pk)
    try:
        url = get_gateway().read_invoice(mine.stripe_id).pdf_url
    except (Refusal, OutsideFailure) as no:
        messages.error(request, no.for_buyers)
        return redirect(INVOICES)
    if not url:
        raise Http404
    return HttpResponseRedirect(url)


def _declined(declined: CardDeclined) -> str:
    if declined.needs_person:
        return _("Your bank wants you to confirm this payment. Press “%(button)s” to do so.") % {"button": CONFIRM}
    return _("%(reason)s Nothing was charged.") % {"reason": declined.said_to_buyers}


def _on_to_its_page(request: HttpRequest, invoice: Invoice, *, back: str) -> HttpResponse:
    try:
        _refuse_beside_another(invoice)
        return SeeOther(collecting.page_of(invoice, gateway=get_gateway(), now=clock.now()))
    except (Refusal, OutsideFailure) as no:
        messages.error(request, no.for_buyers)
    return redirect(back)


def _refuse_beside_another(invoice: Invoice) -> None:
    """Of what Stripe has given up and they have bought anew since: nobody pays for both (C6, X8)."""
    subscription = invoice.subscription
    if subscription is None or subscription.status != SubscriptionStatus.UNPAID:
        return
    theirs = Subscription.objects.filter(user_id=subscription.user_id).not_foreign()
    why = instead.why_not_to_pay(subscription, theirs.select_related("membership__tier__ladder"), now=clock.now())
    if why:
        raise Refusal(why)


def _invoice(request: HttpRequest, pk: int) -> Invoice:
    # Another person's id is as unknown as one that does not exist (S19). Drafts are nobody's business yet.
    mine = Invoice.objects.of(student_of(request)).exclude(status=billing.DRAFT)
    return get_object_or_404(mine.select_related("subscription"), pk=pk)
