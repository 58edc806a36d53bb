"""What is there at Stripe? Whole lists, a page at a time: whoever breaks off can go on where they were (D13)."""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

import stripe

from ..gateway import CheckoutSnapshot, GatewayFailure, InvoiceSnapshot, SubscriptionSnapshot
from ..lists import EventSnapshot, Page, Part
from . import snapshots
from .calls import MOST_TYPES, Calls
from .failures import translated
from .notices import Malformed, read_event

Snapshot = TypeVar("Snapshot")

logger = logging.getLogger(__name__)

#: Other products of the same account make objects that we never would: none of them may hide ours.
UNREADABLE = (GatewayFailure, Malformed, AttributeError, KeyError, TypeError, ValueError)


class ListingCalls(Calls):
    """Lists of everything in the account. What is nobody's here is told too: the caller leaves it alone."""

    def list_events(self, types: tuple[str, ...], part: Part) -> Page[EventSnapshot]:
        """Stripe keeps them for thirty days. Of more kinds than it takes in one question, all are listed."""
        kinds = {"types": list(types)} if len(types) <= MOST_TYPES else {}
        return self._page(self.client.v1.events, part, _event, **kinds)

    def list_subscriptions(self, part: Part) -> Page[SubscriptionSnapshot]:
        """Those that are over as well."""
        began = self.began()

        def read(found: stripe.Subscription) -> SubscriptionSnapshot:
            return snapshots.subscription(found, read_started_at=began)

        expand = [f"data.{name}" for name in snapshots.SUBSCRIPTION_EXPAND]
        return self._page(self.client.v1.subscriptions, part, read, status="all", expand=expand)

    def list_checkouts(self, part: Part) -> Page[CheckoutSnapshot]:
        """Open, complete and expired ones."""
        began = self.began()

        def read(found: stripe.checkout.Session) -> CheckoutSnapshot:
            return snapshots.checkout(found, read_started_at=began)

        return self._page(self.client.v1.checkout.sessions, part, read)

    def list_account_invoices(self, part: Part) -> Page[InvoiceSnapshot]:
        """Of everybody in the account: a hundred in a call, where asking for each person takes a call each."""
        began = self.began()

        def read(found: stripe.Invoice) -> InvoiceSnapshot:
            return snapshots.invoice(found, read_started_at=began)

        return self._page(
            self.client.v1.invoices, part, read, expand=[f"data.{name}" for name in snapshots.INVOICE_EXPAND]
        )

    def _page(self, service: Any, part: Part, read: Callable[[Any], Snapshot], **params: object) -> Page[Snapshot]:
        params["limit"] = part.limit
        if part.since is not None:
            params["created"] = {"gte": _seconds(part.since)}
        if part.after:
            params["starting_after"] = part.after
        with translated():
            found = service.list(params)
        items, unread = [], []
        for each in found.data:
            try:
                items.append(read(each))
            except UNREADABLE:
                logger.warning("Stripe's %s could not be understood", each.id, exc_info=True)
                unread.append(each.id)
        last_id = found.data[-1].id if found.data and found.has_more else ""
        return Page(tuple(items), last_id, tuple(unread))


def _event(found: stripe.Event) -> EventSnapshot:
    event = found.to_dict()
    notice = read_event(event)
    subject = event["data"]["object"]
    return EventSnapshot(
        id=notice.id,
        type=notice.type,
        object_type=notice.object_type,
        object_id=notice.object_id,
        subscription_id=notice.subscription_id,
        created_at=notice.created_at,
        metadata={**_metadata_of_parent(subject), **(subject.get("metadata") or {})},
    )


def _metadata_of_parent(subject: dict[str, Any]) -> dict[str, str]:
    """An invoice says whose it is in the copy of its subscription's metadata."""
    details = (subject.get("parent") or {}).get("subscription_details") or {}
    return details.get("metadata") or {}


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
