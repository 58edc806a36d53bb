"""What does an invoice take off for time not used, and how does a credit come onto a person's balance?"""

import stripe

from ...money import Money, from_stripe_amount
from ..credits import AddedCredit
from .calls import Calls, under
from .failures import translated

#: On an entry of the balance: what it stands for. By these it is found again.
INVOICE_KEY = "lmsm_invoice"
SUBSCRIPTION_KEY = "lmsm_subscription"


class CreditCalls(Calls):
    """Credit balances, and what was put aside for an invoice."""

    def credit_taken_off(self, invoice_id: str) -> Money | None:
        with translated():
            lines = self.client.v1.invoices.line_items.list(invoice_id, {"limit": 100})
            shares = [each for each in lines.auto_paging_iter() if _is_share(each)]
        left = -sum(_whole(each) for each in shares)
        return from_stripe_amount(left, shares[0].currency) if left > 0 else None

    def add_credit(self, customer_id: str, credit: Money, metadata: dict[str, str], *, key: str) -> str:
        """An entry of its own: whatever else moves the balance in this moment is not written over."""
        with translated():
            made = self.client.v1.customers.balance_transactions.create(
                customer_id,
                {"amount": -credit.minor, "currency": credit.currency, "metadata": metadata},
                under(key),
            )
        return made.id

    def added_credits(self, customer_id: str) -> list[AddedCredit]:
        with translated():
            entries = self.client.v1.customers.balance_transactions.list(customer_id, {"limit": 100})
            return [_added(each) for each in entries.auto_paging_iter() if _named(each, INVOICE_KEY)]


def _is_share(line: stripe.InvoiceLineItem) -> bool:
    details = line.parent.subscription_item_details if line.parent else None
    return bool(details and details.proration)


def _whole(line: stripe.InvoiceLineItem) -> int:
    """Less its discounts, and with the tax that comes on top: what it makes of the invoice's total."""
    off = sum(each.amount for each in getattr(line, "discount_amounts", None) or ())
    taxes = getattr(line, "taxes", None) or ()
    return line.amount - off + sum(each.amount for each in taxes if each.tax_behavior == "exclusive")


def _named(entry: stripe.CustomerBalanceTransaction, name: str) -> str:
    metadata = getattr(entry, "metadata", None)
    return metadata.to_dict().get(name, "") if metadata else ""


def _added(entry: stripe.CustomerBalanceTransaction) -> AddedCredit:
    return AddedCredit(
        id=entry.id,
        money=from_stripe_amount(-entry.amount, entry.currency),
        invoice_id=_named(entry, INVOICE_KEY),
        subscription_id=_named(entry, SUBSCRIPTION_KEY),
    )
