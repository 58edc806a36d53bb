"""What does a change of tier cost today, next and then? As Stripe reckons it, never reckoned here (H7, X9)."""

from dataclasses import dataclass
from datetime import UTC, datetime

from ..memberships.intervals import rhythm_of
from ..memberships.ladder_models import When
from ..memberships.models import Price
from ..memberships.pricing import STEPS
from ..payments.gateway import Gateway, SubscriptionSnapshot, SubscriptionStatus
from ..payments.switching import ChangeRequest, PreviewSnapshot, RunningDiscount


@dataclass(frozen=True)
class Quote:
    """One change with its cost. ``today`` is None where nothing is charged or given back today."""

    price: Price
    when: When
    at: datetime
    today: PreviewSnapshot | None
    next: PreviewSnapshot
    #: When the next payment follows, and until when the old one lasts if it is planned.
    next_at: datetime
    is_trial: bool
    request: ChangeRequest
    #: A schedule leads it at the moment.
    is_led: bool = False
    #: What is taken off the payment after ``next`` as well.
    lasting: RunningDiscount | None = None

    @property
    def fingerprint(self) -> list[object]:
        """What was shown: a change that would cost anything else is another one."""
        today = [self.today.due.minor, self.today.total.minor] if self.today else None
        following = [self.next.due.minor, self.next.total.minor]
        return [self.price.pk, str(self.when), self.request.item_id, self.request.quantity, today, following]


def whole_second(moment: datetime) -> datetime:
    """As Stripe has moments."""
    return datetime.fromtimestamp(int(moment.timestamp()), UTC)


def quote(snapshot: SubscriptionSnapshot, price: Price, when: When, *, at: datetime, gateway: Gateway) -> Quote:
    """Ask Stripe. ``at`` is up to when the old price is reckoned; the same again gives the same amounts."""
    # Two clocks may differ by seconds: Stripe takes no moment outside of the period.
    at = min(max(at, snapshot.current_period_start), snapshot.current_period_end)
    request = ChangeRequest(
        subscription_id=snapshot.id,
        item_id=snapshot.item_id,
        price_id=price.stripe_id,
        quantity=snapshot.quantity,
        at=at,
    )
    is_trial = snapshot.status == SubscriptionStatus.TRIALING
    is_now = when == When.NOW and not is_trial
    today = gateway.preview_change(request, prorated=True) if is_now else None
    following = gateway.preview_change(request, prorated=False)
    if today is not None and today.discount.minor and following.discount.minor and following.running is None:
        # For one payment only: today's is that one.
        following = gateway.preview_in_full(request)
    next_at = _next_at(snapshot, price, at) if is_now else snapshot.current_period_end
    return Quote(
        price=price,
        when=when,
        at=at,
        today=today,
        next=following,
        next_at=next_at,
        is_trial=is_trial,
        request=request,
        is_led=bool(snapshot.schedule_id),
        lasting=lasting_beyond(following, after(next_at, price.interval)),
    )


def lasting_beyond(preview: PreviewSnapshot, at: datetime) -> RunningDiscount | None:
    """What is taken off that invoice, and off a payment of that moment too."""
    return preview.running if preview.running is not None and preview.running.lasts(at) else None


def after(at: datetime, interval: str) -> datetime:
    """When the payment follows that comes after one of that moment."""
    rhythm = rhythm_of(interval)
    return at + STEPS[rhythm.unit or "month"](rhythm.step)


def _next_at(snapshot: SubscriptionSnapshot, price: Price, at: datetime) -> datetime:
    """The period goes on, unless the rhythm is another one: then a new one begins today."""
    rhythm = rhythm_of(price.interval)
    if (rhythm.unit, rhythm.step) == (snapshot.interval, snapshot.interval_count) or rhythm.unit is None:
        return snapshot.current_period_end
    return after(at, price.interval)
