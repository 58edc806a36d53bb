"""Stripe Tax: its settings and registrations, as far as they are read."""

from __future__ import annotations

from ..billing import taxes
from ..paging import Listing
from ..store import Object
from ..work import Work


def settings(unit: Work, params: Object) -> Object:
    found, account = taxes.setup(unit), unit.get("account", unit.account)
    is_active = found["is_active"]
    address = dict.fromkeys(("city", "line1", "line2", "postal_code", "state")) | {"country": account["country"]}
    return {
        "defaults": {"provider": "stripe", "tax_behavior": found["behavior"], "tax_code": None},
        "head_office": {"address": address} if is_active else None,
        "livemode": False,
        "object": "tax.settings",
        "status": "active" if is_active else "pending",
        "status_details": {"active": {}} if is_active else {"pending": {"missing_fields": ["head_office"]}},
    }


def list_registrations(unit: Work, params: Object) -> Listing:
    """One for each country with a rate; all of them are active."""
    wanted = params.get("status", "all") in ("active", "all")
    return unit.listing("tax.registration", lambda each: wanted)


def register(unit: Work, countries: list[str]) -> None:
    for known in unit.all("tax.registration"):
        unit.forget(known)
    for country in countries:
        option = {"type": "standard"} if country not in EUROPE else EUROPEAN
        unit.keep(
            {
                "active_from": unit.now,
                "country": country,
                "country_options": {country.lower(): option},
                "created": unit.now,
                "expires_at": None,
                "id": f"taxreg_{country.lower()}",
                "livemode": False,
                "object": "tax.registration",
                "status": "active",
            }
        )


EUROPE = frozenset(
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split()  # noqa: SIM905
)
EUROPEAN: Object = {"type": "standard", "standard": {"place_of_supply_scheme": "standard"}}
