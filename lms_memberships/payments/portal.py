"""What do we ask of the provider's billing portal? How it is set up, a way in for one person, and the card they left."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol


@dataclass(frozen=True)
class PortalSettings:
    """What the portal lets people do, and whose it is. The same words for what it should be and for what it is."""

    headline: str
    terms_url: str
    privacy_url: str
    return_url: str
    #: What people may change of themselves: "address", "email", "name", "tax_id"; sorted.
    details: tuple[str, ...] = ()
    cards: bool = False
    invoices: bool = False
    cancels: bool = False
    #: "at_period_end" or "immediately".
    cancel_mode: str = "at_period_end"
    #: Among which reasons people may choose; sorted.
    cancel_reasons: tuple[str, ...] = ()
    #: People change to another price there, behind our backs (P16).
    switches: bool = False
    pauses: bool = False
    #: Whoever has the address may ask for a link by e-mail.
    logs_in: bool = False
    is_active: bool = True


@dataclass(frozen=True)
class PortalSnapshot:
    """A configuration as read at one moment."""

    id: str
    is_default: bool
    settings: PortalSettings
    metadata: dict[str, str] = field(default_factory=dict)


class PortalFlow(StrEnum):
    """To what a deep link leads. ``HOME``: to all of it."""

    HOME = "home"
    CARD = "card"
    DETAILS = "details"
    CANCEL = "cancel"


@dataclass(frozen=True)
class PortalVisit:
    """Whom to let in, and where to. ``subscription_id`` is for ``CANCEL`` alone; the language is Django's code."""

    customer_id: str
    configuration_id: str
    return_url: str
    language: str
    flow: PortalFlow = PortalFlow.HOME
    subscription_id: str = ""


@dataclass(frozen=True)
class CardSnapshot:
    """What is charged: a card, or a bank account. Where it is not told since when it is known, ``None``."""

    id: str
    made_at: datetime | None


@dataclass(frozen=True)
class CardsSnapshot:
    """The person's own card, and those that single subscriptions have, by their ids."""

    default: CardSnapshot | None
    of_subscriptions: dict[str, CardSnapshot]


class PortalGateway(Protocol):
    """A part of ``gateway.Gateway``. Every method raises a ``GatewayFailure``."""

    def create_portal(self, settings: PortalSettings, *, metadata: dict[str, str], key: str) -> str: ...
    def update_portal(
        self, portal_id: str, settings: PortalSettings, *, metadata: dict[str, str], key: str
    ) -> None: ...
    def read_portal(self, portal_id: str) -> PortalSnapshot: ...
    def list_portals(self) -> list[PortalSnapshot]: ...
    def open_portal(self, visit: PortalVisit) -> str: ...
    def read_cards(self, customer_id: str) -> CardsSnapshot | None: ...
    def use_card(self, subscription_id: str, card_id: str, *, key: str) -> None: ...
    def card_of(self, subscription_id: str) -> str: ...
