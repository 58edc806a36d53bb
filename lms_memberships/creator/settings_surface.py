"""Which settings are there about payments, what do they say now, and where is each of them changed (V7)?

In three parts, as the help is arranged (V47). Secrets are never shown: only whether they are set.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .. import conf

Text = str | Promise

SECRET = frozenset({"STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRETS"})


@dataclass(frozen=True)
class Part:
    """One heading of the page. ``settings``: name → what it does. ``pages``: what is set on a page of the admin."""

    slug: str
    title: Text
    about: Text
    settings: dict[str, Text]
    #: Address by name, label, what is set there.
    pages: tuple[tuple[str, Text, Text], ...]


SETTING_UP = Part(
    "setting-up",
    gettext_lazy("Setting up payments"),
    gettext_lazy("The connection to Stripe, tax, and what buyers agree to."),
    {
        "STRIPE_SECRET_KEY": gettext_lazy(
            "The key with which this site speaks to Stripe. It is never stored or shown."
        ),
        "STRIPE_WEBHOOK_SECRETS": gettext_lazy("With these, calls of Stripe's are told from forged ones."),
        "STRIPE_API_BASE": gettext_lazy("Another address instead of Stripe's, for trying things out."),
        "STRIPE_CALLS_PER_SECOND": gettext_lazy("So many calls a second may background work make."),
        "DEFAULT_CURRENCY": gettext_lazy("The currency with which a new membership begins."),
        "STRIPE_TAX": gettext_lazy("Whether Stripe reckons tax for every purchase."),
        "TAX_BEHAVIOR": gettext_lazy("Whether tax is part of the prices or added to them."),
        "TERMS_URL": gettext_lazy("The terms of sale that buyers accept."),
        "TERMS_VERSION": gettext_lazy("What the present terms are called."),
        "TERMS_BOX": gettext_lazy("Whether buyers tick a box to accept them."),
        "PRIVACY_URL": gettext_lazy("The privacy notice, linked before every purchase."),
        "BASE_URL": gettext_lazy("The address of this site in mails and at Stripe."),
    },
    (
        ("lms_memberships_stripe_settings", gettext_lazy("Stripe"), gettext_lazy("the account, its key, its webhooks")),
        (
            "lms_memberships_health",
            gettext_lazy("Memberships: health"),
            gettext_lazy("what is wrong, and what mends it"),
        ),
        (
            "lms_memberships_portal_settings",
            gettext_lazy("Stripe's customer portal"),
            gettext_lazy("where cards are changed"),
        ),
    ),
)
CUSTOMIZING = Part(
    "customizing",
    gettext_lazy("Customizing payment options"),
    gettext_lazy("What is sold, in which ways, and what happens when a payment fails."),
    {
        "PAST_DUE_GRACE_DAYS": gettext_lazy("Days of access after a failed payment, where a membership sets none."),
        "UNPAID_KEEPS_ACCESS": gettext_lazy("Whether access stays open until Stripe ends the subscription."),
        "PRICE_CHANGE_NOTICE_DAYS": gettext_lazy("So many days before members pay another price they are told."),
        "ON_FULL_REFUND": gettext_lazy("What giving all of a payment back does to access."),
        "ON_DISPUTE": gettext_lazy("What becomes of access while a payment is disputed at a bank."),
        "WITHDRAWAL_DAYS": gettext_lazy("For so many days buyers can withdraw from a purchase."),
        "GUEST_CHECKOUT": gettext_lazy("Whether visitors may buy before they have an account."),
        "GIFT_VALID_MONTHS": gettext_lazy("For so many months a gift can be redeemed."),
        "OVERBOOK_LATE_PAYMENTS": gettext_lazy("Whether somebody who pays after the last place has gone is let in."),
        "WAITING_HOLD_HOURS": gettext_lazy("For so many hours a free place is kept for the next on the waiting list."),
        "CHECKOUTS_PER_PERSON_A_DAY": gettext_lazy("So many payment pages may one person open in a day."),
        "CHECKOUTS_PER_ADDRESS_A_DAY": gettext_lazy("So many may be opened from one network address in a day."),
        "STRIPE_PRESSES_PER_PERSON_A_MINUTE": gettext_lazy("So often a minute may one person have Stripe asked."),
        "BEFORE_CHECKOUT": gettext_lazy("What the site asks before a payment page, such as a captcha."),
    },
    (
        (
            "wagtailsnippets_lms_memberships_membership:list",
            gettext_lazy("Memberships"),
            gettext_lazy("prices, trials, limits and days of grace of each"),
        ),
        ("lms_memberships_promotions_list", gettext_lazy("Promotion codes"), gettext_lazy("discounts")),
        ("lms_memberships_ladders_list", gettext_lazy("Tiers"), gettext_lazy("memberships in order, and upsell pages")),
        ("lms_memberships_gifts_offers", gettext_lazy("What gifts cost"), gettext_lazy("how long, and for how much")),
        (
            "lms_memberships_invitations_list",
            gettext_lazy("Invitations"),
            gettext_lazy("links with a price of their own"),
        ),
    ),
)
MEMBERS_SEE = Part(
    "members-see",
    gettext_lazy("What paid members see"),
    gettext_lazy("Their account, their mails and their invoices."),
    {
        "SIGN_UP_URL": gettext_lazy("Where people make an account before they join."),
        "HELP_EMAIL": gettext_lazy("Where people who are stuck write to."),
        "HELP_URL": gettext_lazy("A page with help, linked beside it."),
        "ADMIN_EMAILS": gettext_lazy("Who hears of sales."),
        "EMBED_ORIGINS": gettext_lazy("Sites that may show the card of a membership."),
        "KEEP_INVOICES_YEARS": gettext_lazy("For so many years are the facts of an invoice kept."),
    },
    (
        ("lms_memberships_email_settings", gettext_lazy("E-mail settings"), gettext_lazy("which e-mails go out")),
        (
            "lms_memberships:list",
            gettext_lazy("The memberships, as visitors see them"),
            gettext_lazy("what is on sale"),
        ),
        ("lms_memberships:account", gettext_lazy("The account page"), gettext_lazy("what members hold and can do")),
        ("lms_memberships_invoices_list", gettext_lazy("Invoices"), gettext_lazy("what was billed and paid")),
    ),
)
PARTS = (SETTING_UP, CUSTOMIZING, MEMBERS_SEE)

#: Settings that no payment depends on: the clock of tests, how things are shown, how long background work keeps what.
OTHERS = frozenset(
    {
        "CLOCK",
        "EXPORT_ESCAPES_FORMULAS",
        "HTML_SANITIZER",
        "KEEP_IDS_DAYS",
        "KEEP_TEXT_DAYS",
        "LEASE_SECONDS",
        "OLDEST_NEWS_HOURS",
        "PEOPLE_AT_ONCE",
        "REQUIRE_MEMBERSHIP",
        "SHOW_DESCRIPTIONS",
        "SHOW_TITLES",
        "STRIPE_CONNECT_CLIENT_ID",
        "TRUSTED_PROXIES",
        "WEBHOOK_MAX_BYTES",
    }
)


def value_of(name: str) -> str:
    """The present value, in words. Of a secret only whether there is one."""
    value = getattr(conf, name)
    if name in SECRET:
        return _("set") if _has_something(value) else _("not set")
    return next((say(value) for kind, say in SAYING if isinstance(value, kind)), str(value)) or _("not set")


def _has_something(value: Any) -> bool:
    return bool(value.strip() if isinstance(value, str) else [each for each in value or () if each.strip()])


#: A yes is a number to Python: it comes first.
SAYING: tuple[tuple[type | tuple[type, ...], Callable[[Any], str]], ...] = (
    (bool, lambda value: _("yes") if value else _("no")),
    ((tuple, list, set, frozenset), lambda value: ", ".join(str(each) for each in value)),
)
