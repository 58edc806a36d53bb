"""Why did the bank say no? Its word, in ours: what a buyer may know and can do something about."""

from typing import TYPE_CHECKING

import stripe
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

OTHER = _("Your bank declined the payment. Ask your bank, or try another card.")
#: Stripe's decline code, or else its error code. A suspected fraud or a stolen card is never named: Stripe asks for it.
REASONS: dict[str, "str | _StrPromise"] = {
    "insufficient_funds": _("There is not enough money on this card. Try another card."),
    "expired_card": _("This card has expired. Try another card."),
    "incorrect_cvc": _("The security code of the card is wrong."),
    "invalid_cvc": _("The security code of the card is wrong."),
    "incorrect_number": _("The card number is wrong."),
    "invalid_number": _("The card number is wrong."),
    "invalid_expiry_month": _("The expiry date of the card is wrong."),
    "invalid_expiry_year": _("The expiry date of the card is wrong."),
    "incorrect_zip": _("The postal code does not fit the card."),
    "authentication_required": _("Your bank wants you to confirm this payment."),
    "invoice_payment_intent_requires_action": _("Your bank wants you to confirm this payment."),
    "invoice_no_payment_method": _("There is no card on file. Pay with one, and it is kept for the next payments."),
    "card_velocity_exceeded": _("This card has reached its limit. Try another card."),
    "withdrawal_count_limit_exceeded": _("This card has reached its limit. Try another card."),
    "card_not_supported": _("This card cannot be used for this payment. Try another card."),
    "currency_not_supported": _("This card cannot pay in this currency. Try another card."),
    "processing_error": _("The card could not be processed. Please try again in a moment."),
    "try_again_later": _("The card could not be processed. Please try again in a moment."),
    "issuer_not_available": _("Your bank could not be reached. Please try again in a moment."),
}
#: Those that another card would not mend, and the person can.
NEEDS_PERSON = frozenset({"authentication_required", "invoice_payment_intent_requires_action"})


def reason_of(error: stripe.StripeError) -> "str | _StrPromise":
    """Our sentence for what the bank said; one for all that has no sentence of its own."""
    return next((REASONS[word] for word in _words(error) if word in REASONS), OTHER)


def needs_person(error: stripe.StripeError) -> bool:
    """Whether the bank would pay if the person were there (3-D Secure)."""
    return not NEEDS_PERSON.isdisjoint(_words(error))


def _words(error: stripe.StripeError) -> tuple[str, ...]:
    details = getattr(error, "error", None)
    words = (getattr(details, "decline_code", None), getattr(error, "code", None), getattr(details, "code", None))
    return tuple(word for word in words if word)
