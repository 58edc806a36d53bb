"""Who answers ``payments.gateway.Gateway`` with the real Stripe client?"""

from collections.abc import Callable

import stripe
from django.views.decorators.debug import sensitive_variables

from ..gateway import AccountSnapshot
from . import snapshots
from .catalogue import CatalogueCalls
from .checkouts import CheckoutCalls
from .client import at_once, client_for
from .collecting import CollectCalls
from .credits import CreditCalls
from .customers import CustomerCalls
from .existing_prices import ExistingPriceCalls
from .failures import translated
from .invoices import InvoiceCalls
from .leaving import LeavingCalls
from .line import INTERACTIVE, Manner
from .portal import PortalCalls
from .price_moves import PriceMoveCalls
from .promotions import PromotionCalls
from .refunds import RefundCalls
from .stewardship import StewardCalls
from .subscriptions import SubscriptionCalls
from .taxes import TaxCalls
from .webhook_endpoints import EndpointCalls


class StripeGateway(
    CatalogueCalls,
    CustomerCalls,
    CheckoutCalls,
    SubscriptionCalls,
    InvoiceCalls,
    CollectCalls,
    LeavingCalls,
    CreditCalls,
    EndpointCalls,
    PromotionCalls,
    ExistingPriceCalls,
    PriceMoveCalls,
    PortalCalls,
    RefundCalls,
    StewardCalls,
    TaxCalls,
):
    """Stripe with one key, in one account. Cheap to make: the client behind it is shared."""

    @sensitive_variables("key")
    def __init__(
        self,
        key: str,
        *,
        api_base: str,
        account_id: str,
        manner: Manner = INTERACTIVE,
        pace: Callable[[], None] = at_once,
    ) -> None:
        self.client: stripe.StripeClient = client_for(key, api_base=api_base, manner=manner, pace=pace)
        self.account_id = account_id
        self.livemode = livemode_of(key)

    def read_account(self) -> AccountSnapshot:
        with translated():
            found = self.client.v1.accounts.retrieve_current()
        return snapshots.account(found, livemode=self.livemode)


def livemode_of(key: str) -> bool:
    """Whether a key moves real money. Stripe says it in the key: ``sk_live_…``, ``rk_live_…``."""
    return key.partition("_")[2].startswith("live_")
