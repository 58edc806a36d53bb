"""Which test cards are there, and what does each do? Stripe's documented numbers."""

from __future__ import annotations

from dataclasses import dataclass

# number: (what it does in English, in French)
TEST_CARDS: dict[str, tuple[str, str]] = {
    "4242424242424242": ("Succeeds", "Réussit"),
    "5555555555554444": ("Succeeds (Mastercard)", "Réussit (Mastercard)"),
    "4000002500003155": (
        "Your bank asks you to confirm, the first time",
        "La banque demande une confirmation, la première fois",
    ),
    "4000002760003184": (
        "Your bank asks you to confirm, every time",
        "La banque demande une confirmation, à chaque fois",
    ),
    "4000000000000341": (
        "Is accepted, then fails at the first charge or renewal",
        "Est acceptée, puis échoue au premier débit ou au renouvellement",
    ),
    "4000000000000002": ("Is declined", "Est refusée"),
    "4000000000009995": ("Is declined: insufficient funds", "Est refusée : provision insuffisante"),
    "4000000000000069": ("Is declined: expired card", "Est refusée : carte expirée"),
    "4000000000000127": ("Is declined: wrong security code", "Est refusée : code de sécurité erroné"),
    "4000000000000119": ("Is declined: processing error", "Est refusée : erreur de traitement"),
}

_COLUMN = {"en": 0, "fr": 1}


@dataclass(frozen=True)
class SampleCard:
    number: str
    shown: str
    effect: str


def all_cards(language: str) -> list[SampleCard]:
    return [
        SampleCard(number, group_digits(number), effects[_COLUMN[language]]) for number, effects in TEST_CARDS.items()
    ]


def group_digits(number: str) -> str:
    return " ".join(number[start : start + 4] for start in range(0, len(number), 4))
