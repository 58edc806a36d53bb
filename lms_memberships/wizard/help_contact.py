"""Whom can a creator ask? The site's help address and page, on every screen of the wizard (U41)."""

from dataclasses import dataclass

from .. import conf


@dataclass(frozen=True)
class Contact:
    """Either may be empty."""

    email: str
    url: str


def contact() -> Contact | None:
    """None where the site names neither."""
    found = Contact(conf.HELP_EMAIL, conf.HELP_URL)
    return found if found.email or found.url else None
