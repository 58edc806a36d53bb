"""What does an invoice of Stripe's consist of? Its own sums, with tax on top told from tax inside (H5)."""

from typing import TypedDict

import stripe

from ...money import Money, from_stripe_amount


class Sums(TypedDict):
    """As ``InvoiceSnapshot`` names them."""

    subtotal: Money
    discount: Money
    tax_added: Money
    tax_included: Money


def of_invoice(found: stripe.Invoice) -> Sums:
    """Nothing is computed but the sum of rows of one kind. A stand-in for Stripe may leave out what it does not reckon."""
    taxes = [(each.tax_behavior, each.amount) for each in getattr(found, "total_taxes", None) or ()]
    off = sum(each.amount for each in getattr(found, "total_discount_amounts", None) or ())
    return Sums(
        subtotal=from_stripe_amount(found.subtotal, found.currency),
        discount=from_stripe_amount(off, found.currency),
        tax_added=from_stripe_amount(sum(a for kind, a in taxes if kind == "exclusive"), found.currency),
        tax_included=from_stripe_amount(sum(a for kind, a in taxes if kind == "inclusive"), found.currency),
    )
