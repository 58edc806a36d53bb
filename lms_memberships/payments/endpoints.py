"""What do we ask of the provider about its calls to us? Where it calls, what it has not got rid of, what time it is."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol


@dataclass(frozen=True)
class EndpointSnapshot:
    """An address that the provider calls. ``secret`` is told once, when it is made; ``api_version`` "": the account's."""

    id: str
    url: str
    is_enabled: bool
    api_version: str
    events: tuple[str, ...]
    secret: str = field(default="", repr=False)


@dataclass(frozen=True)
class UndeliveredEvents:
    """What the provider could not deliver yet. ``count`` is that of the first hundred."""

    count: int
    oldest_at: datetime | None


class EndpointGateway(Protocol):
    """A part of ``gateway.Gateway``. Every method raises a ``GatewayFailure``."""

    def measure_skew(self) -> timedelta: ...
    def list_endpoints(self) -> list[EndpointSnapshot]: ...
    def create_endpoint(
        self, *, url: str, events: Sequence[str], metadata: dict[str, str], key: str
    ) -> EndpointSnapshot: ...
    def find_endpoint(self, *, metadata: dict[str, str]) -> EndpointSnapshot | None: ...
    def choose_events(self, endpoint_id: str, events: Sequence[str]) -> None: ...
    def enable_endpoint(self, endpoint_id: str) -> None: ...
    def disable_endpoint(self, endpoint_id: str) -> None: ...
    def undelivered_events(self, types: Sequence[str]) -> UndeliveredEvents: ...
