"""What does Stripe say right now? Asked when somebody wants to know, and kept with the moment (A9, A12, I8, N7)."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from .. import clock, conf, signs
from ..memberships import portal_settings
from ..payments import connect
from ..payments.endpoints import EndpointSnapshot
from ..payments.gateway import (
    Gateway,
    GatewayFailure,
    GatewayUnreachable,
    KeyExpired,
    KeyRejected,
    PermissionMissing,
    RateLimited,
)
from ..payments.portal import PortalSettings, PortalSnapshot
from ..payments.premises import Frozen
from ..payments.stripe_gateway.client import fingerprint
from ..payments.taxes import TaxSetupSnapshot
from ..payments.webhook_events import WANTED
from ..signs import Sign

SIGN = "health.stripe"

T = TypeVar("T")

#: The first that fits says what kind of answer it was.
KINDS: tuple[tuple[type[GatewayFailure], str], ...] = (
    (Frozen, "frozen"),
    (KeyExpired, "expired"),
    (PermissionMissing, "permission"),
    (KeyRejected, "rejected"),
    (RateLimited, "busy"),
    (GatewayUnreachable, "unreachable"),
    (GatewayFailure, "refused"),
)
#: With one of these, another question would be answered the same.
HOPELESS = frozenset({"frozen", "expired", "rejected", "busy", "unreachable"})


@dataclass
class Look:
    """What was asked and answered. None: not answered."""

    asked_at: datetime
    key: str
    #: Why the whole look failed: a kind, and the sentence for people.
    problem: str = ""
    message: str = ""
    #: What the key lacks, by Stripe's names, or by what was asked where Stripe gives none.
    lacking: list[str] = field(default_factory=list)
    skew_seconds: float | None = None
    endpoints: list[EndpointSnapshot] | None = None
    undelivered: int | None = None
    undelivered_since: datetime | None = None
    #: Asked only where the site wants tax to be reckoned (X16).
    tax: TaxSetupSnapshot | None = None
    tax_countries: list[str] | None = None
    #: Asked only where the portal was needed already: whoever sells once never opens it (P15).
    portals: list[PortalSnapshot] | None = None


def ask() -> Look:
    """Ask Stripe everything that the lights want to know, and keep the answers. A failure is an answer, too."""
    look = Look(asked_at=clock.wall_time(), key=fingerprint(connect.configured_key()))
    gateway = _ask(look, "accounts", _account)
    if gateway is not None:
        _ask_more(look, gateway)
    _keep(look)
    return look


def read(sign: Sign | None) -> Look | None:
    """The last look, if it was made with the key that is configured now."""
    if sign is None or sign.details.get("key") != fingerprint(connect.configured_key()):
        return None
    kept: dict[str, Any] = dict(sign.details)
    found = kept["endpoints"]
    kept["endpoints"] = (
        None if found is None else [EndpointSnapshot(**{**each, "events": tuple(each["events"])}) for each in found]
    )
    for name in ("asked_at", "undelivered_since"):
        kept[name] = None if kept[name] is None else datetime.fromisoformat(kept[name])
    tax = kept.get("tax")
    kept["tax"] = None if tax is None else TaxSetupSnapshot(**{**tax, "missing": tuple(tax["missing"])})
    portals = kept.get("portals")
    kept["portals"] = None if portals is None else [_portal(each) for each in portals]
    return Look(**kept)


def _portal(kept: dict[str, Any]) -> PortalSnapshot:
    settings: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in kept["settings"].items()
    }
    return PortalSnapshot(**{**kept, "settings": PortalSettings(**settings)})


def last() -> Look | None:
    """The last look, from the database. One query."""
    return read(Sign.objects.filter(name=SIGN).first())


def _account() -> Gateway:
    connect.refresh()
    return connect.get_gateway()


def _ask_more(look: Look, gateway: Gateway) -> None:
    skew = _ask(look, "accounts", gateway.measure_skew)
    if skew is not None:
        look.skew_seconds = skew.total_seconds()
    look.endpoints = _ask(look, "webhook_endpoints", gateway.list_endpoints)
    waiting = _ask(look, "events", lambda: gateway.undelivered_events(WANTED))
    if waiting is not None:
        look.undelivered, look.undelivered_since = waiting.count, waiting.oldest_at
    if portal_settings.stored(gateway.account_id, livemode=gateway.livemode) is not None:
        look.portals = _ask(look, "billing_portal", gateway.list_portals)
    if conf.STRIPE_TAX:
        look.tax = _ask(look, "tax_settings", gateway.read_tax_setup)
        countries = _ask(look, "tax_settings", gateway.tax_countries)
        look.tax_countries = None if countries is None else list(countries)


def _ask(look: Look, what: str, question: Callable[[], T]) -> T | None:
    if look.problem in HOPELESS:
        return None
    try:
        return question()
    except connect.NotConnected as missing:
        look.problem, look.message = "no_key", str(missing.message)
    except GatewayFailure as failure:
        kind = next(name for type_, name in KINDS if isinstance(failure, type_))
        if isinstance(failure, PermissionMissing):
            look.lacking.append(failure.permission or what)
        else:
            look.problem, look.message = kind, str(failure.message)
    return None


def _keep(look: Look) -> None:
    kept = asdict(look)
    for each in kept["endpoints"] or []:
        # Stripe tells it when an endpoint is made, and nobody may keep it.
        each.pop("secret")
    for name in ("asked_at", "undelivered_since"):
        kept[name] = None if kept[name] is None else kept[name].isoformat()
    signs.note(SIGN, now=look.asked_at, every=timedelta(0), details=kept)
