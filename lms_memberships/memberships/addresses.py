"""What is the address of a membership? Made from its title once, and kept: shared links must live."""

from typing import TYPE_CHECKING
from urllib.parse import urljoin

from django.utils.text import slugify
from wagtail.models import Site

from .. import conf

if TYPE_CHECKING:
    from .models import Membership

LONGEST = 120
#: Pages of ours that stand beside the memberships' own.
RESERVED = frozenset(
    {
        "account",
        "claim",
        "done",
        "embed",
        "gift",
        "gifts",
        "guest",
        "invitation",
        "invoices",
        "portal",
        "switch",
        "tiers",
        "webhooks",
    }
)


def public_url(path: str) -> str:
    """A full address of the site for mails and for Stripe, never taken from the request's Host (S18)."""
    return urljoin(_base_url(), path)


def _base_url() -> str:
    if conf.BASE_URL:
        return conf.BASE_URL
    site = Site.objects.select_related("root_page").order_by("-is_default_site").first()
    return site.root_url if site else ""


def free_slug(membership: "Membership") -> str:
    """A slug that no other membership has: "gold", then "gold-2" and so on."""
    base = slugify(membership.title, allow_unicode=True)[:LONGEST] or "membership"
    taken = RESERVED | set(type(membership).objects.filter(slug__startswith=base).values_list("slug", flat=True))
    if base not in taken:
        return base
    return next(slug for slug in (f"{base}-{number}" for number in range(2, len(taken) + 3)) if slug not in taken)
