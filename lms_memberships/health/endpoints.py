"""Which of Stripe's endpoints are ours, and how far is one of them replaced by another?"""

from collections.abc import Mapping, Sequence

from ..payments.endpoints import EndpointSnapshot
from ..signs import Sign
from . import address

#: One row for each endpoint that we made: which secret is its own.
MADE = "endpoint."
#: As ``webhooks.seen`` notes it.
SECRET = "webhook.secret."  # noqa: S105 - a name


def ours(found: Sequence[EndpointSnapshot], url: str) -> list[EndpointSnapshot]:
    """Those that lead to this site's door, in either form."""
    return [each for each in found if url and address.is_same(each.url, url)]


def newest_made(enabled: Sequence[EndpointSnapshot], signs: Mapping[str, Sign]) -> EndpointSnapshot | None:
    """The last one that the health page made."""
    made = [each for each in enabled if MADE + each.id in signs]
    return max(made, key=lambda each: str(signs[MADE + each.id].details.get("at", "")), default=None)


def stage_of(enabled: Sequence[EndpointSnapshot], signs: Mapping[str, Sign], secrets: Sequence[str]) -> str:
    """waits_for_secret, waits_for_call, can_retire; or unknown, where several stand there that we did not make."""
    newest = newest_made(enabled, signs)
    if newest is None:
        return "unknown"
    secret = str(signs[MADE + newest.id].details.get("secret", ""))
    if secret not in secrets:
        return "waits_for_secret"
    return "can_retire" if SECRET + secret in signs else "waits_for_call"
