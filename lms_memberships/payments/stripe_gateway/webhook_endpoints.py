"""Where does Stripe call, what has it not got rid of, and what time is it there? For the health page."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, cast

from ... import clock
from ..endpoints import EndpointSnapshot, UndeliveredEvents
from ..gateway import GatewayUnreachable
from .calls import MOST_TYPES, Calls, under
from .client import API_VERSION
from .failures import translated

if TYPE_CHECKING:
    from stripe import WebhookEndpoint
    from stripe.params import EventListParams, WebhookEndpointCreateParams, WebhookEndpointUpdateParams

#: Stripe tries for three days; a look at more would find what nobody waits for.
LOOK_BACK = timedelta(days=3)


class EndpointCalls(Calls):
    """Webhook endpoints, undelivered events, the clock."""

    def measure_skew(self) -> timedelta:
        """How far our clock is ahead of Stripe's, to about a second: their answers carry the time."""
        began = clock.wall_time()
        with translated():
            answer = self.client.v1.accounts.retrieve_current()
        ended = clock.wall_time()
        headers = answer.last_response.headers if answer.last_response is not None else {}
        try:
            theirs = parsedate_to_datetime(headers.get("Date") or headers.get("date") or "")
        except ValueError as unreadable:
            raise GatewayUnreachable from unreadable
        return began + (ended - began) // 2 - theirs.replace(tzinfo=UTC)

    def list_endpoints(self) -> list[EndpointSnapshot]:
        with translated():
            found = self.client.v1.webhook_endpoints.list({"limit": 100})
            return [_snapshot(each) for each in found.auto_paging_iter()]

    def create_endpoint(
        self, *, url: str, events: Sequence[str], metadata: dict[str, str], key: str
    ) -> EndpointSnapshot:
        params = {"url": url, "enabled_events": list(events), "api_version": API_VERSION, "metadata": metadata}
        with translated():
            made = self.client.v1.webhook_endpoints.create(cast("WebhookEndpointCreateParams", params), under(key))
        return _snapshot(made)

    def find_endpoint(self, *, metadata: dict[str, str]) -> EndpointSnapshot | None:
        """The one that was made with this metadata. Its secret is not told again."""
        with translated():
            for each in self.client.v1.webhook_endpoints.list({"limit": 100}).auto_paging_iter():
                if all(getattr(each.metadata, name, None) == value for name, value in metadata.items()):
                    return _snapshot(each)
        return None

    def choose_events(self, endpoint_id: str, events: Sequence[str]) -> None:
        params = cast("WebhookEndpointUpdateParams", {"enabled_events": list(events)})
        with translated():
            self.client.v1.webhook_endpoints.update(endpoint_id, params)

    def enable_endpoint(self, endpoint_id: str) -> None:
        with translated():
            self.client.v1.webhook_endpoints.update(endpoint_id, {"disabled": False})

    def disable_endpoint(self, endpoint_id: str) -> None:
        with translated():
            self.client.v1.webhook_endpoints.update(endpoint_id, {"disabled": True})

    def undelivered_events(self, types: Sequence[str]) -> UndeliveredEvents:
        since = int((clock.wall_time() - LOOK_BACK).timestamp())
        found: list[int] = []
        # Stripe takes so many kinds in one question.
        for first in range(0, len(types), MOST_TYPES):
            kinds = list(types[first : first + MOST_TYPES])
            params = {"delivery_success": False, "types": kinds, "created": {"gte": since}, "limit": 100}
            with translated():
                events = self.client.v1.events.list(cast("EventListParams", params)).data
            found.extend(each.created for each in events)
        oldest = min(found, default=None)
        return UndeliveredEvents(len(found), None if oldest is None else datetime.fromtimestamp(oldest, UTC))


def _snapshot(found: "WebhookEndpoint") -> EndpointSnapshot:
    return EndpointSnapshot(
        id=found.id,
        url=found.url,
        is_enabled=found.status == "enabled",
        api_version=found.api_version or "",
        events=tuple(found.enabled_events),
        secret=getattr(found, "secret", None) or "",
    )
