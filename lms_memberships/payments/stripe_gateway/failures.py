"""What does an error of Stripe's client mean to us? One table: their errors, our failures."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import stripe
from django.utils.translation import gettext_lazy as _

from ..gateway import (
    CardDeclined,
    GatewayFailure,
    GatewayUnreachable,
    KeyExpired,
    KeyRejected,
    Locked,
    NotAsked,
    NotFound,
    PermissionMissing,
    RateLimited,
    RequestRefused,
)
from .breaker import Resting
from .declines import needs_person, reason_of

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

logger = logging.getLogger(__name__)

Failure = TypeVar("Failure", bound=GatewayFailure)

#: The first that fits, from special to general. What is in none of them is a bug of ours and rises as it is.
FAILURES: tuple[tuple[type[stripe.StripeError], type[GatewayFailure]], ...] = (
    # Not even asked.
    (Resting, NotAsked),
    # No answer, or half of one: it may have been carried out.
    (stripe.APIConnectionError, GatewayUnreachable),
    (stripe.RateLimitError, RateLimited),
    (stripe.AuthenticationError, KeyRejected),
    (stripe.PermissionError, PermissionMissing),
    # The key was used for another request: this one was not carried out, the earlier one perhaps was.
    (stripe.IdempotencyError, RequestRefused),
    (stripe.CardError, CardDeclined),
    (stripe.InvalidRequestError, RequestRefused),
    # 5xx, and 409 for a request with the same key that is still running.
    (stripe.APIError, GatewayUnreachable),
)

#: Stripe's words for "there is no such object".
ABSENT = "resource_missing"
#: Stripe's word for a key that was replaced.
EXPIRED = "api_key_expired"
#: Stripe's word for "another request holds this object", beside 429 or 400.
LOCKED = "lock_timeout"
#: Stripe's word for an answer that it had remembered under the idempotency key.
REPLAYED = "idempotent-replayed"

_PERMISSION = re.compile(r"'?(rak_\w+)'?")


@contextmanager
def translated() -> Iterator[None]:
    """Errors of Stripe's client leave as our failures, with the cause behind them.

    But without its way there: the frames of Stripe's client hold the key and the buyer's data, and an error page or a
    report by mail shows what frames hold (S41).
    """
    try:
        yield
    except stripe.StripeError as error:
        error.__cause__ = error.__context__ = None
        raise failure_for(error) from error.with_traceback(None)


def failure_for(error: stripe.StripeError) -> GatewayFailure:
    """Our failure for that error. Logged by Stripe's request id: never with parameters, never with a key."""
    kind = next((ours for theirs, ours in FAILURES if isinstance(error, theirs)), GatewayUnreachable)
    code = error.code or getattr(error.error, "code", None) or getattr(error.error, "type", None) or ""
    if isinstance(error, stripe.InvalidRequestError) and (code == ABSENT or error.http_status == 404):
        kind = NotFound
    if code == EXPIRED:
        kind = KeyExpired
    if code == LOCKED:
        kind = Locked
    failure = _explained(kind, error)
    failure.code = code
    failure.reference = error.request_id or ""
    failure.is_replayed = (error.headers or {}).get(REPLAYED) == "true"
    logger.warning(
        "Stripe: %s, status %s, code %s, request %s", kind.__name__, error.http_status, code or "-", error.request_id
    )
    return failure


def _explained(kind: type[GatewayFailure], error: stripe.StripeError) -> GatewayFailure:
    if isinstance(error, stripe.PermissionError):
        return _missing_permission(error)
    if kind is CardDeclined:
        declined = kind(reason_of(error))
        declined.said_to_buyers = declined.message
        declined.needs_person = needs_person(error)
        return declined
    if kind in {RequestRefused, NotFound}:
        return _filled(kind, _("Stripe says: %(reason)s"), reason=error.user_message or error.code or "?")
    return kind()


def _filled(kind: type[Failure], words: "str | _StrPromise", **values: str) -> Failure:
    failure = kind(str(words) % values)
    failure.words, failure.values = words, values
    return failure


def _missing_permission(error: stripe.PermissionError) -> PermissionMissing:
    found = _PERMISSION.search(error.user_message or "")
    if found is None:
        return PermissionMissing(
            _("The Stripe key lacks a permission. Compare its permissions with the list under Settings → Stripe.")
        )
    failure = _filled(
        PermissionMissing,
        _("The Stripe key lacks the permission %(permission)s. Give it to the key in Stripe's dashboard."),
        permission=found[1],
    )
    failure.permission = found[1]
    return failure
