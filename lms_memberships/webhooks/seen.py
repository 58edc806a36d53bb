"""What does a proven call tell the health page? When one came, signed with which secret, in which version (S4, N7)."""

import logging

from .. import signs
from ..payments.gateway import Notice
from ..payments.stripe_gateway.client import API_VERSION

logger = logging.getLogger(__name__)

#: One row for each secret; the last valid call is the latest of them.
SECRET = "webhook.secret."  # noqa: S105 - a name
OTHER_VERSION = "webhook.other_version"
OTHER_MODE = "webhook.other_mode"
OTHER_ACCOUNT = "webhook.other_account"

_told: set[str] = set()


def note_call(notice: Notice) -> None:
    """It was Stripe's. A row a minute at most, whatever a burst brings."""
    signs.note(SECRET + notice.signed_with)
    # The newer kind of event names only the object and has no version.
    if notice.api_version and notice.api_version != API_VERSION:
        signs.note(OTHER_VERSION, details={"version": notice.api_version})
        _tell_once(notice.api_version)


def note_stranger(name: str, notice: Notice) -> None:
    """Proven, and not for this site: without effect."""
    if signs.note(name, details={"account": notice.account_id, "livemode": notice.livemode}):
        logger.warning("Webhook %s ignored (%s). Said once a minute.", notice.id, name)


def _tell_once(version: str) -> None:
    if version not in _told:
        _told.add(version)
        logger.error(
            "Stripe's webhooks come in API version %s and not in %s: make a new endpoint (memberships_doctor says how)",
            version,
            API_VERSION,
        )
