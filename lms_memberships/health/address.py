"""At which address does Stripe call this site? The one that an owner registers, and how addresses are compared."""

from urllib.parse import urlsplit

from django.conf import settings
from django.urls import NoReverseMatch, reverse
from django.utils.translation import override

from ..memberships import addresses


def webhook_url() -> str:
    """The address to register at Stripe; empty where the add-on's addresses are not mounted."""
    try:
        # In the site's own language, where addresses have one: Stripe's calls have none.
        with override(settings.LANGUAGE_CODE):
            return addresses.public_url(reverse("lms_memberships:webhook"))
    except NoReverseMatch:
        return ""


def is_same(one: str, other: str) -> bool:
    """Whether two addresses lead to the same door: with the slash at the end or without (A12)."""
    return _parts(one) == _parts(other)


def has_our_path(url: str, ours: str) -> bool:
    """Whether it would be our door if the host were right."""
    return _parts(url)[1] == _parts(ours)[1]


def _parts(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.netloc.lower(), parts.path.rstrip("/")
