"""Which settings are there, of what type, with what default, and why? All start with ``LMS_MEMBERSHIPS_``."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings

PREFIX = "LMS_MEMBERSHIPS_"


@dataclass(frozen=True)
class Setting:
    """One setting: what it is when a site says nothing, and the reason it exists."""

    default: Any
    reason: str


SETTINGS: dict[str, Setting] = {
    "STRIPE_SECRET_KEY": Setting("", "The site's own Stripe key, best a restricted one (rk_…). Never stored."),
    "STRIPE_WEBHOOK_SECRETS": Setting((), "Signing secrets of the webhook endpoint; several while one is replaced."),
    "STRIPE_API_BASE": Setting(
        "", "Another address for all of Stripe's API, such as the sandbox. Empty: Stripe's own."
    ),
    "STRIPE_CONNECT_CLIENT_ID": Setting("", "The platform's client id, where owners connect accounts of their own."),
    "CLOCK": Setting("", "Dotted path of a function that returns the domain's present moment. Empty: real time."),
    "PAST_DUE_GRACE_DAYS": Setting(7, "Days of access after a failed payment, where a membership sets none."),
    "DEFAULT_CURRENCY": Setting("eur", "The currency that a new membership starts with."),
    "HTML_SANITIZER": Setting("", "Dotted path of a function html -> html that cleans descriptions. Empty: bleach."),
    "REQUIRE_MEMBERSHIP": Setting(default=False, reason="A members-only site: every page asks for a live membership."),
    "SIGN_UP_URL": Setting("", "Where people without an account make one before they join. Empty: the sign-in page."),
    "HELP_EMAIL": Setting("", "Where people who are stuck write to; shown on every screen of ours."),
    "HELP_URL": Setting("", "A page with help, shown beside the e-mail address."),
    "TERMS_URL": Setting("", "The site's terms of sale, linked before every purchase."),
    "PRIVACY_URL": Setting("", "The site's privacy notice, linked before every purchase."),
    "ADMIN_EMAILS": Setting((), "Who hears of sales. Empty: every active user who may publish memberships."),
    "BASE_URL": Setting("", "The address of the site for links in mails and at Stripe. Empty: Wagtail's default site."),
    "WEBHOOK_MAX_BYTES": Setting(1024 * 1024, "Larger webhook bodies are refused before they are read."),
}

STRIPE_SECRET_KEY: str
STRIPE_WEBHOOK_SECRETS: tuple[str, ...] | list[str]
STRIPE_API_BASE: str
STRIPE_CONNECT_CLIENT_ID: str
CLOCK: str
PAST_DUE_GRACE_DAYS: int
DEFAULT_CURRENCY: str
HTML_SANITIZER: str
REQUIRE_MEMBERSHIP: bool
SIGN_UP_URL: str
HELP_EMAIL: str
HELP_URL: str
TERMS_URL: str
PRIVACY_URL: str
ADMIN_EMAILS: tuple[str, ...] | list[str]
BASE_URL: str
WEBHOOK_MAX_BYTES: int


def __getattr__(name: str) -> Any:
    # Read at each use: override_settings and late configuration both work.
    try:
        setting = SETTINGS[name]
    except KeyError:
        raise AttributeError(name) from None
    return getattr(settings, PREFIX + name, setting.default)
