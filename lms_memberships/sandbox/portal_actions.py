"""What a customer can do in the billing portal, and what its owner can do to it in the dashboard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Unpack

from .errors import ApiError, no_such
from .hosted import portal
from .outcomes import Outcome
from .payments import cards
from .payments.cards import Decline
from .resources import portal as configurations
from .store import Object
from .work import Work

if TYPE_CHECKING:
    from .actions import CardFields

At = Callable[[str, str], AbstractContextManager[tuple[Work, Object]]]
EXPIRED = "This page has expired."


class PortalActions:
    """Each method is one click. A visit is named by the word in its address; one that is over does nothing."""

    def __init__(self, at: At) -> None:
        self._at = at

    def view(self, token: str) -> Object:
        """{status: "expired"}, or all that ``hosted.portal.view`` tells. Looking keeps the visit alive."""
        with self._at("_portal_visit", token) as (unit, visit):
            if visit["until"] < unit.now:
                return {"status": "expired"}
            visit["until"] = max(visit["until"], unit.now + configurations.IDLE)
            return portal.view(unit, unit.get("billing_portal.session", visit["session"]))

    def change_card(self, token: str, **card: Unpack[CardFields]) -> Outcome:
        with self._inside(token, "payment_method_update") as (unit, session):
            read = cards.read_card(**card)
            if isinstance(read, Decline):
                return Outcome("declined", message=read.message)
            return portal.change_card(unit, session, read)

    def change_details(self, token: str, asked: dict[str, str]) -> Outcome:
        with self._inside(token, "customer_update") as (unit, session):
            portal.change_details(unit, session, asked)
            return Outcome("started", redirect_url=portal.after(session))

    def cancel(self, token: str, subscription_id: str, *, feedback: str = "") -> Outcome:
        with self._inside(token, "subscription_cancel") as (unit, session):
            return portal.cancel(unit, session, subscription_id, feedback=feedback)

    def keep(self, token: str, subscription_id: str) -> Outcome:
        with self._inside(token, "subscription_cancel") as (unit, session):
            return portal.keep(unit, session, subscription_id)

    def change_price(self, token: str, subscription_id: str, price_id: str) -> Outcome:
        with self._inside(token, "subscription_update") as (unit, session):
            return portal.change_price(unit, session, subscription_id, price_id)

    def let_people_switch(self, configuration_id: str) -> Object:
        """As an owner does it in Stripe's dashboard: every price that renews is offered."""
        with self._at(configurations.KIND, configuration_id) as (unit, _):
            offered: dict[str, list[str]] = {}
            for price in unit.all("price", lambda each: each["active"] and each["recurring"] is not None):
                offered.setdefault(price["product"], []).append(price["id"])
            switching = {
                "enabled": True,
                "default_allowed_updates": ["price"],
                "products": [{"product": product, "prices": prices} for product, prices in offered.items()],
            }
            asked = {"features": {"subscription_update": switching}}
            return unit.shown(configurations.update(unit, configuration_id, asked))

    @contextmanager
    def _inside(self, token: str, feature: str) -> Iterator[tuple[Work, Object]]:
        """A visit that still runs, to a portal in which this can be done, and not by a deep link to something else."""
        with self._at("_portal_visit", token) as (unit, visit):
            session = unit.get("billing_portal.session", visit["session"])
            if visit["until"] < unit.now:
                raise ApiError(EXPIRED)
            features = unit.get(configurations.KIND, session["configuration"])["features"]
            if not features[feature]["enabled"] or (session["flow"] or {"type": feature})["type"] != feature:
                raise no_such("page", feature)
            visit["until"] = max(visit["until"], unit.now + configurations.IDLE)
            yield unit, session
