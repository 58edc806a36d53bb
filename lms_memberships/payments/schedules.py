"""What do we ask of the provider about schedules? How often a subscription is still charged, and that it is let go."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class ScheduleSnapshot:
    """A schedule as it was read. ``phase_started_at`` is None once it leads nothing any more."""

    id: str
    phase_started_at: datetime | None
    #: Whether the subscription ends with it; otherwise it goes on by itself.
    ends_subscription: bool
    #: What it is billed at from the end of the current phase on; empty: nothing is planned.
    next_price_id: str = ""


@dataclass(frozen=True)
class InstalmentsRequest:
    """So many charges from the current phase on, and then the end. A trial that runs now is none of them."""

    interval: str
    interval_count: int
    left: int
    metadata: dict[str, str] = field(default_factory=dict)


class ScheduleGateway(Protocol):
    """A part of ``gateway.Gateway``. Every method raises a ``GatewayFailure``."""

    def begin_schedule(self, subscription_id: str, *, key: str) -> ScheduleSnapshot: ...
    def read_schedule(self, schedule_id: str) -> ScheduleSnapshot: ...
    def end_after(self, schedule_id: str, request: InstalmentsRequest, *, key: str) -> None: ...
    def release_schedule(self, schedule_id: str) -> None: ...
