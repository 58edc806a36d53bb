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
    "STRIPE_CALLS_PER_SECOND": Setting(
        20,
        "So many calls a second may background work make, over all processes. Buyers never wait for it. 0: no limit.",
    ),
    "CLOCK": Setting("", "Dotted path of a function that returns the domain's present moment. Empty: real time."),
    "PAST_DUE_GRACE_DAYS": Setting(7, "Days of access after a failed payment, where a membership sets none."),
    "UNPAID_KEEPS_ACCESS": Setting(
        default=False, reason="Access stays open while a payment is missing, until Stripe ends the subscription."
    ),
    "KEEP_INVOICES_YEARS": Setting(10, "How long the facts of an invoice outlive the account of whoever paid it."),
    "ON_FULL_REFUND": Setting(
        "keep",
        "What a full refund does to access: “keep” it, or “close” it at once and charge nothing more. A part never does.",
    ),
    "ON_DISPUTE": Setting(
        "suspend",
        "Of what is disputed at the bank: “suspend” access and the renewal until it is won, or “keep” both.",
    ),
    "OVERBOOK_LATE_PAYMENTS": Setting(
        default=False,
        reason="Who pays after the last place has gone is let in all the same. Off: refunded and told, at once.",
    ),
    "WAITING_HOLD_HOURS": Setting(48, "How long a free place is kept for somebody on the waiting list who was told."),
    "GIFT_VALID_MONTHS": Setting(
        12, "So many months after its delivery can a gift be redeemed. It is said before it is paid, and in the mails."
    ),
    "WITHDRAWAL_DAYS": Setting(
        0, "So many days after a purchase buyers can withdraw from it, and get all of it back; EU law: 14. 0: not here."
    ),
    "CHECKOUTS_PER_PERSON_A_DAY": Setting(
        20, "So many payment pages may one person open within 24 hours: stolen cards are tried out there. 0: no limit."
    ),
    "CHECKOUTS_PER_ADDRESS_A_DAY": Setting(
        60, "The same for everybody behind one network address, such as a school's. 0: no limit."
    ),
    "STRIPE_PRESSES_PER_PERSON_A_MINUTE": Setting(
        60,
        "So many presses and pages a minute that ask Stripe has each signed-in person. Jobs have none. 0: no limit.",
    ),
    "GUEST_CHECKOUT": Setting(
        default=False,
        reason="Visitors may buy before they have an account; what they bought is claimed through their mailbox.",
    ),
    "BEFORE_CHECKOUT": Setting(
        "", "Dotted path of a function(request) that may raise a Refusal: for a captcha. Empty: nothing is asked."
    ),
    "DEFAULT_CURRENCY": Setting("eur", "The currency that a new membership starts with."),
    "HTML_SANITIZER": Setting("", "Dotted path of a function html -> html that cleans descriptions. Empty: bleach."),
    "REQUIRE_MEMBERSHIP": Setting(default=False, reason="A members-only site: every page asks for a live membership."),
    "SHOW_TITLES": Setting(
        default=True, reason="Titles of closed things may be shown: on the paywall, in teasers. Off: “Members only”."
    ),
    "SHOW_DESCRIPTIONS": Setting(
        default=False, reason="Search descriptions of closed things may be shown in teasers: feeds, lists, previews."
    ),
    "SIGN_UP_URL": Setting("", "Where people without an account make one before they join. Empty: the sign-in page."),
    "HELP_EMAIL": Setting("", "Where people who are stuck write to; shown on every screen of ours."),
    "HELP_URL": Setting("", "A page with help, shown beside the e-mail address."),
    "TERMS_URL": Setting("", "The site's terms of sale: whoever buys must accept them. Empty: nobody is asked."),
    "TERMS_VERSION": Setting(
        "", "What the present terms are called, such as “2027-01”; kept with each purchase. Empty: their address."
    ),
    "TERMS_BOX": Setting(
        default=True,
        reason="Buyers tick a box to accept the terms. Off: they accept by pressing, and the page says so.",
    ),
    "STRIPE_TAX": Setting(default=False, reason="Stripe reckons tax for every purchase, and collects tax ids."),
    "TAX_BEHAVIOR": Setting(
        "inclusive", "How prices are made: “inclusive”, tax is part of them, or “exclusive”, it is added."
    ),
    "PRIVACY_URL": Setting("", "The site's privacy notice, linked before every purchase."),
    "ADMIN_EMAILS": Setting((), "Who hears of sales. Empty: every active user who may publish memberships."),
    "EMBED_ORIGINS": Setting(
        (), "Sites that may show the card of a membership in a frame, as https://example.org. Empty: none."
    ),
    "BASE_URL": Setting("", "The address of the site for links in mails and at Stripe. Empty: Wagtail's default site."),
    "TRUSTED_PROXIES": Setting(
        0, "How many proxies of yours stand before the site; X-Forwarded-For is believed as far back. 0: not at all."
    ),
    "WEBHOOK_MAX_BYTES": Setting(1024 * 1024, "Larger webhook bodies are refused before they are read."),
    "PRICE_CHANGE_NOTICE_DAYS": Setting(
        30, "So many days before members are moved to another price are they told, at least. Laws ask for it."
    ),
    "EXPORT_ESCAPES_FORMULAS": Setting(
        default=True,
        reason="In CSV files, what a spreadsheet would run as a formula is written behind an apostrophe.",
    ),
    "PEOPLE_AT_ONCE": Setting(20_000, "For so many people at most is something done at once, from the list of people."),
    "LEASE_SECONDS": Setting(60, "How long a worker may be silent before another takes over what it held."),
    "OLDEST_NEWS_HOURS": Setting(48, "What happened longer ago, and is only learnt now, causes no e-mail."),
    "KEEP_TEXT_DAYS": Setting(90, "After this, what is done loses its texts: failures, and what e-mails named."),
    "KEEP_IDS_DAYS": Setting(400, "After this, webhook events and e-mails that are done are deleted."),
}

STRIPE_SECRET_KEY: str
STRIPE_WEBHOOK_SECRETS: tuple[str, ...] | list[str]
STRIPE_API_BASE: str
STRIPE_CONNECT_CLIENT_ID: str
STRIPE_CALLS_PER_SECOND: float
CLOCK: str
PAST_DUE_GRACE_DAYS: int
UNPAID_KEEPS_ACCESS: bool
KEEP_INVOICES_YEARS: int
ON_FULL_REFUND: str
ON_DISPUTE: str
OVERBOOK_LATE_PAYMENTS: bool
WAITING_HOLD_HOURS: float
GIFT_VALID_MONTHS: int
WITHDRAWAL_DAYS: int
CHECKOUTS_PER_PERSON_A_DAY: int
CHECKOUTS_PER_ADDRESS_A_DAY: int
STRIPE_PRESSES_PER_PERSON_A_MINUTE: int
GUEST_CHECKOUT: bool
BEFORE_CHECKOUT: str
DEFAULT_CURRENCY: str
HTML_SANITIZER: str
REQUIRE_MEMBERSHIP: bool
SHOW_TITLES: bool
SHOW_DESCRIPTIONS: bool
SIGN_UP_URL: str
HELP_EMAIL: str
HELP_URL: str
TERMS_URL: str
TERMS_VERSION: str
TERMS_BOX: bool
STRIPE_TAX: bool
TAX_BEHAVIOR: str
PRIVACY_URL: str
ADMIN_EMAILS: tuple[str, ...] | list[str]
EMBED_ORIGINS: tuple[str, ...] | list[str]
BASE_URL: str
TRUSTED_PROXIES: int
WEBHOOK_MAX_BYTES: int
PRICE_CHANGE_NOTICE_DAYS: int
EXPORT_ESCAPES_FORMULAS: bool
PEOPLE_AT_ONCE: int
LEASE_SECONDS: int
OLDEST_NEWS_HOURS: int
KEEP_TEXT_DAYS: int
KEEP_IDS_DAYS: int


def __getattr__(name: str) -> Any:
    # Read at each use: override_settings and late configuration both work.
    try:
        setting = SETTINGS[name]
    except KeyError:
        raise AttributeError(name) from None
    return getattr(settings, PREFIX + name, setting.default)
