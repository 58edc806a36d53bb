"""What does a student hold, and what can they do about it? The account page and its buttons."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.mixins import LoginRequiredMixin
from django.db.models import Prefetch, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.decorators import method_decorator
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy, pgettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django.views.generic import ListView

from .. import clock
from ..asking import asks_stripe
from ..errors import OutsideFailure, Refusal
from ..memberships.gift_offers import length_text
from ..memberships.queries import contents, kept
from ..payments.connect import get_gateway
from ..payments.gateway import SubscriptionStatus
from ..personal_data import erasing
from ..subscriptions import amounts, billing, collecting, contracts, departures, disputed
from ..subscriptions.gift_models import Gift
from ..subscriptions.models import Invoice, Subscription
from ..subscriptions.queries import SubscriptionQuerySet
from . import card_words, tiers
from .gift_words import shown
from .people import student_of
from .standing import standing

INVOICES_PER_PAGE = 25
GIFTS_SHOWN = 5
#: Stripe's words for an invoice, in the student's. Drafts are not shown.
INVOICE_STATUSES = {
    "open": gettext_lazy("To pay"),
    "paid": gettext_lazy("Paid"),
    "uncollectible": gettext_lazy("Written off"),
    "void": pgettext_lazy("invoice", "Cancelled"),
}
ON_ITS_WAY = pgettext_lazy("invoice", "On its way")


@never_cache
@login_required
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """Everything the person holds or held, in words, with the next date and amount (P4, P7, P12)."""
    now = clock.now()
    # A first payment that never came, and that Stripe gave up: nothing was ever held (G1).
    mine = _mine(request).not_foreign().exclude(status=SubscriptionStatus.INCOMPLETE_EXPIRED, opened_at=None)
    bundles = contents("membership__bundle_items"), kept("membership__kept_items")
    held = (
        contracts.with_contracts(amounts.with_what_is_planned(disputed.with_decided(billing.with_what_was_paid(mine))))
        .select_related("membership__tier__ladder", "price", "withdrawal")
        .prefetch_related(
            *bundles,
            "membership__price_options",
            _open_invoices(),
            departures.prefetch(),
        )
    )
    sellers = card_words.sellers()
    cards = [
        standing(
            each, now=now, language=get_language(), seller=sellers.get((each.account, each.livemode), ""), beside=held
        )
        for each in held
    ]
    cards = sorted(tiers.with_contained(cards, get_language()), key=lambda card: card.urgency)
    context = {
        "current": [card for card in cards if card.is_current],
        "past": [card for card in cards if not card.is_current],
        "failures": [card.failure for card in cards if card.failure],
        "gifts_given": [shown(each, now=now, language=get_language()) for each in _given(request)],
        "gifts_waiting": _gifts_waiting(request),
        "has_billing": any(card.has_billing for card in cards),
        "leaving": erasing.pending_for(student_of(request)),
    }
    return render(request, "lms_memberships/portal/account.html", context)


@method_decorator(never_cache, name="dispatch")
class InvoiceList(LoginRequiredMixin, ListView):
    """The person's own invoices, newest first."""

    template_name = "lms_memberships/portal/invoices.html"
    paginate_by = INVOICES_PER_PAGE

    def get_queryset(self) -> QuerySet[Invoice]:
        mine = Invoice.objects.of(student_of(self.request)).exclude(status=billing.DRAFT)
        return billing.with_what_followed(mine).select_related("membership", "subscription", "gift")

    def get_context_data(self, **kwargs: object) -> dict[str, object]:
        context = super().get_context_data()
        return {**context, "rows": [_row(each) for each in context["object_list"]]}


def _row(invoice: Invoice) -> dict[str, object]:
    is_on_its_way = billing.is_on_its_way(invoice)
    return {
        "invoice": invoice,
        "status": _status_of(invoice),
        "can_pay": billing.is_payable(invoice) and not is_on_its_way,
        "can_try": collecting.can_try(invoice),
        # Of what has ended: whatever is paid for it opens nothing again (G20).
        "is_of_the_past": invoice.status == billing.OPEN and collecting.is_over(invoice),
    }


def _status_of(invoice: Invoice) -> str | Promise:
    if billing.is_on_its_way(invoice):
        return ON_ITS_WAY
    status = billing.OPEN if billing.is_payable(invoice) else invoice.status
    return INVOICE_STATUSES.get(status, status)


@never_cache
@login_required
@require_safe
@asks_stripe("GET", "HEAD")
def invoice(request: HttpRequest, pk: int) -> HttpResponse:
    """On to Stripe's page of one's own invoice, asked for now: the address expires and is never stored (S19)."""
    mine = get_object_or_404(Invoice.objects.of(student_of(request)), pk=pk)
    try:
        url = get_gateway().read_invoice(mine.stripe_id).hosted_url
    except (Refusal, OutsideFailure) as no:
        messages.error(request, no.for_buyers)
        return redirect("lms_memberships:invoices")
    if not url:
        raise Http404
    return HttpResponseRedirect(url)


def _open_invoices() -> Prefetch:
    """Of years of invoices, those that are still to be paid."""
    to_pay = Invoice.objects.filter(status__in=billing.PAYABLE)
    return Prefetch("invoices", queryset=billing.with_what_followed(to_pay))


def _given(request: HttpRequest) -> QuerySet[Gift]:
    """The newest gifts of theirs to others."""
    return Gift.objects.bought().filter(giver_id=student_of(request).pk).select_related("membership")[:GIFTS_SHOWN]


def _gifts_waiting(request: HttpRequest) -> list[dict[str, object]]:
    """Redeemed, and behind something that renews."""
    mine = Gift.objects.waiting_for_their_turn().filter(user_id=student_of(request).pk).select_related("membership")
    return [{"gift": each, "length": length_text(each.months)} for each in mine.order_by("redeemed_at", "pk")]


def _mine(request: HttpRequest) -> SubscriptionQuerySet:
    # Every look-up starts here: another person's id is as unknown as one that does not exist (S19).
    return Subscription.objects.of(student_of(request))
