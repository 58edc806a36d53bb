"""Which bank account did the person type, and which ones are there to try?"""

from __future__ import annotations

from ..outcomes import Outcome
from ..payments import debits
from ..payments.cards import Decline
from ..sample_cards import SampleCard, group_digits
from .texts import Texts

# IBAN: the name of what it does.
EFFECTS = {
    "DE89370400440532013000": "iban_pays",
    "DE62370400440532013001": "iban_fails",
    "DE08370400440532013003": "iban_pays_soon",
    "DE78370400440532013004": "iban_fails_soon",
}


def all_accounts(t: Texts) -> list[SampleCard]:
    return [SampleCard(iban, group_digits(iban), t(effect)) for iban, effect in EFFECTS.items()]


def error(iban: str, t: Texts, *, has_card: bool) -> dict[str, str]:
    """Beside the field; nothing when it can be asked for money."""
    if has_card:
        return {"iban": t("iban_and_card")}
    return {"iban": t("iban_wrong")} if isinstance(debits.read_iban(iban), Decline) else {}


def refusal(outcome: Outcome, t: Texts) -> dict[str, str]:
    return {"iban": t("not_possible", reason=outcome.message)}
