"""Is tax part of a price, or added to it? What the site has chosen, in words, and what Stripe says of a price (X16)."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .. import conf
from ..payments.gateway import GatewayFailure
from .models import Price

INCLUSIVE, EXCLUSIVE = "inclusive", "exclusive"
BEHAVIORS = (INCLUSIVE, EXCLUSIVE)


class PriceTaxedOtherwise(GatewayFailure):
    """Only of a price that was made in Stripe's own dashboard: ours are made as the site has it set."""

    message = gettext_lazy(
        "At Stripe this price does not say whether tax is included or added, or says otherwise than this site shows. "
        "Set its tax behaviour in Stripe if it has none, or choose another price."
    )


def refuse_other_behavior(at_stripe: str, price: Price) -> None:
    """Raise PriceTaxedOtherwise: with Stripe Tax, what the page says must be what Stripe reckons with (guide §3)."""
    if conf.STRIPE_TAX and at_stripe != price.tax_behavior:
        raise PriceTaxedOtherwise


def with_tax(price: str, behavior: str = "") -> str:
    """The price as people read it: "€19.00 per month incl. tax", "€19.00 per month plus tax". Untouched without tax.

    ``behavior``: as that price was made, which may be before the site's setting was changed. Empty: as the site has it set.
    """
    if not conf.STRIPE_TAX:
        return price
    if (behavior or conf.TAX_BEHAVIOR) == EXCLUSIVE:
        return _("%(price)s plus tax") % {"price": price}
    return _("%(price)s incl. tax") % {"price": price}


def said_after(payment: str) -> str:
    """What is paid today, next and then (X9), and what tax has to do with it."""
    if not conf.STRIPE_TAX:
        return payment
    if conf.TAX_BEHAVIOR == EXCLUSIVE:
        # How much, nobody knows before Stripe has been told where the buyer lives.
        return f"{payment} {_('Tax is added to each of these amounts: Stripe’s page shows it before you pay.')}"
    return f"{payment} {_('Tax is included.')}"
