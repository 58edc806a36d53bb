"""What does the accountant get? One line an invoice, of what the list was narrowed to, as CSV or XLSX."""

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from wagtail.admin import messages
from wagtail.log_actions import log

from ... import clock
from ...history import INVOICES_EXPORTED
from ...money import Money, to_decimal
from ...payments.customers import full_name_of
from ...subscriptions import invoice_sums
from ...subscriptions.models import Invoice
from .. import spreadsheets
from ..spreadsheets import Cell
from .filters import STATUSES, InvoiceFilterSet, search
from .views import EXPORT_PERMISSION, LIST, ours

HEADINGS: tuple[str | Promise, ...] = (
    gettext_lazy("Date"),
    gettext_lazy("Number"),
    gettext_lazy("Status"),
    gettext_lazy("Person"),
    gettext_lazy("E-mail address"),
    gettext_lazy("Membership"),
    gettext_lazy("Currency"),
    pgettext_lazy("invoice", "Total"),
    gettext_lazy("Tax added"),
    gettext_lazy("Tax included"),
    pgettext_lazy("invoice", "Due"),
    pgettext_lazy("invoice", "Paid"),
    gettext_lazy("Given back"),
    gettext_lazy("Paid on"),
    gettext_lazy("Period from"),
    gettext_lazy("Period to"),
    gettext_lazy("Invoice at Stripe"),
    gettext_lazy("Subscription at Stripe"),
    gettext_lazy("Payment at Stripe"),
)


@never_cache
@require_safe
def export(request: HttpRequest, kind: str) -> HttpResponseBase:
    """As many lines as there are, read a thousand at a time. Dates are those of the site; amounts have no sign of a currency."""
    if not request.user.has_perm(EXPORT_PERMISSION):
        raise PermissionDenied
    if kind not in spreadsheets.KINDS:
        raise Http404
    filters = InvoiceFilterSet(request.GET, ours(), request=request)
    if not filters.is_valid():
        messages.error(request, _("Nothing was exported: the filters hold something that cannot be."))
        return redirect(LIST)
    found = filters.qs
    # PostgreSQL has no NUL in a text.
    words = request.GET.get("q", "").replace("\0", "")
    rows = _rows(search(found, words) if words.strip() else found)
    if request.method == "GET":
        # What was searched for may be somebody's name: it is not kept.
        log(instance=request.user, action=INVOICES_EXPORTED, user=request.user, data={"format": kind.upper()})
    return spreadsheets.answer(kind, f"invoices-{clock.now():%Y-%m-%d}", [str(each) for each in HEADINGS], rows)


def _rows(invoices: QuerySet[Invoice]) -> Iterator[tuple[Cell, ...]]:
    found = invoice_sums.with_what_went_back(invoices.select_related("membership", "user", "subscription"))
    for invoice in invoice_sums.newest_first(found):
        yield _row(invoice)


def _row(invoice: Any) -> tuple[Cell, ...]:
    def amount(minor: int) -> Cell:
        return to_decimal(Money(minor, invoice.currency))

    due = invoice.amount_due - invoice.amount_paid if invoice.status == "open" else 0
    return (
        invoice.created_at,
        invoice.number,
        str(STATUSES.get(invoice.status, invoice.status)),
        full_name_of(invoice.user) or invoice.user.get_username(),
        getattr(invoice.user, type(invoice.user).get_email_field_name(), ""),
        invoice.membership.title,
        invoice.currency.upper(),
        amount(invoice.total),
        amount(invoice.tax_added),
        amount(invoice.tax_included),
        amount(due),
        amount(invoice.amount_paid),
        amount(invoice.given_back),
        invoice.paid_at,
        invoice.period_start,
        invoice.period_end,
        invoice.stripe_id,
        invoice.subscription.stripe_id if invoice.subscription else "",
        invoice.payment_intent_id,
    )
