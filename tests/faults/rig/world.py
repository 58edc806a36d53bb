"""What is there outside, at Stripe and at the e-mail service? Read once, for the oracle to compare with."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.faults.rig.site import Site

ATTEMPT = "lmsm_attempt"


@dataclass
class World:
    """What there is at Stripe and at the e-mail service, read once, and what was delivered."""

    subscriptions: dict[str, dict]
    invoices: dict[str, dict]
    customers: list[dict]
    products: list[dict]
    prices: list[dict]
    sessions: list[dict]
    refunds: list[dict]
    accepted: Counter
    delivered: list[dict] = field(default_factory=list)

    @classmethod
    def of(cls, site: Site, delivered: Iterable[dict] = ()) -> "World":
        ours = [each for each in site.stripe.all("subscriptions", status="all") if ATTEMPT in each["metadata"]]
        ids = {each["id"] for each in ours}
        invoices = {each["id"]: each for each in site.stripe.all("invoices") if subscription_of(each) in ids}
        return cls(
            subscriptions={each["id"]: each for each in ours},
            invoices=invoices,
            customers=site.stripe.all("customers"),
            products=site.stripe.all("products"),
            prices=site.stripe.all("prices"),
            sessions=site.stripe.all("checkout/sessions"),
            refunds=site.stripe.all("refunds"),
            accepted=site.esp.times_accepted(),
            delivered=list(delivered),
        )


def invoices_of(stripe_id: str, world: World) -> list[dict]:
    return [each for each in world.invoices.values() if subscription_of(each) == stripe_id]


def subscription_of(invoice: dict) -> str:
    details = (invoice.get("parent") or {}).get("subscription_details") or {}
    found = details.get("subscription") or ""
    return found if isinstance(found, str) else found["id"]
