"""How Stripe's test cards behave."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from ..store import Object

Presence = Literal["present", "absent"]
# When the bank wants to see the person: never, until the card is set up for later use, or every time.
Authentication = Literal["never", "until_set_up", "always"]


@dataclass(frozen=True)
class Decline:
    code: str
    message: str
    decline_code: str | None = None


GENERIC = Decline("card_declined", "Your card was declined.", "generic_decline")
INSUFFICIENT = Decline("card_declined", "Your card has insufficient funds.", "insufficient_funds")
LOST = Decline("card_declined", "Your card was declined.", "lost_card")
STOLEN = Decline("card_declined", "Your card was declined.", "stolen_card")
EXPIRED = Decline("expired_card", "Your card has expired.", "expired_card")
WRONG_CVC = Decline("incorrect_cvc", "Your card's security code is incorrect.", "incorrect_cvc")
PROCESSING_ERROR = Decline(
    "processing_error", "An error occurred while processing your card. Try again in a little bit.", "processing_error"
)
NOT_A_NUMBER = Decline("incorrect_number", "Your card number is incorrect.")
BAD_MONTH = Decline("invalid_expiry_month", "Your card's expiration month is invalid.")
BAD_YEAR = Decline("invalid_expiry_year", "Your card's expiration year is invalid.")
BAD_CVC = Decline("invalid_cvc", "Your card's security code is invalid.")
NOT_A_TEST_CARD = Decline(
    "card_declined",
    "Your card was declined. Your request was in test mode, but used a non test card.",
    "test_mode_live_card",
)
NOT_AUTHENTICATED = Decline(
    "payment_intent_authentication_failure",
    "We are unable to authenticate your payment method. Please choose a different payment method and try again.",
)
NEEDS_PERSON = Decline(
    "authentication_required",
    "Your card was declined. This transaction requires authentication.",
    "authentication_required",
)


@dataclass(frozen=True)
class TestCard:
    brand: str = "visa"
    decline: Decline | None = None
    # The card is kept although it cannot be charged: the first payment, made in person, goes through, renewals do not.
    can_attach: bool = True
    authentication: Authentication = "never"
    funding: str = "credit"

    @property
    def fails_later(self) -> bool:
        return self.can_attach and self.decline is not None and self.authentication == "never"


CARDS: dict[str, TestCard] = {
    "4242424242424242": TestCard(),
    "4000056655665556": TestCard(funding="debit"),
    "4000002500000003": TestCard(),
    "5555555555554444": TestCard("mastercard"),
    "378282246310005": TestCard("amex"),
    "4000000000000002": TestCard(decline=GENERIC, can_attach=False),
    "4000000000009995": TestCard(decline=INSUFFICIENT, can_attach=False),
    "4000000000009987": TestCard(decline=LOST, can_attach=False),
    "4000000000009979": TestCard(decline=STOLEN, can_attach=False),
    "4000000000000069": TestCard(decline=EXPIRED, can_attach=False),
    "4000000000000127": TestCard(decline=WRONG_CVC, can_attach=False),
    "4000000000000119": TestCard(decline=PROCESSING_ERROR, can_attach=False),
    "4000000000000341": TestCard(decline=GENERIC),
    "4000002500003155": TestCard(authentication="until_set_up"),
    "4000002760003184": TestCard(authentication="always"),
    "4000008260003178": TestCard(authentication="always", decline=INSUFFICIENT),
}
# Stripe's names for payment methods that need no form.
NAMED: dict[str, str] = {
    "pm_card_visa": "4242424242424242",
    "pm_card_mastercard": "5555555555554444",
    "pm_card_amex": "378282246310005",
    "pm_card_visa_chargeDeclined": "4000000000000002",
    "pm_card_visa_chargeDeclinedInsufficientFunds": "4000000000009995",
    "pm_card_chargeCustomerFail": "4000000000000341",
    "pm_card_authenticationRequired": "4000002760003184",
    "pm_card_authenticationRequiredOnSetup": "4000002500003155",
}
NAMED_TOKENS: dict[str, str] = {"tok_visa": "4242424242424242", "tok_chargeCustomerFail": "4000000000000341"}


@dataclass(frozen=True)
class Card:
    """What a person types into the form."""

    number: str
    exp_month: int
    exp_year: int
    cvc: str


def read_card(*, card_number: str, exp_month: int | str, exp_year: int | str, cvc: str) -> Card | Decline:
    digits = "".join(each for each in card_number if each.isdigit())
    if not (str(exp_month).isdigit() and 1 <= int(exp_month) <= 12):
        return BAD_MONTH
    if not str(exp_year).isdigit():
        return BAD_YEAR
    if not (cvc.isdigit() and len(cvc) in (3, 4)):
        return BAD_CVC
    if not _passes_luhn(digits):
        return NOT_A_NUMBER
    year = int(exp_year)
    return Card(digits, int(exp_month), year + 2000 if year < 100 else year, cvc)


def refuse_card(card: Card, *, now: int) -> Decline | None:
    """What is wrong with it before any bank is asked."""
    if card.number not in CARDS:
        return NOT_A_TEST_CARD
    today = datetime.fromtimestamp(now, UTC)
    return BAD_YEAR if (card.exp_year, card.exp_month) < (today.year, today.month) else None


def bank_answer(method: Object, presence: Presence, *, now: int) -> Decline | Literal["authenticate"] | None:
    """What the bank says to a charge: no, show me the person, or nothing against it."""
    test_card = CARDS[method["_number"]]
    if test_card.authentication == "always" or (
        test_card.authentication == "until_set_up" and not method.get("_is_set_up")
    ):
        return "authenticate"
    if presence == "present" and test_card.fails_later:
        return None
    return decline_of(method, now=now)


def decline_of(method: Object, *, now: int) -> Decline | None:
    """What the bank says once it knows that it is you."""
    today = datetime.fromtimestamp(now, UTC)
    if (method["card"]["exp_year"], method["card"]["exp_month"]) < (today.year, today.month):
        return EXPIRED
    return CARDS[method["_number"]].decline


def _passes_luhn(digits: str) -> bool:
    if len(digits) < 13:
        return False
    total = 0
    for index, each in enumerate(reversed(digits)):
        doubled = int(each) * (1 + index % 2)
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0
