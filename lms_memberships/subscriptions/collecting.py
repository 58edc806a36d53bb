"""How does a student have an open invoice paid? Tried again with the card on file, or led to Stripe's page of it (X17).

Nobody is charged twice: two presses are one try, and whatever Stripe collected meanwhile is found, not collected again.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from .. import clock
from ..errors import Refusal
from ..payments import intents
from ..payments.collecting import ON_ITS_WAY
from ..payments.gateway import CardDeclined, Gateway, NotFound, RequestRefused
from ..payments.models import Intent
from ..retrying import retried
from . import billing, lifecycle
from .copies import OWING
from .models import Invoice, Subscription
from .told import OVER

PURPOSE = "pay_invoice"
#: So long after a try another press is taken for the same one: a bank that is asked too often says no for good.
PAUSE = timedelta(minutes=1)


class NothingToPay(Refusal):
    message = _("There is nothing left to pay on this invoice.")


class NothingToMend(Refusal):
    message = _("Nothing is to be paid at the moment.")


class TriedAMomentAgo(Refusal):
    message = _("This payment was tried a moment ago. Please look again in a minute.")


class PaymentOnItsWay(Refusal):
    message = _("A payment is on its way already. As soon as the bank has answered, you see it here.")


def can_try(invoice: Invoice) -> bool:
    """Whether another try of the card makes sense: it is missing, and the bank does not ask for the person.

    What is open of something that has ended buys nothing any more: nobody is charged for it at a press (G20).
    """
    subscription = invoice.subscription
    return (
        billing.is_payable(invoice)
        and not invoice.needs_person
        and subscription is not None
        and subscription.status in OWING
        and subscription.has_card
    )


def is_over(invoice: Invoice) -> bool:
    """Whether what it was for has ended: paying it opens nothing (G20)."""
    return invoice.subscription is not None and invoice.subscription.status in OVER


def open_invoice_of(subscription: Subscription) -> Invoice | None:
    """What is to be paid to mend it: the newest, since Stripe goes by that one."""
    return subscription.invoices.filter(status__in=billing.payable(subscription)).order_by("-created_at", "-pk").first()


def page_of(invoice: Invoice, *, gateway: Gateway, now: datetime) -> str:
    """Stripe's page on which it can be paid or confirmed, asked for now: the address expires, and is never stored (S19).

    Raises NothingToPay if it was paid, or called off, meanwhile; that is written down.
    """
    snapshot = gateway.read_invoice(invoice.stripe_id)
    states = (billing.OPEN,) if invoice.subscription is None else billing.payable(invoice.subscription)
    if snapshot.status not in states or not snapshot.hosted_url:
        follow(invoice, gateway=gateway, now=now)
        raise NothingToPay
    return snapshot.hosted_url


def try_again(invoice: Invoice, *, gateway: Gateway, now: datetime) -> Invoice:
    """Have Stripe charge the card on file, once; returns the invoice as it stands then: paid, or open for a debit.

    Raises ``CardDeclined`` with the bank's reason, ``Refusal`` where there is nothing to try.
    """
    fresh = follow(invoice, gateway=gateway, now=now)
    if fresh.status == billing.PAID:
        # By its own retry, or on its page, a moment before.
        return fresh
    if not can_try(fresh):
        raise NothingToPay
    _take_turn(fresh)
    try:
        _pay(fresh, gateway)
    except (NotFound, RequestRefused) as no:
        found = follow(fresh, gateway=gateway, now=now)
        if found.status == billing.PAID:
            return found
        if no.code in ON_ITS_WAY:
            raise PaymentOnItsWay from no
        if isinstance(no, CardDeclined) and no.needs_person and found.subscription is not None:
            # Stripe does not count a try by hand, so that the invoice itself does not tell it (guide §13).
            Invoice.objects.filter(pk=found.pk, status__in=billing.payable(found.subscription)).update(
                needs_person=True
            )
        raise
    return follow(fresh, gateway=gateway, now=now)


def follow(invoice: Invoice, *, gateway: Gateway, now: datetime) -> Invoice:
    """Read it and its subscription again, and write down what they say."""
    subscription = invoice.subscription
    if subscription is not None and subscription.is_recurring and subscription.stripe_id:
        lifecycle.reconcile(gateway.read_subscription(subscription.stripe_id), gateway=gateway, now=now)
    billing.record_invoice(gateway.read_invoice(invoice.stripe_id), gateway=gateway, now=now)
    return Invoice.objects.select_related("subscription").get(pk=invoice.pk)


def find_paid(intent: Intent, gateway: Gateway) -> str | None:
    """What came of a try whose answer was lost."""
    invoice_id = str(intent.parameters["invoice"])
    return invoice_id if gateway.read_invoice(invoice_id).is_settled else None


@retried
def _take_turn(invoice: Invoice) -> None:
    """Of two presses one goes on. In wall time: how often a bank is asked has nothing to do with the domain's day."""
    with transaction.atomic():
        row = Invoice.objects.select_for_update().get(pk=invoice.pk)
        now = clock.wall_time()
        if row.tried_at is not None and now - row.tried_at < PAUSE:
            raise TriedAMomentAgo
        row.tried_at = now
        row.save(update_fields=["tried_at"])


def _pay(invoice: Invoice, gateway: Gateway) -> None:
    invoice_id = invoice.stripe_id

    def find() -> str | None:
        return invoice_id if gateway.read_invoice(invoice_id).is_settled else None

    intents.carry_out(
        purpose=PURPOSE,
        # A try that was refused is settled: the next press is another try, under another key.
        subject=invoice_id,
        parameters={"invoice": invoice_id},
        gateway=gateway,
        call=lambda key: gateway.pay_invoice(invoice_id, key=key),
        result_id=str,
        find=find,
    )
