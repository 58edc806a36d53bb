"""How does Stripe stop by itself? Subscription schedules and their phases (guide §7 and §9)."""

from typing import TYPE_CHECKING

import stripe

from ..gateway import RequestRefused
from ..schedules import InstalmentsRequest, ScheduleSnapshot
from . import snapshots
from .calls import Calls, under
from .failures import translated

if TYPE_CHECKING:
    from stripe.params import (
        SubscriptionScheduleUpdateParams,
        SubscriptionScheduleUpdateParamsPhase,
        SubscriptionScheduleUpdateParamsPhaseDiscount,
    )

#: In these a schedule still decides something.
LEADING = frozenset({"active", "not_started"})


class ScheduleCalls(Calls):
    """Subscription schedules."""

    def begin_schedule(self, subscription_id: str, *, key: str) -> ScheduleSnapshot:
        """One phase as the subscription is now. Stripe takes nothing else in the same call (guide §7)."""
        with translated():
            made = self.client.v1.subscription_schedules.create({"from_subscription": subscription_id}, under(key))
        return snapshots.schedule(made)

    def read_schedule(self, schedule_id: str) -> ScheduleSnapshot:
        with translated():
            return snapshots.schedule(self.client.v1.subscription_schedules.retrieve(schedule_id))

    def end_after(self, schedule_id: str, request: InstalmentsRequest, *, key: str) -> None:
        """Phases replace each other wholly: what the current one says of items, discounts and trial is said again."""
        with translated():
            found = self.client.v1.subscription_schedules.retrieve(schedule_id)
            params: SubscriptionScheduleUpdateParams = {
                "end_behavior": "cancel",
                "proration_behavior": "none",
                "phases": _phases(found, request),
                "metadata": request.metadata,
            }
            self.client.v1.subscription_schedules.update(schedule_id, params, under(key))

    def release_schedule(self, schedule_id: str) -> None:
        """The subscription goes on by itself, without the end that the schedule had set. Twice is once."""
        try:
            with translated():
                self.client.v1.subscription_schedules.release(schedule_id, {"preserve_cancel_date": False})
        except RequestRefused:
            with translated():
                found = self.client.v1.subscription_schedules.retrieve(schedule_id)
            if found.status in LEADING:
                raise

    def lead_on_with(self, subscription: stripe.Subscription, *, key: str) -> None:
        """The phases that are left name their own discounts: what was put on, or taken off, is said in each of them."""
        discounts = [snapshots.id_of(each) for each in subscription.discounts]
        schedule_id = snapshots.id_of(subscription.schedule)
        if not schedule_id:
            return
        found = self.client.v1.subscription_schedules.retrieve(schedule_id)
        began = current_phase(found).start_date
        planned = [each for each in found.phases if each.start_date >= began]
        if all([snapshots.id_of(named.discount) for named in each.discounts] == discounts for each in planned):
            return
        left = [again(each) for each in planned]
        for phase in left:
            # By the discount, not by its code: naming that would redeem it again. An empty list would not be sent.
            phase["discounts"] = [{"discount": each} for each in discounts] or ""
        params: SubscriptionScheduleUpdateParams = {"proration_behavior": "none", "phases": left}
        self.client.v1.subscription_schedules.update(schedule_id, params, under(key))

    def let_go(self, subscription: stripe.Subscription) -> bool:
        """Before its end is set or taken back: while a schedule leads a subscription, Stripe refuses that."""
        schedule_id = snapshots.id_of(subscription.schedule)
        if schedule_id:
            self.release_schedule(schedule_id)
        return bool(schedule_id)


def _phases(
    found: stripe.SubscriptionSchedule, request: InstalmentsRequest
) -> "list[SubscriptionScheduleUpdateParamsPhase]":
    current = current_phase(found)
    start, trial_end = current.start_date, current.trial_end
    paid = like(current)
    paid["duration"] = {
        "interval": request.interval,
        "interval_count": request.interval_count * request.left,
    }
    if trial_end is None:
        paid["start_date"] = start
        return [paid]
    # A phase of its own: without it the trial would end now, or be one of the instalments.
    trial = like(current)
    trial["start_date"], trial["end_date"], trial["trial_end"] = start, trial_end, trial_end
    return [trial, paid]


def current_phase(found: stripe.SubscriptionSchedule) -> stripe.SubscriptionSchedule.Phase:
    """The one that runs; of a schedule that leads nothing yet, the first."""
    if found.current_phase is None:
        return found.phases[0]
    start = found.current_phase.start_date
    return next(each for each in found.phases if each.start_date == start)


def like(phase: stripe.SubscriptionSchedule.Phase) -> "SubscriptionScheduleUpdateParamsPhase":
    """What a phase sells, and at which discounts: those that it does not name are lost."""
    return {
        "items": [
            {"price": snapshots.id_of(each.price), "quantity": getattr(each, "quantity", None) or 1}
            for each in phase["items"]
        ],
        "discounts": [_discount(each) for each in phase.discounts],
        "proration_behavior": "none",
    }


def again(phase: stripe.SubscriptionSchedule.Phase) -> "SubscriptionScheduleUpdateParamsPhase":
    """A phase as it is, for an update that changes something else."""
    same = like(phase)
    same["start_date"], same["end_date"] = phase.start_date, phase.end_date
    if phase.trial_end is not None:
        same["trial_end"] = phase.trial_end
    if phase.metadata:
        same["metadata"] = dict(phase.metadata.to_dict())
    return same


def _discount(found: stripe.SubscriptionSchedule.Phase.Discount) -> "SubscriptionScheduleUpdateParamsPhaseDiscount":
    # The discount itself before its coupon: naming the coupon would redeem it again.
    if found.discount:
        return {"discount": snapshots.id_of(found.discount)}
    if found.promotion_code:
        return {"promotion_code": snapshots.id_of(found.promotion_code)}
    return {"coupon": snapshots.id_of(found.coupon)}
