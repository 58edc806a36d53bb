"""Is a Stripe account connected, and can it charge? What was read of it last, and how to read it again."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from .. import clock, conf
from ..errors import Refusal
from ..masking import Secret
from . import premises, throttle
from .gateway import AccountSnapshot, Gateway, GatewayFailure
from .models import Account
from .stripe_gateway import StripeGateway
from .stripe_gateway.client import fingerprint
from .stripe_gateway.gateway import livemode_of
from .stripe_gateway.line import BACKGROUND

__all__ = [
    "Connection",
    "ConnectionState",
    "NotConnected",
    "configured_key",
    "current",
    "ensure_fresh",
    "get_background_gateway",
    "get_gateway",
    "livemode_of",
    "refresh",
    "state",
    "stored_account",
]

logger = logging.getLogger(__name__)

#: How long a reading of the account is believed (design §5).
FRESH_FOR = timedelta(minutes=10)
#: How soon after a failed reading another is tried: nobody waits for a dead line on each page.
TRY_AGAIN_AFTER = timedelta(seconds=30)


class NotConnected(Refusal):
    """Nothing can be bought or sold before an account is connected."""

    message = _("No Stripe account is connected.")

    @property
    def for_buyers(self) -> str:
        """How the site is set up is the creator's to know (S56)."""
        return str(GatewayFailure.said_to_buyers)


@dataclass(frozen=True)
class Connection:
    """Whose money it is: rows with a Stripe id carry the same two values."""

    account_id: str
    livemode: bool


@dataclass(frozen=True)
class ConnectionState:
    """``code`` is ok, no_key, unchecked, failed or cannot_charge; ``problem`` says it to a person."""

    account: Account | None
    is_working: bool
    problem: str | Promise
    code: str


PROBLEMS: dict[str, str | Promise] = {
    "ok": "",
    "no_key": _("No Stripe account is connected: the site has no Stripe key."),
    "unchecked": _("The Stripe account has not been checked in the last ten minutes."),
    "cannot_charge": _("The Stripe account cannot charge yet: Stripe still asks for something."),
}


def current() -> Connection | None:
    """The connected account, from what is stored: no network, one query. None: no key, or never read."""
    account = stored_account()
    if account is None or not account.stripe_id:
        return None
    return Connection(account.stripe_id, account.livemode)


def state(*, now: datetime) -> ConnectionState:
    """Whether one could sell right now, from what is stored: no network, one query.

    ``now`` is wall time: the domain's clock may be months ahead of the moment at which Stripe was read.
    """
    if not configured_key():
        return ConnectionState(None, is_working=False, problem=PROBLEMS["no_key"], code="no_key")
    account = stored_account()
    code = _code_of(account, now)
    problem = account.failure if account is not None and code == "failed" else PROBLEMS[code]
    return ConnectionState(account, is_working=code == "ok", problem=problem, code=code)


def ensure_fresh() -> ConnectionState:
    """The state, after reading Stripe again where the last reading is too old. A failure is told, never raised."""
    now = clock.wall_time()
    found = state(now=now)
    if found.code == "no_key" or not _is_due(found.account, now):
        return found
    try:
        refresh()
    except GatewayFailure as failure:
        logger.warning("The Stripe account could not be read: %s %s", type(failure).__name__, failure.code)
    return state(now=clock.wall_time())


def refresh() -> Account:
    """Read the account from Stripe and store what it says; a failure is stored too, and raised."""
    key = _key()
    gateway = StripeGateway(key, api_base=conf.STRIPE_API_BASE, account_id="")
    try:
        snapshot = gateway.read_account()
    except GatewayFailure as failure:
        _store_failure(key, str(failure.message))
        raise
    return _store(key, snapshot)


def get_gateway() -> Gateway:
    """The way to Stripe, in the connected account. For views, gates, tasks, commands and template tags."""
    key = _key()
    return StripeGateway(key, api_base=conf.STRIPE_API_BASE, account_id=_account().stripe_id)


def get_background_gateway(*, at_most: int = 0) -> Gateway:
    """The way to Stripe where nobody waits for a page: longer bounds, at a pace that leaves room for buyers (D5).

    ``at_most``: so many calls in a second from this process, where the setting allows more.
    """
    key = _key()
    account = _account()
    pace = throttle.pace_of(account.stripe_id, livemode=account.livemode)
    pace.at_most = at_most
    return StripeGateway(key, api_base=conf.STRIPE_API_BASE, account_id=account.stripe_id, manner=BACKGROUND, pace=pace)


def background_gateway_or_none() -> Gateway | None:
    """None: a site that has not connected Stripe yet has nothing to do, and nothing wrong with it. Nor has a copy."""
    try:
        return get_background_gateway()
    except (NotConnected, premises.Frozen):
        return None


def stored_account() -> Account | None:
    """What was last read with the configured key; another key's reading does not count."""
    key = configured_key()
    return Account.objects.filter(key_fingerprint=fingerprint(key)).first() if key else None


def configured_key() -> Secret:
    """The site's key, without the line break that files and consoles add to it."""
    return Secret((conf.STRIPE_SECRET_KEY or "").strip())


def _key() -> Secret:
    key = configured_key()
    if not key:
        raise NotConnected
    # Every way to Stripe begins here, so that a copy of the site has none (E9).
    premises.guard()
    return key


def _account() -> Account:
    account = stored_account()
    return account if account is not None and account.stripe_id else refresh()


def _code_of(account: Account | None, now: datetime) -> str:
    if account is None:
        return "unchecked"
    if account.failure:
        return "failed"
    if now - account.checked_at > FRESH_FOR:
        return "unchecked"
    return "ok" if account.charges_enabled else "cannot_charge"


def _is_due(account: Account | None, now: datetime) -> bool:
    if account is None:
        return True
    return now - account.checked_at > (TRY_AGAIN_AFTER if account.failure else FRESH_FOR)


def _store(key: str, snapshot: AccountSnapshot) -> Account:
    account, _created = Account.objects.update_or_create(
        key_fingerprint=fingerprint(key),
        defaults={
            "stripe_id": snapshot.id,
            "livemode": snapshot.livemode,
            "name": snapshot.name,
            "email": snapshot.email,
            "country": snapshot.country,
            "default_currency": snapshot.default_currency,
            "charges_enabled": snapshot.charges_enabled,
            "disabled_reason": snapshot.disabled_reason,
            "requirements_due": list(snapshot.requirements_due),
            "checked_at": clock.wall_time(),
            "failure": "",
        },
    )
    return account


def _store_failure(key: str, failure: str) -> None:
    """What was known stays known, so that running memberships keep their account; only the check has failed."""
    values: dict[str, str | datetime] = {"failure": failure, "checked_at": clock.wall_time()}
    Account.objects.update_or_create(
        key_fingerprint=fingerprint(key),
        defaults=values,
        create_defaults={**values, "stripe_id": "", "livemode": livemode_of(key)},
    )
