"""How does a subscription get another price? Previewed, changed at once, or planned for its period's end (guide §7)."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

import stripe
from django.utils.translation import gettext_lazy as _

from ...money import from_stripe_amount
from ..gateway import RequestRefused
from ..switching import ChangeRequest, PlanRequest, PreviewLine, PreviewSnapshot
from . import lasting, schedules, snapshots, sums
from .calls import under
from .declines import NEEDS_PERSON
from .failures import translated

if TYPE_CHECKING:
    from stripe.params import (
        InvoiceCreatePreviewParams,
        SubscriptionScheduleUpdateParams,
        SubscriptionScheduleUpdateParamsPhase,
    )


#: How long what is taken off lasts.
PREVIEW_EXPAND = ["discounts.source.coupon"]


class EndsByItself(RequestRefused):
    """It was cancelled in the very moment in which a change was planned: its end stays."""

    message = _("This membership was cancelled meanwhile, and nothing was changed.")
    said_to_buyers = message


class PlannedOtherwise(RequestRefused):
    """Somebody has planned something else for it, in the provider's dashboard for instance."""

    message = _("Another change is planned at Stripe already, and nothing was changed.")
    said_to_buyers = message


class SwitchCalls(schedules.ScheduleCalls):
    """Changes of price."""

    def preview_change(self, request: ChangeRequest, *, prorated: bool) -> PreviewSnapshot:
        """What is charged now; not ``prorated``: what the next period costs at that price."""
        return self._preview(_previewed(request, "always_invoice" if prorated else "none"))

    def preview_in_full(self, request: ChangeRequest) -> PreviewSnapshot:
        """What the next period costs at that price once no discount is left."""
        return self._preview({**_previewed(request, "none"), "discounts": ""})

    def change_item(self, request: ChangeRequest, *, key: str) -> None:
        """Paid at once, or nothing changes until it is: then the subscription says what waits (``pending_until``)."""
        with translated():
            self.client.v1.subscriptions.update(
                request.subscription_id,
                {
                    "items": [{"id": request.item_id, "price": request.price_id, "quantity": request.quantity}],
                    "proration_behavior": "always_invoice",
                    "proration_date": int(request.at.timestamp()),
                    "payment_behavior": "pending_if_incomplete",
                },
                under(key),
            )

    def plan_change(self, request: PlanRequest, *, key: str) -> str:
        """Two calls, since Stripe takes no phases in the first; a run that breaks off in between goes on with the second."""
        with translated():
            schedule = self._led_by(request, key)
            params: SubscriptionScheduleUpdateParams = {
                "end_behavior": "release",
                "proration_behavior": "none",
                "phases": _phases(schedule, request),
                "metadata": request.metadata,
            }
            self.client.v1.subscription_schedules.update(schedule.id, params, under(key))
        return schedule.id

    def name_tier(self, subscription_id: str, metadata: dict[str, str], *, key: str) -> None:
        """Never in the call that changes the price: Stripe refuses the two together (guide §7)."""
        with translated():
            self.client.v1.subscriptions.update(subscription_id, {"metadata": metadata}, under(key))

    def needs_person(self, invoice_id: str) -> bool:
        """Whether the bank wants to see the person; otherwise an unpaid invoice was refused.

        Charged without them, Stripe either waits for them or calls the charge declined for that reason.
        """
        expand = ["payments.data.payment.payment_intent"]
        with translated():
            found = self.client.v1.invoices.retrieve(invoice_id, {"expand": expand})
        payments = getattr(found, "payments", None)
        intents = [each.payment.payment_intent for each in (payments.data if payments else [])]
        return any(not isinstance(each, str) and each is not None and _waits_for_person(each) for each in intents)

    def _preview(self, params: "InvoiceCreatePreviewParams") -> PreviewSnapshot:
        with translated():
            found = self.client.v1.invoices.create_preview(params)
        return preview_of(found)

    def _led_by(self, request: PlanRequest, key: str) -> stripe.SubscriptionSchedule:
        """Its schedule, with nothing planned in it yet, or just this."""
        calls = self.client.v1.subscription_schedules
        found = self.client.v1.subscriptions.retrieve(request.subscription_id)
        schedule_id = snapshots.id_of(found.schedule)
        if schedule_id:
            schedule = calls.retrieve(schedule_id)
        else:
            schedule = calls.create({"from_subscription": request.subscription_id}, under(f"{key}:begin"))
        if schedule.end_behavior == "cancel":
            if not schedule_id:
                calls.release(schedule.id, {"preserve_cancel_date": True})
            raise EndsByItself
        if snapshots.schedule(schedule).next_price_id not in {"", request.price_id}:
            raise PlannedOtherwise
        return schedule


def _previewed(request: ChangeRequest, proration: "Literal['always_invoice', 'none']") -> "InvoiceCreatePreviewParams":
    return {
        "subscription": request.subscription_id,
        "subscription_details": {
            "items": [{"id": request.item_id, "price": request.price_id, "quantity": request.quantity}],
            "proration_behavior": proration,
            "proration_date": int(request.at.timestamp()),
        },
        "expand": PREVIEW_EXPAND,
    }


def _phases(
    schedule: stripe.SubscriptionSchedule, request: PlanRequest
) -> "list[SubscriptionScheduleUpdateParamsPhase]":
    """The current phase as it is, and one period at the new price. Discounts that a phase does not name are lost."""
    current = schedules.current_phase(schedule)
    kept = schedules.again(current)
    changed: SubscriptionScheduleUpdateParamsPhase = {
        "items": [{"price": request.price_id, "quantity": request.quantity}],
        "discounts": kept["discounts"],
        "duration": {"interval": request.interval, "interval_count": request.interval_count},
        "proration_behavior": "none",
        "metadata": request.metadata,
    }
    return [kept, changed]


def _waits_for_person(intent: stripe.PaymentIntent) -> bool:
    error = getattr(intent, "last_payment_error", None)
    words = {getattr(error, "decline_code", None), getattr(error, "code", None)}
    is_asked_for = intent.status == "requires_payment_method" and not words.isdisjoint(NEEDS_PERSON)
    return intent.status == "requires_action" or is_asked_for


def preview_of(found: stripe.Invoice) -> PreviewSnapshot:
    """An invoice that Stripe has reckoned and not made."""
    currency = found.currency
    parts = sums.of_invoice(found)
    total = from_stripe_amount(found.total, currency)
    used = min(0, max(found.starting_balance, -found.total)) if found.total > 0 else 0
    return PreviewSnapshot(
        due=from_stripe_amount(found.amount_due, currency),
        total=total,
        discount=parts["discount"],
        tax_added=parts["tax_added"],
        balance=from_stripe_amount(used, currency),
        left=from_stripe_amount(max(0, -found.total - found.starting_balance), currency),
        lines=tuple(_line(each) for each in found.lines.data),
        running=lasting.running(found),
    )


def _line(found: stripe.InvoiceLineItem) -> PreviewLine:
    details = found.parent.subscription_item_details if found.parent else None
    return PreviewLine(
        money=from_stripe_amount(found.amount, found.currency),
        is_share=bool(details and details.proration),
        ends_at=datetime.fromtimestamp(found.period.end, UTC),
    )
