"""Is this webhook call really Stripe's, and which object does it speak of?

The signature is checked by stripe's own verifier, over the raw bytes, with each secret of the site. What the SDK
leaves open is closed here: calls dated in the future (S3), secrets that are none (S2), bodies that are no object (A15).
"""

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
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


class OutOfTime(BadSignature):
    """Signed with a secret of ours, and dated far from our clock: a replay, or one of the two clocks is wrong (I8)."""


def parse_notice(payload: bytes, signature: str, *, secrets: Sequence[str]) -> Notice:
    """The call as a notice, once it is proven genuine and fresh. Raises BadSignature, OutOfTime or Malformed."""
    secret = _verify(payload, signature, secrets)
    event = _decode(payload)
    try:
        notice = READERS[_text(event, "object")](event)
    except KeyError:
        raise Malformed from None
    return replace(notice, signed_with=name_of(secret))


def usable(secrets: Sequence[str | None]) -> list[str]:
    """The secrets that can prove anything. With none, every call is refused: it never fails open."""
    each = [secrets] if isinstance(secrets, str) else secrets
    stripped = [secret.strip() for secret in each if isinstance(secret, str)]
    return [secret for secret in stripped if len(secret) >= SHORTEST_SECRET]


def name_of(secret: str) -> str:
    """Which secret it is, without saying it: safe to store and to log."""
    return hashlib.sha256(secret.encode()).hexdigest()[:12]


def is_dated_now(signature: str) -> bool:
    """Whether it says that it was signed just now: costs nothing, proves nothing, and spares hashing what is old."""
    try:
        signed_at = _signed_at(signature)
    except (StopIteration, ValueError):
        return False
    return abs(int(clock.wall_time().timestamp()) - signed_at) <= TOLERANCE_SECONDS


def _verify(payload: bytes, signature: str, secrets: Sequence[str]) -> str:
    """The secret that proves the call."""
    # The SDK compares texts, and cannot compare those that are not ASCII.
    if not signature or not signature.isascii():
        raise BadSignature
    proof = next((each for each in usable(secrets) if _is_signed_with(each, payload, signature)), None)
    if proof is None:
        raise BadSignature
    if not is_dated_now(signature):
        raise OutOfTime
    return proof


def _is_signed_with(secret: str, payload: bytes, signature: str) -> bool:
    # Its time is looked at afterwards: the SDK looks in one direction only, and does not say which of the two is wrong.
    try:
        return stripe.WebhookSignature.verify_header(payload, signature, secret, tolerance=None)
    except (stripe.SignatureVerificationError, UnicodeDecodeError):
        return False


def _signed_at(signature: str) -> int:
    """The moment that was signed: read as the verifier reads it, or a second one could be smuggled in."""
    parts = (part.split("=", 2) for part in signature.split(","))
    return next(int(part[1]) for part in parts if part[0] == "t" and len(part) > 1)


def _decode(payload: bytes) -> Json:
    try:
        event = json.loads(payload)
    # RecursionError: ten thousand brackets. ValueError covers bad JSON and numbers of a thousand digits.
    except (ValueError, RecursionError):
        raise Malformed from None
    if not isinstance(event, dict):
        raise Malformed
    return event


def read_event(event: Json) -> Notice:
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
    "event": read_event,
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
