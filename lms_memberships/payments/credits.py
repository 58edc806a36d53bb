"""What do we ask of the provider about credit? What an invoice takes off for time not used, and what is put on a balance."""

from dataclasses import dataclass
from typing import Protocol

from ..money import Money


@dataclass(frozen=True)
class AddedCredit:
    """One entry of a person's balance that we have made, and what it stands for."""

    id: str
    money: Money
    invoice_id: str
    subscription_id: str


class CreditGateway(Protocol):
    """A part of ``gateway.Gateway``. Every method raises a ``GatewayFailure``."""

    def credit_taken_off(self, invoice_id: str) -> Money | None:
        """What parts of periods take off in it in all, with their tax. None: nothing, or they add to it."""
        ...

    def add_credit(self, customer_id: str, credit: Money, metadata: dict[str, str], *, key: str) -> str: ...
    def added_credits(self, customer_id: str) -> list[AddedCredit]: ...
