"""A refusal by the bank or the seller: in which words, and beside which field?"""

from __future__ import annotations

from .texts import Texts

# What the engine says, in Stripe's words. Anything else is shown as it comes.
IN_FRENCH: dict[str, str] = {
    "Your card was declined.": "Votre carte a été refusée.",
    "Your card has insufficient funds.": "La provision de votre carte est insuffisante.",
    "Your card has expired.": "Votre carte a expiré.",
    "Your card's security code is incorrect.": "Le code de sécurité de votre carte est erroné.",
    "Your card number is incorrect.": "Le numéro de votre carte est erroné.",
    "Your card's expiration month is invalid.": "Le mois d’expiration de votre carte n’est pas valable.",
    "Your card's expiration year is invalid.": "L’année d’expiration de votre carte n’est pas valable.",
    "Your card's security code is invalid.": "Le code de sécurité de votre carte n’est pas valable.",
    "Your card was declined. Your request was in test mode, but used a non test card.": (
        "Votre carte a été refusée. Ici, seules les cartes de test sont acceptées."
    ),
    "Your card was declined. This transaction requires authentication.": (
        "Votre carte a été refusée : votre banque demande une confirmation."
    ),
    "An error occurred while processing your card. Try again in a little bit.": (
        "Une erreur est survenue pendant le traitement de votre carte. Réessayez dans un instant."
    ),
    "We are unable to authenticate your payment method. Please choose a different payment method and try again.": (
        "Votre banque n’a pas confirmé le paiement. Choisissez un autre moyen de paiement et réessayez."
    ),
    "This code is invalid.": "Ce code n’est pas valable.",
    "This code needs a higher order amount.": "Ce code demande un montant plus élevé.",
    "This code does not apply to what you are buying.": "Ce code ne s’applique pas à votre commande.",
    "This promotion code cannot be used any more. Look at the new amount, then confirm.": (
        "Ce code promotionnel n’est plus utilisable. Vérifiez le nouveau montant, puis confirmez."
    ),
    "The credit was used for something else meanwhile. Look at the new amount, then confirm.": (
        "Votre crédit a été utilisé entre-temps. Vérifiez le nouveau montant, puis confirmez."
    ),
    "This promotion code is not active.": "Ce code promotionnel n’est plus actif.",
    "This promotion code cannot be redeemed because it is for another customer.": (
        "Ce code promotionnel est réservé à une autre personne."
    ),
    "This promotion code cannot be redeemed because the associated customer has prior transactions.": (
        "Ce code promotionnel est réservé à un premier achat."
    ),
}

# Beside the card's number, unless the words are about another field.
FIELDS: dict[str, str] = {
    "Your card has expired.": "expiry",
    "Your card's expiration month is invalid.": "expiry",
    "Your card's expiration year is invalid.": "expiry",
    "Your card's security code is incorrect.": "cvc",
    "Your card's security code is invalid.": "cvc",
}


def words(message: str, t: Texts) -> str:
    return IN_FRENCH.get(message, message) if t.language == "fr" else message


def beside_the_card(message: str, t: Texts) -> dict[str, str]:
    """As an error of a form with a card."""
    return {FIELDS.get(message, "card_number"): words(message, t)}
