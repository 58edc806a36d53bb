"""Who answers ``payments.gateway.Gateway`` with the real Stripe client?"""

import stripe

from ..gateway import AccountSnapshot
from . import snapshots
from .catalogue import CatalogueCalls
from .checkouts import CheckoutCalls
from .client import client_for
from .customers import CustomerCalls
from .failures import translated
from .invoices import InvoiceCalls
from .subscriptions import SubscriptionCalls


class StripeGateway(CatalogueCalls, CustomerCalls, CheckoutCalls, SubscriptionCalls, InvoiceCalls):
    """Stripe with one key, in one account. Cheap to make: the client behind it is shared."""

    def __init__(self, key: str, *, api_base: str, account_id: str) -> None:
        self.client: stripe.StripeClient = client_for(key, api_base=api_base)
        self.account_id = account_id
        self.livemode = livemode_of(key)

    def read_account(self) -> AccountSnapshot:
        with translated():
            found = self.client.v1.accounts.retrieve_current()
        return snapshots.account(found, livemode=self.livemode)


def livemode_of(key: str) -> bool:
    """Whether a key moves real money. Stripe says it in the key: ``sk_live_…``, ``rk_live_…``."""
    return key.partition("_")[2].startswith("live_")
