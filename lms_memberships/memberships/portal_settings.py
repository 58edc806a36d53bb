"""How has Stripe's billing portal to be set up, and how is it kept so? Made and mended through the API (P14–P16)."""

import hashlib
import ipaddress
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy, override, pgettext_lazy

from .. import clock, conf
from ..errors import Refusal
from ..payments import intents
from ..payments.gateway import Gateway, GatewayFailure, NotFound
from ..payments.models import Intent, PortalConfiguration
from ..payments.portal import PortalSettings, PortalSnapshot
from .addresses import public_url

Text = str | Promise

TERMS, PRIVACY = "LMS_MEMBERSHIPS_TERMS_URL", "LMS_MEMBERSHIPS_PRIVACY_URL"
#: How a configuration of ours says that it is ours, of which site, and from which settings it was made.
MARK, SITE_KEY, HASH_KEY = "lmsm", "lmsm_site", "lmsm_hash"
OURS = "portal"
#: What people may change of themselves: receipts need all of it, and nothing here depends on it (P5, V41).
DETAILS = ("address", "email", "name", "tax_id")
#: Among Stripe's reasons, in the order of its own list.
REASONS = (
    "customer_service",
    "low_quality",
    "missing_features",
    "other",
    "switched_service",
    "too_complex",
    "too_expensive",
    "unused",
)
#: Hosts that only this machine, or this house, knows.
PRIVATE = ("localhost", ".localhost", ".local", ".internal")


class PortalNotReady(Refusal):
    """Real money, and no terms to show: Stripe's rules for cards ask for them (P20)."""

    message = gettext_lazy(
        "The billing portal cannot be set up before the site names its terms and its privacy notice, "
        "at public https addresses."
    )

    @property
    def for_buyers(self) -> str:
        """How the site is set up is the creator's to know (S56)."""
        return str(GatewayFailure.said_to_buyers)


@dataclass(frozen=True)
class AddressProblem:
    """``setting``: its full name."""

    setting: str
    address: str
    sentence: Text


@dataclass(frozen=True)
class Difference:
    """One thing that is not as it should be, for people."""

    name: str
    label: Text
    wanted: str
    found: str


LABELS: dict[str, Text] = {
    "headline": gettext_lazy("Headline"),
    "terms_url": gettext_lazy("Terms of sale"),
    "privacy_url": gettext_lazy("Privacy notice"),
    "return_url": gettext_lazy("Way back to the site"),
    "details": gettext_lazy("People may change"),
    "cards": gettext_lazy("People may change their card"),
    "invoices": gettext_lazy("People see their invoices"),
    "cancels": gettext_lazy("People may cancel"),
    "cancel_mode": gettext_lazy("A cancellation takes effect"),
    "cancel_reasons": gettext_lazy("Reasons for cancelling"),
    "switches": gettext_lazy("People may change the price (“update subscriptions”)"),
    "pauses": gettext_lazy("People may pause"),
    "logs_in": gettext_lazy("Sign-in page of Stripe's own"),
    "is_active": gettext_lazy("Switched on"),
}
YES, NO, NOTHING = gettext_lazy("yes"), gettext_lazy("no"), gettext_lazy("nothing")
#: Stripe's words, in people's. What is in none of them is shown as it comes.
WORDS: dict[str, Text] = {
    "address": gettext_lazy("address"),
    "email": gettext_lazy("e-mail"),
    "name": pgettext_lazy("of a person", "name"),
    "tax_id": gettext_lazy("tax id"),
    "at_period_end": gettext_lazy("at the end of the period"),
    "immediately": gettext_lazy("at once"),
    "customer_service": gettext_lazy("customer service"),
    "low_quality": gettext_lazy("low quality"),
    "missing_features": gettext_lazy("something is missing"),
    "other": gettext_lazy("another reason"),
    "switched_service": gettext_lazy("found something else"),
    "too_complex": gettext_lazy("too complicated"),
    "too_expensive": gettext_lazy("too expensive"),
    "unused": gettext_lazy("not used"),
}


def wanted(*, livemode: bool) -> PortalSettings:
    """As it has to be. Without real money, an address that is none for the public is left out."""
    bad = set() if livemode else {each.setting for each in address_problems()}
    with override(settings.LANGUAGE_CODE):
        headline = gettext("Manage your membership")
        # One configuration serves everybody: whoever came last would decide for all where addresses have a language.
        return_url = public_url(reverse("lms_memberships:account"))
    return PortalSettings(
        headline=headline,
        terms_url="" if TERMS in bad else conf.TERMS_URL,
        privacy_url="" if PRIVACY in bad else conf.PRIVACY_URL,
        return_url=return_url,
        details=DETAILS,
        cards=True,
        invoices=True,
        cancels=True,
        cancel_mode="at_period_end",
        cancel_reasons=REASONS,
    )


def address_problems() -> tuple[AddressProblem, ...]:
    """What keeps the portal from showing the site's own terms and privacy notice (P20, P21)."""
    given = ((TERMS, conf.TERMS_URL), (PRIVACY, conf.PRIVACY_URL))
    found = ((name, address, _problem_of(address)) for name, address in given)
    return tuple(AddressProblem(name, address, sentence) for name, address, sentence in found if sentence)


def _problem_of(address: str) -> Text:
    if not address:
        return gettext_lazy("No address is set.")
    parts = urlsplit(address)
    if parts.scheme != "https":
        return gettext_lazy("It has to begin with https.")
    if not _is_public(parts.hostname or ""):
        return gettext_lazy("Nobody outside can open it.")
    return ""


def _is_public(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith(PRIVATE)


def differences(should_be: PortalSettings, found: PortalSettings) -> list[Difference]:
    """Field by field, in the order in which people read them (P15)."""
    pairs = ((each.name, getattr(should_be, each.name), getattr(found, each.name)) for each in fields(should_be))
    return [Difference(name, LABELS[name], shown(want), shown(have)) for name, want, have in pairs if want != have]


def shown(value: object) -> str:
    """For people: yes and no, or the words themselves."""
    if isinstance(value, bool):
        return str(YES if value else NO)
    if isinstance(value, tuple):
        return ", ".join(shown(each) for each in value) or str(NOTHING)
    return str(WORDS.get(str(value), value)) or str(NOTHING)


def stored(account_id: str, *, livemode: bool) -> PortalConfiguration | None:
    """What we keep of it. One query."""
    return PortalConfiguration.objects.filter(account=account_id, livemode=livemode).first()


def is_kept(row: PortalConfiguration | None, *, livemode: bool) -> bool:
    """Whether it was made from the settings as they are now."""
    return row is not None and row.settings_hash == hash_of(wanted(livemode=livemode))


def ensure(*, gateway: Gateway) -> str:
    """The configuration to which people are sent: as it is stored, made or brought up to date if it has to be.

    Raises PortalNotReady, or what the gateway raises. Where the site's addresses have become wrong, the one that is
    there goes on: nobody is kept from paying by that.
    """
    row = stored(gateway.account_id, livemode=gateway.livemode)
    has_no_addresses = gateway.livemode and bool(address_problems())
    if row is not None and (has_no_addresses or is_kept(row, livemode=gateway.livemode)):
        return row.stripe_id
    return mend(gateway=gateway)


def mend(*, gateway: Gateway) -> str:
    """Make it as it has to be, whatever anybody has clicked together meanwhile; a lost one is made anew."""
    if gateway.livemode and address_problems():
        raise PortalNotReady
    should_be = wanted(livemode=gateway.livemode)
    row = stored(gateway.account_id, livemode=gateway.livemode)
    portal_id = _update(row.stripe_id, should_be, gateway) if row is not None else None
    if portal_id is None:
        portal_id = _create(should_be, gateway)
    PortalConfiguration.objects.update_or_create(
        account=gateway.account_id,
        livemode=gateway.livemode,
        defaults={
            "stripe_id": portal_id,
            "settings_hash": hash_of(should_be),
            "kept_at": clock.wall_time(),
        },
    )
    return portal_id


def _create(should_be: PortalSettings, gateway: Gateway) -> str:
    metadata = _metadata(should_be)
    return intents.carry_out(
        purpose="portal",
        subject=f"{metadata[SITE_KEY]}:{metadata[HASH_KEY]}",
        parameters={"metadata": metadata},
        gateway=gateway,
        call=lambda key: gateway.create_portal(should_be, metadata=metadata, key=key),
        result_id=str,
        find=lambda: _find(metadata, gateway),
    )


def _update(portal_id: str, should_be: PortalSettings, gateway: Gateway) -> str | None:
    """None: Stripe does not know it any more."""
    metadata = _metadata(should_be)

    def call(key: str) -> str:
        gateway.update_portal(portal_id, should_be, metadata=metadata, key=key)
        return portal_id

    try:
        return intents.carry_out(
            purpose="portal_update",
            # Mended, changed by somebody and mended again: whether it is still so is looked up first.
            subject=f"{portal_id}:{metadata[HASH_KEY]}",
            parameters={"portal": portal_id, "metadata": metadata},
            gateway=gateway,
            call=call,
            result_id=str,
            find=lambda: portal_id if gateway.read_portal(portal_id).settings == should_be else None,
        )
    except NotFound:
        return None


def find_made(intent: Intent, gateway: Gateway) -> str | None:
    """What came of making one."""
    return _find(_metadata_of(intent), gateway)


def find_updated(intent: Intent, gateway: Gateway) -> str | None:
    """What came of changing it: Stripe changes the words that it bears together with everything else."""
    found = gateway.read_portal(str(intent.parameters["portal"]))
    return found.id if found.metadata.get(HASH_KEY) == _metadata_of(intent)[HASH_KEY] else None


def _find(metadata: dict[str, str], gateway: Gateway) -> str | None:
    found = (each for each in gateway.list_portals() if metadata.items() <= each.metadata.items())
    return next((each.id for each in found), None)


def _metadata_of(intent: Intent) -> dict[str, str]:
    noted = intent.parameters["metadata"]
    return {str(name): str(value) for name, value in noted.items()} if isinstance(noted, dict) else {}


def _metadata(should_be: PortalSettings) -> dict[str, str]:
    return {MARK: OURS, SITE_KEY: urlsplit(should_be.return_url).netloc, HASH_KEY: hash_of(should_be)}


def hash_of(should_be: PortalSettings) -> str:
    """The same for the same settings, in every process."""
    return hashlib.sha256(json.dumps(asdict(should_be), sort_keys=True).encode()).hexdigest()[:32]


def others_that_switch(found: Iterable[PortalSnapshot], ours: str) -> list[str]:
    """Other configurations of the account in which people change prices: it is followed, but not by our rules (P17)."""
    return [each.id for each in found if each.id != ours and each.settings.is_active and each.settings.switches]
