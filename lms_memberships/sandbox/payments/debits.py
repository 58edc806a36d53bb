"""How Stripe's test bank accounts behave: a SEPA debit is taken at once, and the bank answers later."""

from __future__ import annotations

from dataclasses import dataclass

from .cards import Decline

MINUTE = 60
DAY = 24 * 3600
# As a real bank does it. Stripe's own test accounts of that kind answer within seconds, where nobody can look.
DAYS = 5 * DAY

FAILED = Decline(
    "payment_intent_payment_attempt_failed", "The payment failed: the bank did not pay the debit.", "insufficient_funds"
)
NOT_AN_IBAN = Decline("invalid_bank_account_iban", "The IBAN you provided is invalid.")
NOT_A_TEST_ACCOUNT = Decline("invalid_bank_account_iban", "The IBAN you provided must be a test IBAN.")


@dataclass(frozen=True)
class TestAccount:
    waits: int
    decline: Decline | None = None


# Stripe's documented test accounts.
ACCOUNTS: dict[str, TestAccount] = {
    "DE89370400440532013000": TestAccount(DAYS),
    "DE62370400440532013001": TestAccount(DAYS, FAILED),
    "DE08370400440532013003": TestAccount(3 * MINUTE),
    "DE78370400440532013004": TestAccount(3 * MINUTE, FAILED),
}


def read_iban(typed: str) -> str | Decline:
    iban = "".join(typed.split()).upper()
    if not _adds_up(iban):
        return NOT_AN_IBAN
    return iban if iban in ACCOUNTS else NOT_A_TEST_ACCOUNT


def _adds_up(iban: str) -> bool:
    """The check digits of ISO 13616."""
    if not (15 <= len(iban) <= 34 and iban.isascii() and iban.isalnum()):
        return False
    return int("".join(str(int(each, 36)) for each in iban[4:] + iban[:4])) % 97 == 1
