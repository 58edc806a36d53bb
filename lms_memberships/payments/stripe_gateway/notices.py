"""Is this webhook call really Stripe's, and which object does it speak of?

The signature is checked by stripe's own verifier, over the raw bytes, with each secret of the site. What the SDK
leaves open is closed here: calls dated in the future (S3), secrets that are none (S2), bodies that are no object (A15).
"""

import json
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import stripe

from ... import clock
from ..gateway import BadSignature, Notice

#: In both directions, and not a setting: an older or later call is a replay (S3).
TOLERANCE_SECONDS = 300
#: What is shorter is no secret: "whsec_" without the rest, a letter of a string that should have been a list (S2).
SHORTEST_SECRET = 8

Json = dict[str, object]

_ID = re.compile(r"[A-Za-z0-9_\-]{1,255}")
_TYPE = re.compile(r"[A-Za-z0-9_.\-\[\]]{1,100}")


class Malformed(BadSignature):
    """A body that is no event, however well it is signed. Answered like a bad signature: 400, nothing stored."""


def parse_notice(payload: bytes, signature: str, *, secrets: Sequence[str]) -> Notice:
    """The call as a notice, once it is proven genuine and fresh. Raises BadSignature, or Malformed."""
    _verify(payload, signature, secrets)
    event = _decode(payload)
    try:
        return READERS[_text(event, "object")](event)
    except KeyError:
        raise Malformed from None


def usable(secrets: Sequence[str | None]) -> list[str]:
    """The secrets that can prove anything. With none, every call is refused: it never fails open."""
    each = [secrets] if isinstance(secrets, str) else secrets
    stripped = [secret.strip() for secret in each if isinstance(secret, str)]
    return [secret for secret in stripped if len(secret) >= SHORTEST_SECRET]


def _verify(payload: bytes, signature: str, secrets: Sequence[str]) -> None:
    # The SDK compares texts, and cannot compare those that are not ASCII.
    if not signature or not signature.isascii():
        raise BadSignature
    if not any(_is_signed_with(secret, payload, signature) for secret in usable(secrets)):
        raise BadSignature
    if abs(clock.wall_time().timestamp() - _signed_at(signature)) > TOLERANCE_SECONDS:
        raise BadSignature


def _is_signed_with(secret: str, payload: bytes, signature: str) -> bool:
    try:
        return stripe.WebhookSignature.verify_header(payload, signature, secret, TOLERANCE_SECONDS)
    except (stripe.SignatureVerificationError, UnicodeDecodeError):
        return False


def _signed_at(signature: str) -> int:
    """The moment that was signed: read as the verifier reads it, or a second one could be smuggled in."""
    return next(int(value) for name, _, value in (part.partition("=") for part in signature.split(",")) if name == "t")


def _decode(payload: bytes) -> Json:
    try:
        event = json.loads(payload)
    # RecursionError: ten thousand brackets. ValueError covers bad JSON and numbers of a thousand digits.
    except (ValueError, RecursionError):
        raise Malformed from None
    if not isinstance(event, dict):
        raise Malformed
    return event


def _read_snapshot_event(event: Json) -> Notice:
    """The usual kind: it carries the object as it was, of which only the names are taken."""
    data = event.get("data")
    found = data.get("object") if isinstance(data, dict) else None
    subject: Json = found if isinstance(found, dict) else {}
    kind = _text(subject, "object")
    return Notice(
        id=_matching(_ID, event.get("id")),
        type=_matching(_TYPE, event.get("type")),
        account_id=_name(event.get("account")),
        livemode=event.get("livemode") is True,
        object_type=kind,
        object_id=_name(subject.get("id")),
        subscription_id=SUBSCRIPTION_OF.get(kind, _no_subscription)(subject),
        api_version=_text(event, "api_version"),
        created_at=_moment(event.get("created")),
    )


def _read_thin_event(event: Json) -> Notice:
    """The newer kind, which only names the object. Ours to tolerate, not to depend on (A8)."""
    related = event.get("related_object")
    subject: Json = related if isinstance(related, dict) else {}
    return Notice(
        id=_matching(_ID, event.get("id")),
        type=_matching(_TYPE, event.get("type")),
        account_id=_name(event.get("context")),
        livemode=event.get("livemode") is True,
        object_type=_text(subject, "type"),
        object_id=_name(subject.get("id")),
        subscription_id=_name(subject.get("id")) if _text(subject, "type") == "subscription" else "",
        api_version="",
        created_at=_moment(event.get("created")),
    )


def _own_id(subject: Json) -> str:
    return _name(subject.get("id"))


def _named(subject: Json) -> str:
    return _name(subject.get("subscription"))


def _of_parent(subject: Json) -> str:
    """Where an invoice says it since 2025; endpoints of an older version still say it at the top (A10)."""
    parent = subject.get("parent")
    details = parent.get("subscription_details") if isinstance(parent, dict) else None
    found = _name(details.get("subscription")) if isinstance(details, dict) else ""
    return found or _named(subject)


def _no_subscription(subject: Json) -> str:
    return ""


#: By the event's own kind. Another kind of body is no event of Stripe's.
READERS: dict[str, Callable[[Json], Notice]] = {
    "event": _read_snapshot_event,
    "v2.core.event": _read_thin_event,
}

#: Where an object says to which subscription it belongs. The others do not say.
SUBSCRIPTION_OF: dict[str, Callable[[Json], str]] = {
    "subscription": _own_id,
    "invoice": _of_parent,
    "invoiceitem": _of_parent,
    "checkout.session": _named,
    "subscription_schedule": _named,
    "discount": _named,
}


def _text(source: Json, name: str) -> str:
    value = source.get(name)
    return value[:100] if isinstance(value, str) and value.isprintable() else ""


def _name(value: object) -> str:
    """An id, plain or of an expanded object; what cannot be one is none."""
    if isinstance(value, dict):
        value = value.get("id")
    return value if isinstance(value, str) and _ID.fullmatch(value) else ""


def _matching(pattern: re.Pattern[str], value: object) -> str:
    if isinstance(value, str) and pattern.fullmatch(value):
        return value
    raise Malformed


def _moment(value: object) -> datetime:
    """When Stripe made the event: seconds in snapshots, ISO 8601 in thin ones."""
    try:
        if isinstance(value, str):
            return datetime.fromisoformat(value).astimezone(UTC)
        if isinstance(value, int):
            return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        raise Malformed from None
    raise Malformed
