"""How does a creator get at an invoice, and how is a mail sent again? One press each."""

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from wagtail.admin import messages
from wagtail.log_actions import log

from ... import history
from ...asking import asks_stripe
from ...emails import outbox
from ...emails.catalogue import CATALOGUE
from ...emails.models import Email
from ...emails.tasks import deliver
from ...errors import OutsideFailure, Refusal
from ...payments import connect
from ...subscriptions import deeds
from ...subscriptions.models import Invoice
from . import names
from .access import check, person
from .dates import minute


@never_cache
@require_safe
@asks_stripe("GET", "HEAD")
def invoice_page(request: HttpRequest, pk: int, invoice: int) -> HttpResponse:
    """On to Stripe's page of it, asked for now: the address expires and is never stored (S19)."""
    return _onward(request, pk, invoice, "hosted_url")


@never_cache
@require_safe
@asks_stripe("GET", "HEAD")
def invoice_pdf(request: HttpRequest, pk: int, invoice: int) -> HttpResponse:
    """The same for the PDF."""
    return _onward(request, pk, invoice, "pdf_url")


def _onward(request: HttpRequest, pk: int, invoice: int, what: str) -> HttpResponse:
    check(request, names.SEE_INVOICES)
    row = get_object_or_404(Invoice, pk=invoice, user_id=pk)
    try:
        gateway = connect.get_gateway()
        deeds.refuse_elsewhere(row, gateway)
        url = getattr(gateway.read_invoice(row.stripe_id), what)
    except (Refusal, OutsideFailure) as no:
        messages.error(request, str(no.message))
        return HttpResponseRedirect(reverse(names.PAGE, args=[pk]))
    if not url:
        raise Http404
    return HttpResponseRedirect(url)


def _repeat(request: HttpRequest, pk: int, email: int) -> bool:
    """With its line in the history, which says what became of it before: the row forgets that (X24)."""
    with transaction.atomic():
        row = get_object_or_404(Email.objects.select_for_update(), pk=email, user_id=pk)
        is_repeated = bool(outbox.repeat(row, sent_at=request.POST.get("sent_at", "")))
        # One that waits to be sent only leaves sooner.
        if is_repeated and row.state != Email.State.OWED:
            entry = CATALOGUE.get(row.kind)  # type: ignore[call-overload]
            before = f"{row.get_state_display()} {minute(row.sent_at or row.owed_at)}"
            data = {"email": row.pk, "kind": str(entry.label) if entry else row.kind, "before": before}
            log(instance=person(pk), action=history.EMAIL_SENT_AGAIN, user=request.user, data=data)
    return is_repeated


@require_POST
def send_again(request: HttpRequest, pk: int, email: int) -> HttpResponse:
    """The mail as it was owed, to the same address, if it is still true (F2)."""
    check(request, names.SEND_AGAIN)
    if _repeat(request, pk, email):
        transaction.on_commit(deliver.enqueue, robust=True)
        messages.success(request, _("The e-mail is sent again, if what it says is still true."))
    else:
        messages.warning(request, _("There is nothing left to send again here."))
    return HttpResponseRedirect(reverse(names.PAGE, args=[pk]))
