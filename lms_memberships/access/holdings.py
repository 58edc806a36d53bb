"""What does one subscription say about one thing? Open, or why it is closed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from ..payments.gateway import SubscriptionStatus
from .reasons import Reason

NEVER = datetime.min.replace(tzinfo=UTC)

#: Why a subscription that gives no access now is closed. What is not here ended.
CLOSED_BY_STATUS: Mapping[str, Reason] = {
    SubscriptionStatus.INCOMPLETE: Reason.WAITING_FOR_PAYMENT,
    # It never began, so there is nothing to mend: join.
    SubscriptionStatus.INCOMPLETE_EXPIRED: Reason.JOIN,
    SubscriptionStatus.PAST_DUE: Reason.PAYMENT_FAILED,
    SubscriptionStatus.UNPAID: Reason.PAYMENT_FAILED,
    SubscriptionStatus.PAUSED: Reason.PAUSED,
}
#: The most helpful reason first, when a person held several.
HELPFULNESS = (
    Reason.MEMBER,
    Reason.IN_GRACE,
    Reason.PAYMENT_FAILED,
    Reason.WAITING_FOR_PAYMENT,
    Reason.PAUSED,
    Reason.DISPUTED,
    Reason.TRIAL_ENDED,
    Reason.ENDED,
    Reason.FOR_NEWCOMERS,
    Reason.JOIN,
)


@dataclass(frozen=True)
class Holding:
    """A membership that contains the thing, and one subscription of the person to it, if there ever was one."""

    membership_id: int
    title: str
    subscription_id: int | None = None
    status: str = ""
    access_until: datetime | None = None
    opened_at: datetime | None = None
    period_start: datetime | None = None
    trial_end: datetime | None = None
    started_at: datetime | None = None
    #: Closed since then, whatever its status: its payment is disputed, or staff or its refund have closed it.
    suspended_at: datetime | None = None
    revoked_at: datetime | None = None
    ended_at: datetime | None = None
    #: Bundled for who joined from then on; taken out of the bundle for who joins from then on (G17).
    since: datetime | None = None
    until: datetime | None = None

    @property
    def is_kept(self) -> bool:
        """Out of the bundle: nobody gets it by joining now."""
        return self.until is not None

    @property
    def contains_it(self) -> bool:
        """Whether this subscription began while the thing was in the bundle, or came to all."""
        if self.since is None and self.until is None:
            return True
        began = self.began_at
        if began is None:
            return False
        return (self.since is None or began >= self.since) and (self.until is None or began < self.until)

    @property
    def began_at(self) -> datetime | None:
        """As ``Subscription.began_at``."""
        return self.opened_at or self.started_at

    def as_of(self, moment: datetime) -> "Holding":
        """Before it began there was the membership, and nothing of theirs."""
        if self.began_at is None or self.began_at <= moment:
            return self
        return Holding(self.membership_id, self.title, since=self.since, until=self.until)

    def reason(self, now: datetime) -> Reason:
        """What this holding alone says at that moment. Liveness is the one column (design §5)."""
        if self.subscription_id is None:
            return Reason.JOIN
        if not self.contains_it:
            return Reason.JOIN if self.is_kept else Reason.FOR_NEWCOMERS
        if self.access_until is not None and self.access_until > now:
            return Reason.IN_GRACE if self.status == SubscriptionStatus.PAST_DUE else Reason.MEMBER
        if self.revoked_at is not None:
            return Reason.JOIN if self.access_until is None else Reason.ENDED
        if self.suspended_at is not None:
            return Reason.DISPUTED
        return CLOSED_BY_STATUS.get(self.status) or self._how_it_ended()

    def rank(self, now: datetime) -> tuple[int, float]:
        """The smallest decides: the most helpful reason, then the latest end."""
        until, reason = self.access_until or NEVER, self.reason(now)
        if reason is Reason.DISPUTED and self.status == SubscriptionStatus.CANCELED:
            # Of what is over, by a dispute or not, the latest is what they ask about.
            reason = Reason.ENDED
        return HELPFULNESS.index(reason), -(until - NEVER).total_seconds()

    @property
    def failed_since(self) -> datetime | None:
        """Stripe moves the period on before it charges, so the failure is at the period's start."""
        return self.period_start

    def _how_it_ended(self) -> Reason:
        if self.access_until is None:
            # Active at Stripe, but the first invoice is still processing.
            return Reason.WAITING_FOR_PAYMENT if self.opened_at is None else Reason.JOIN
        if self.trial_end is not None and self.access_until <= self.trial_end:
            return Reason.TRIAL_ENDED
        return Reason.ENDED
