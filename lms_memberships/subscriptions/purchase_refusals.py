"""Why can something not be bought? What is said of a page that is not true any more."""

from django.utils.translation import gettext_lazy as _

from ..errors import Refusal


class NotOnSale(Refusal):
    message = _("This membership is not on sale at the moment.")


class PriceHasChanged(Refusal):
    """Archived or changed at Stripe since the page was shown (C8)."""

    message = _(
        "The price of this membership is just being changed, and nothing was charged. Please try again in a moment."
    )


class NotYours(Refusal):
    """The same words for a purchase of somebody else's and for one that never was (C5)."""

    message = _("We do not know this purchase. If you have paid, you find it in your account.")
