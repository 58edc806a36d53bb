"""How do Stripe's objects become snapshots in our words? One reader for each kind of object, one table of words."""

from datetime import UTC, datetime

import stripe
from django.utils.translation import gettext_lazy as _

from ...money import Money, from_stripe_amount
from ..gateway import (
    AccountSnapshot,
    CheckoutSnapshot,
    GatewayFailure,
    InvoiceSnapshot,
    PriceSnapshot,
    SubscriptionSnapshot,
    SubscriptionStatus,
)
from ..items import ItemSnapshot, longest
from ..schedules import ScheduleSnapshot
from . import invoice_payments, lasting, pauses, sums
from .ids import id_of


class UnknownStatus(GatewayFailure):
    """Stripe uses a word for a subscription's status that we do not know: nothing is concluded from it."""

    message = _("Stripe reports a status that this version does not know. Nothing was changed.")


#: Stripe's word → ours. A word that is not here raises: it is never quietly a loss of access.
STATUSES: dict[str, SubscriptionStatus] = {
    "incomplete": SubscriptionStatus.INCOMPLETE,
    "incomplete_expired": SubscriptionStatus.INCOMPLETE_EXPIRED,
    "trialing": SubscriptionStatus.TRIALING,
    "active": SubscriptionStatus.ACTIVE,
    "past_due": SubscriptionStatus.PAST_DUE,
    "unpaid": SubscriptionStatus.UNPAID,
    "paused": SubscriptionStatus.PAUSED,
    "canceled": SubscriptionStatus.CANCELED,
}

#: What Stripe expects to have expanded for these readers.
SUBSCRIPTION_EXPAND = ["customer", "latest_invoice.payments", "discounts.source.coupon"]
INVOICE_EXPAND = ["payments"]


def moment(seconds: int | None) -> datetime | None:
    """Stripe's seconds as an aware moment."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def account(found: stripe.Account, *, livemode: bool) -> AccountSnapshot:
    """The account says no mode of its own: it is the key's."""
    requirements = getattr(found, "requirements", None)
    profile = getattr(found, "business_profile", None)
    return AccountSnapshot(
        id=found.id,
        livemode=livemode,
        charges_enabled=bool(getattr(found, "charges_enabled", False)),
        name=getattr(profile, "name", None) or _dashboard_name(found),
        email=getattr(found, "email", None) or "",
        country=getattr(found, "country", None) or "",
        default_currency=getattr(found, "default_currency", None) or "",
        disabled_reason=getattr(requirements, "disabled_reason", None) or "",
        requirements_due=tuple(getattr(requirements, "currently_due", None) or ()),
    )


def price(found: stripe.Price) -> PriceSnapshot:
    recurring = found.recurring
    return PriceSnapshot(
        id=found.id,
        product_id=id_of(found.product),
        active=found.active,
        money=_money_of(found, quantity=1),
        interval=recurring.interval if recurring else None,
        interval_count=recurring.interval_count if recurring else 1,
        lookup_key=found.lookup_key or "",
        tax_behavior=found.tax_behavior or "unspecified",
    )


def checkout(found: stripe.checkout.Session, *, read_started_at: datetime) -> CheckoutSnapshot:
    total = discount = tax = None
    if found.amount_total is not None and found.currency:
        total = from_stripe_amount(found.amount_total, found.currency)
    if found.total_details is not None and found.currency:
        discount = from_stripe_amount(found.total_details.amount_discount, found.currency)
        tax = from_stripe_amount(found.total_details.amount_tax, found.currency)
    return CheckoutSnapshot(
        id=found.id,
        url=found.url or "",
        status=found.status or "",
        payment_status=found.payment_status,
        recurring=found.mode == "subscription",
        customer_id=id_of(found.customer),
        subscription_id=id_of(found.subscription),
        payment_intent_id=id_of(found.payment_intent),
        invoice_id=id_of(found.invoice),
        reference=found.client_reference_id or "",
        total=total,
        expires_at=moment(found.expires_at),
        read_started_at=read_started_at,
        metadata=_metadata(found),
        discount=discount,
        promotion_code_id=next((id_of(each.promotion_code) for each in found.discounts or ()), ""),
        email=(found.customer_details and found.customer_details.email) or found.customer_email or "",
        tax=tax,
    )


def subscription(found: stripe.Subscription, *, read_started_at: datetime) -> SubscriptionSnapshot:
    items = tuple(_item(each) for each in found["items"].data)
    # Which of them is a membership's is known to whoever knows our prices.
    shown = longest(items)
    pending = getattr(found, "pending_update", None)
    return SubscriptionSnapshot(
        id=found.id,
        status=_status(found),
        customer_id=id_of(found.customer),
        **vars(shown),
        trial_end=moment(found.trial_end),
        cancel_at=_planned_end(found, shown.current_period_end),
        canceled_at=moment(found.canceled_at),
        ended_at=moment(found.ended_at),
        started_at=datetime.fromtimestamp(found.start_date, UTC),
        has_card=_has_card(found),
        latest_invoice=_latest_invoice(found, read_started_at),
        read_started_at=read_started_at,
        schedule_id=id_of(getattr(found, "schedule", None)),
        items=items,
        pending_until=moment(pending.expires_at) if pending else None,
        lasting_discounts=lasting.of_subscription(found),
        is_reduced=lasting.is_reduced(found, next_at=max(each.current_period_end for each in found["items"].data)),
        metadata=_metadata(found),
        collection_paused=pauses.collection_of(found),
        is_flexible=pauses.is_flexible(found),
        paused_at=moment(pauses.since(found)),
    )


def _item(found: stripe.SubscriptionItem) -> ItemSnapshot:
    interval, quantity = found.price.recurring, getattr(found, "quantity", None) or 1
    return ItemSnapshot(
        item_id=found.id,
        price_id=found.price.id,
        product_id=id_of(found.price.product),
        money=_money_of(found.price, quantity=quantity),
        interval=interval.interval if interval else None,
        interval_count=interval.interval_count if interval else 1,
        quantity=quantity,
        current_period_start=datetime.fromtimestamp(found.current_period_start, UTC),
        current_period_end=datetime.fromtimestamp(found.current_period_end, UTC),
    )


def schedule(found: stripe.SubscriptionSchedule) -> ScheduleSnapshot:
    current = found.current_phase
    return ScheduleSnapshot(
        id=found.id,
        phase_started_at=moment(current.start_date) if current else None,
        ends_subscription=found.end_behavior == "cancel",
        next_price_id=_next_price_id(found),
    )


def _next_price_id(found: stripe.SubscriptionSchedule) -> str:
    """Of the phase after the current one. The end of the last phase begins none."""
    if found.current_phase is None:
        return ""
    following = [each for each in found.phases if each.start_date >= found.current_phase.end_date]
    return id_of(following[0]["items"][0].price) if following else ""


def invoice(found: stripe.Invoice, *, read_started_at: datetime) -> InvoiceSnapshot:
    parent = found.parent.subscription_details if found.parent else None
    start, end = _billed_period(found)
    return InvoiceSnapshot(
        id=found.id,
        number=found.number or "",
        status=found.status or "",
        total=from_stripe_amount(found.total, found.currency),
        amount_paid=from_stripe_amount(found.amount_paid, found.currency),
        amount_due=from_stripe_amount(found.amount_due, found.currency),
        billing_reason=found.billing_reason or "",
        customer_id=id_of(found.customer),
        subscription_id=id_of(parent.subscription) if parent else "",
        created_at=datetime.fromtimestamp(found.created, UTC),
        paid_at=moment(found.status_transitions.paid_at),
        period_start=moment(start),
        period_end=moment(end),
        attempts=found.attempt_count,
        next_attempt_at=moment(found.next_payment_attempt),
        hosted_url=getattr(found, "hosted_invoice_url", None) or "",
        pdf_url=getattr(found, "invoice_pdf", None) or "",
        read_started_at=read_started_at,
        credited=_credited(found),
        # A renewal says whose it is only in the copy of its subscription's metadata.
        metadata={**(_metadata(parent) if parent else {}), **_metadata(found)},
        **sums.of_invoice(found),
        **invoice_payments.of_invoice(found),
    )


def _status(found: stripe.Subscription) -> SubscriptionStatus:
    try:
        return STATUSES[found.status]
    except KeyError:
        failure = UnknownStatus()
        failure.code = str(found.status)
        raise failure from None


def _planned_end(found: stripe.Subscription, period_end: datetime) -> datetime | None:
    """An end may be planned in two ways (guide §20.9); ours is one column."""
    if found.cancel_at is not None:
        return moment(found.cancel_at)
    return period_end if found.cancel_at_period_end else None


def _has_card(found: stripe.Subscription) -> bool:
    """Whether Stripe has anything to collect from: on the subscription, or its customer's default."""
    customer = found.customer
    if found.default_payment_method or found.default_source:
        return True
    if isinstance(customer, str):
        return False
    settings = getattr(customer, "invoice_settings", None)  # a deleted customer has none
    return bool(getattr(settings, "default_payment_method", None) or getattr(customer, "default_source", None))


def _latest_invoice(found: stripe.Subscription, read_started_at: datetime) -> InvoiceSnapshot | None:
    latest = found.latest_invoice
    if latest is None or isinstance(latest, str):
        return None
    return invoice(latest, read_started_at=read_started_at)


def _billed_period(found: stripe.Invoice) -> tuple[int | None, int | None]:
    """What the invoice pays for. Its own ``period_*`` look back: at renewal they say the period that is over."""
    billed = [line.period for line in found.lines.data if _is_subscription_line(line)]
    if not billed:
        return found.period_start, found.period_end
    last = max(billed, key=lambda period: period.end)
    return last.start, last.end


def _is_subscription_line(line: stripe.InvoiceLineItem) -> bool:
    details = line.parent.subscription_item_details if line.parent else None
    return details is not None and not details.proration


def _credited(found: stripe.Invoice) -> Money | None:
    amount = getattr(found, "post_payment_credit_notes_amount", None)
    return from_stripe_amount(amount, found.currency) if amount else None


def _money_of(found: stripe.Price, *, quantity: int) -> Money:
    # Tiered and fractional prices, made in the dashboard, have no single amount: only Stripe can say what they cost.
    return from_stripe_amount((found.unit_amount or 0) * quantity, found.currency)


def _metadata(found: stripe.StripeObject) -> dict[str, str]:
    metadata = getattr(found, "metadata", None)
    return dict(metadata.to_dict()) if metadata else {}


def _dashboard_name(found: stripe.Account) -> str:
    settings = getattr(found, "settings", None)
    dashboard = getattr(settings, "dashboard", None)
    return getattr(dashboard, "display_name", None) or ""
