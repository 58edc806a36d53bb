"""Which settings contradict each other or are missing? Said when the server starts, not when somebody pays."""

import re
from collections.abc import Callable, Iterable, Sequence
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.urls import NoReverseMatch, Resolver404, get_resolver, resolve, reverse
from django.utils import translation

from . import conf
from .access.checks import documents_pass_the_door
from .access.searches import searches_ask_who_may_see
from .health.evidence import task_backend
from .health.lights.key import KEY_FORMAT
from .memberships.checks import tax_behavior_is_known
from .payments.connect import configured_key, livemode_of
from .payments.stripe_gateway.notices import usable
from .portal.checks import embed_origins_are_origins
from .subscriptions.checks import people_have_numbers

#: As Stripe makes them; those of tests and of the sandbox are shorter.
SECRET_FORMAT = re.compile(r"whsec_[\w\-+/=]{24,}")
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

Found = Iterable[checks.CheckMessage]


def register() -> None:
    """Called once, when the app is ready."""
    for check in AT_START:
        checks.register(_run(check), "lms_memberships")
    for check in BEFORE_PRODUCTION:
        checks.register(_run(check), "lms_memberships", deploy=True)


def key_is_one() -> Found:
    key = configured_key()
    if key and not KEY_FORMAT.fullmatch(key):
        yield checks.Error(
            "LMS_MEMBERSHIPS_STRIPE_SECRET_KEY is not a secret or restricted key of Stripe's.",
            hint="It starts with sk_test_, sk_live_, rk_test_ or rk_live_. A publishable key (pk_…) cannot sell.",
            id="lms_memberships.E001",
        )


def webhook_secrets_are_usable() -> Found:
    """A blank secret proves nothing (S2)."""
    secrets = conf.STRIPE_WEBHOOK_SECRETS
    if isinstance(secrets, str):
        yield checks.Error(
            "LMS_MEMBERSHIPS_STRIPE_WEBHOOK_SECRETS is one text, and has to be a list of texts.",
            hint='Write ["whsec_…"].',
            id="lms_memberships.E002",
        )
        return
    if len(usable(secrets or ())) < len(secrets or ()):
        yield checks.Error(
            "LMS_MEMBERSHIPS_STRIPE_WEBHOOK_SECRETS has a secret that is blank or incomplete.",
            hint="Copy the endpoint's whole signing secret from Stripe's dashboard; it starts with whsec_.",
            id="lms_memberships.E003",
        )
    if configured_key() and not secrets:
        yield checks.Warning(
            "There is a Stripe key, but no signing secret for webhooks: every call of Stripe's is refused.",
            hint="Set LMS_MEMBERSHIPS_STRIPE_WEBHOOK_SECRETS. The address to register stands under Settings → Stripe.",
            id="lms_memberships.W004",
        )


def real_money_stays_out_of_play() -> Found:
    key = configured_key()
    if not key or not livemode_of(key):
        return
    if _is_loopback(conf.STRIPE_API_BASE):
        yield checks.Error(
            "A live Stripe key would be sent to a stand-in for Stripe.",
            hint="Use a test key with LMS_MEMBERSHIPS_STRIPE_API_BASE, or remove that setting.",
            id="lms_memberships.E005",
        )
    if settings.DEBUG:
        yield checks.Warning(
            "A live Stripe key is used with DEBUG = True.",
            hint="Develop with a test key: purchases made here charge real cards.",
            id="lms_memberships.W006",
        )


def webhook_answers() -> Found:
    """A11: the address exists, and no page's address before it swallows the call."""
    # Stripe's calls have no language: they come to the address of the site's own.
    with translation.override(settings.LANGUAGE_CODE):
        try:
            address = reverse("lms_memberships:webhook")
        except NoReverseMatch:
            yield checks.Warning(
                "Stripe has no address to call: lms_memberships.urls is not in the site's URLs.",
                hint='Add path("memberships/", include("lms_memberships.urls")) before Wagtail\'s own.',
                id="lms_memberships.W007",
            )
            return
        swallowed = [tried for tried in (address, address.rstrip("/")) if not _leads_to_us(tried)]
    for tried in swallowed:
        yield checks.Error(
            f"Calls of Stripe's to {tried} are answered by another part of the site.",
            hint='Put path("memberships/", include("lms_memberships.urls")) before Wagtail\'s catch-all.',
            id="lms_memberships.E008",
        )
    if address.startswith(f"/{settings.LANGUAGE_CODE}/"):
        yield checks.Warning(
            f"Stripe calls an address with a language in it: {address}.",
            hint="It moves when LANGUAGE_CODE does. Mount lms_memberships.urls outside i18n_patterns, or give them "
            "prefix_default_language=False.",
            id="lms_memberships.W009",
        )


def terms_are_set() -> Found:
    """Part of the publishing checklist (X18)."""
    if not conf.TERMS_URL:
        yield checks.Warning(
            "LMS_MEMBERSHIPS_TERMS_URL is not set: students buy without seeing terms of sale.",
            hint="Stripe and consumer law ask for them before a payment.",
            id="lms_memberships.W010",
        )


def sandbox_stays_at_home() -> Found:
    """Design: the stand-in never serves a production site."""
    if _is_loopback(conf.STRIPE_API_BASE) and not settings.DEBUG:
        yield checks.Warning(
            "LMS_MEMBERSHIPS_STRIPE_API_BASE leads to this machine, and DEBUG is off: nobody would be charged.",
            hint="Remove the setting in production. The sandbox is for development and tests.",
            id="lms_memberships.W011",
        )


def somebody_works() -> Found:
    backend = task_backend()
    if backend.endswith(("ImmediateBackend", "DummyBackend")):
        yield checks.Warning(
            "No worker: what follows a payment is done inside web requests, and slow neighbours make them slow.",
            hint=(
                "Run `memberships_drain --loop`, or use django-tasks-db or django-tasks-rq with a worker. "
                "Silence this warning where the command runs."
            ),
            id="lms_memberships.W012",
        )


def sqlite_waits_its_turn() -> Found:
    """A webhook and the way back from Stripe write in the same second."""
    database = settings.DATABASES.get("default", {})
    is_sqlite = str(database.get("ENGINE", "")).endswith("sqlite3")
    if is_sqlite and database.get("OPTIONS", {}).get("transaction_mode") != "IMMEDIATE":
        yield checks.Warning(
            "SQLite without IMMEDIATE transactions: a webhook and a return page at once end in “database is locked”.",
            hint='Set DATABASES["default"]["OPTIONS"] = {"transaction_mode": "IMMEDIATE", "timeout": 20}.',
            id="lms_memberships.W014",
        )


def production_has_a_key() -> Found:
    key = configured_key()
    if not key:
        yield checks.Warning(
            "LMS_MEMBERSHIPS_STRIPE_SECRET_KEY is not set: nothing can be sold.", id="lms_memberships.W013"
        )
    elif not livemode_of(key):
        yield checks.Warning(
            "LMS_MEMBERSHIPS_STRIPE_SECRET_KEY is a test key: whoever buys is not charged.",
            hint="Use the live key (rk_live_…), or silence this warning where you only try things out.",
            id="lms_memberships.W016",
        )


def production_has_true_secrets() -> Found:
    """N2: an invented secret is one that others can guess, and without one every payment goes unheard."""
    if not configured_key() or _is_loopback(conf.STRIPE_API_BASE):
        return
    secrets = usable(conf.STRIPE_WEBHOOK_SECRETS or ())
    if not secrets:
        yield checks.Error(
            "There is no signing secret for webhooks: every call of Stripe's is refused, and no payment is heard of.",
            hint="Set LMS_MEMBERSHIPS_STRIPE_WEBHOOK_SECRETS, or make an endpoint under Settings → Memberships: health.",
            id="lms_memberships.E015",
        )
    if any(not SECRET_FORMAT.fullmatch(secret) for secret in secrets):
        yield checks.Error(
            "LMS_MEMBERSHIPS_STRIPE_WEBHOOK_SECRETS has a secret that Stripe did not make.",
            hint="Stripe's begin with whsec_ and are long. The sandbox's and invented ones can be guessed.",
            id="lms_memberships.E017",
        )


def copies_can_be_told() -> Found:
    """E9: the database travels with a copy, the settings need not."""
    if not (conf.BASE_URL or getattr(settings, "WAGTAILADMIN_BASE_URL", "")):
        yield checks.Warning(
            "Neither LMS_MEMBERSHIPS_BASE_URL nor WAGTAILADMIN_BASE_URL is set: a copy of this site would charge and "
            "write to people like the site itself.",
            hint="Set LMS_MEMBERSHIPS_BASE_URL to the site's address, differently for each copy.",
            id="lms_memberships.W018",
        )


def news_of_mails_are_proven() -> Found:
    """Anybody could tell that a mail bounced, or that somebody complained (S52)."""
    if not _is_mounted("anymail"):
        return
    said = getattr(settings, "ANYMAIL", {})
    names = ("WEBHOOK_SECRET", *SERVICES_THAT_SIGN)
    if not any(said.get(name) or getattr(settings, f"ANYMAIL_{name}", None) for name in names):
        yield checks.Error(
            "anymail's webhooks are mounted, and nothing proves who calls them.",
            hint='Set ANYMAIL["WEBHOOK_SECRET"], or the signing key of your e-mail service.',
            id="lms_memberships.E015",
        )


#: anymail's settings for services that sign what they tell.
SERVICES_THAT_SIGN = (
    "MAILERSEND_SIGNING_SECRET",
    "MAILGUN_WEBHOOK_SIGNING_KEY",
    "MAILTRAP_WEBHOOK_SECRET",
    "MANDRILL_WEBHOOK_KEY",
    "POSTAL_WEBHOOK_KEY",
    "RESEND_SIGNING_SECRET",
    "SENDGRID_TRACKING_WEBHOOK_VERIFICATION_KEY",
)

AT_START: tuple[Callable[[], Found], ...] = (
    key_is_one,
    webhook_secrets_are_usable,
    real_money_stays_out_of_play,
    webhook_answers,
    terms_are_set,
    tax_behavior_is_known,
    sqlite_waits_its_turn,
    documents_pass_the_door,
    news_of_mails_are_proven,
    embed_origins_are_origins,
    people_have_numbers,
)
#: Run by ``check --deploy`` alone: tests and trials may well do without.
BEFORE_PRODUCTION: tuple[Callable[[], Found], ...] = (
    sandbox_stays_at_home,
    somebody_works,
    production_has_a_key,
    production_has_true_secrets,
    copies_can_be_told,
    searches_ask_who_may_see,
)


def _run(check: Callable[[], Found]) -> Callable[..., list[checks.CheckMessage]]:
    def run(app_configs: Sequence[AppConfig] | None = None, **kwargs: object) -> list[checks.CheckMessage]:
        return list(check())

    run.__name__ = check.__name__
    run.__doc__ = check.__doc__
    return run


def _is_loopback(address: str) -> bool:
    return bool(address) and (urlsplit(address).hostname or "") in LOOPBACK


def _leads_to_us(path: str) -> bool:
    try:
        found = resolve(path)
    except Resolver404:
        # Without the slash it may lead nowhere, as long as it leads nowhere else.
        return not path.endswith("/")
    return found.app_names == ["lms_memberships"] and str(found.url_name).startswith("webhook")


def _is_mounted(namespace: str) -> bool:
    return namespace in get_resolver().app_dict
