"""Is this the site that the database belongs to, or a copy of it? A copy charges nobody and writes to nobody (E9)."""

import ipaddress
import time
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from wagtail.models import Site

from .. import clock, conf, outgoing
from ..signs import Sign
from .gateway import GatewayFailure

SIGN = "site"
#: Mail backends that let nothing out of the machine.
HOMEBOUND = frozenset({"console", "dummy", "locmem", "filebased"})

#: How long a process that is at home takes it for granted. A copy asks each time, and so hears at once that it moved.
BELIEVED_FOR = timedelta(minutes=1)

#: Until when, on the machine's own clock, each place is taken for home.
_at_home: dict[tuple[str, bool, str], int] = {}


class Frozen(GatewayFailure):
    """This is a copy of another site, or the site has moved and nobody has said so yet. Nothing was sent."""

    message = _(
        "This looks like a copy of another site, so nothing is sent to Stripe from here. "
        "Whoever runs the site can change that under Settings → Memberships: health."
    )


@dataclass(frozen=True)
class Premises:
    """Where the database says that it lives, and where it is now. An empty ``home``: it was never noted."""

    home: str
    here: str
    is_live: bool
    is_frozen: bool
    #: The owner has said that it is a copy: it stays frozen, and nobody needs to be told.
    is_quiet: bool


def look() -> Premises:
    """One query, and another where no setting says the site's address."""
    return judge(Sign.objects.filter(name=SIGN).first())


def judge(sign: Sign | None) -> Premises:
    """The same, with the sign in hand."""
    home = str(sign.details.get("home", "")) if sign is not None else ""
    here = _host_of(_address())
    is_frozen = bool(home and here) and home != here and not _is_harmless(here)
    is_quiet = is_frozen and sign is not None and sign.details.get("quiet") == here
    return Premises(home, here, _is_live(), is_frozen=is_frozen, is_quiet=is_quiet)


def is_frozen() -> bool:
    """Whether nothing may leave: no call to Stripe, no mail. The first site that asks makes the database its own."""
    place = (_configured(), _is_live(), outgoing.backend())
    if place[0] and time.monotonic_ns() < _at_home.get(place, 0):
        return False
    found = look()
    if not found.home and found.here and not _is_play(found.here):
        _settle(found.here)
    if not found.is_frozen:
        _at_home[place] = time.monotonic_ns() + int(BELIEVED_FOR.total_seconds()) * 10**9
    return found.is_frozen


def forget() -> None:
    """As after a start."""
    _at_home.clear()


def guard() -> None:
    """Raises Frozen where nothing may leave."""
    if is_frozen():
        raise Frozen


def move_in() -> Premises:
    """The owner says: it is the same site, and it has moved. From now on the other place is the copy."""
    _settle(look().here)
    return look()


def keep_quiet() -> Premises:
    """The owner says: it is a copy. It stays frozen, without alarm."""
    found = look()
    if found.is_frozen:
        _write({"home": found.home, "live": found.is_live, "quiet": found.here})
    return look()


def _settle(here: str) -> None:
    _write({"home": here, "live": _is_live()})


def _write(details: dict[str, object]) -> None:
    Sign.objects.update_or_create(name=SIGN, defaults={"seen_at": clock.wall_time(), "details": details})
    forget()


def _address() -> str:
    """What the settings say: the database came with the copy, and so did Wagtail's sites in it."""
    configured = _configured()
    if configured:
        return configured
    site = Site.objects.order_by("-is_default_site").first()
    return site.root_url if site else ""


def _configured() -> str:
    return conf.BASE_URL or str(getattr(settings, "WAGTAILADMIN_BASE_URL", "") or "")


def _host_of(address: str) -> str:
    """Host and port. A site that drops or takes up its "www." is the same site."""
    return (
        urlsplit(address if "//" in address else f"//{address}").netloc.rpartition("@")[2].lower().removeprefix("www.")
    )


def _is_play(host: str) -> bool:
    """A test key on somebody's own machine: no place that a database could belong to."""
    return _is_loopback(host) and not _is_live()


def _is_harmless(here: str) -> bool:
    """Somebody develops with a copy: no real money, and mails that stay at home."""
    return _is_play(here) and is_homebound(outgoing.backend())


def is_homebound(mail_backend: str) -> bool:
    """Whether mails sent with this backend never leave the machine."""
    return not HOMEBOUND.isdisjoint(mail_backend.split("."))


def _is_loopback(host: str) -> bool:
    name = urlsplit(f"//{host}").hostname or ""
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")


def _is_live() -> bool:
    return (conf.STRIPE_SECRET_KEY or "").strip().partition("_")[2].startswith("live_")
