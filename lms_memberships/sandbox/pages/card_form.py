"""What did the person type about a card, and is it something a bank can be asked about?"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from ..actions import CardFields
from .texts import Texts

FIELDS = ("card_number", "expiry", "cvc")
# Filled in for the person who picks a card from the list.
SAMPLE_EXPIRY, SAMPLE_CVC = "12 / 34", "123"

EXPIRY = re.compile(r"(?P<month>\d{1,2})\s*[/ .-]\s*(?P<year>\d{4}|\d{2})|(?P<m>\d{2})(?P<y>\d{2})")


@dataclass(frozen=True)
class TypedCard:
    number: str
    expiry: str
    cvc: str

    @classmethod
    def read(cls, form: Mapping[str, str]) -> TypedCard:
        return cls(*(form.get(name, "").strip() for name in FIELDS))

    def is_empty(self) -> bool:
        return not (self.number or self.expiry or self.cvc)

    def errors(self, t: Texts, *, now: int) -> dict[str, str]:
        found = {
            "card_number": self._number_error(),
            "expiry": self._expiry_error(now),
            "cvc": self._cvc_error(),
        }
        return {field: t(name) for field, name in found.items() if name}

    def fields(self) -> CardFields:
        """For the engine. Ask ``errors`` first."""
        month, year = self._month_and_year() or (0, 0)
        return CardFields(card_number=self._digits(), exp_month=month, exp_year=year, cvc=self.cvc)

    def _digits(self) -> str:
        return re.sub(r"[\s-]", "", self.number)

    def _number_error(self) -> str | None:
        if not self.number:
            return "number_missing"
        digits = self._digits()
        return None if digits.isascii() and digits.isdigit() and 12 <= len(digits) <= 19 else "number_wrong"

    def _expiry_error(self, now: int) -> str | None:
        if not self.expiry:
            return "expiry_missing"
        found = self._month_and_year()
        if found is None:
            return "expiry_wrong"
        month, year = found
        today = datetime.fromtimestamp(now, UTC)
        return "expiry_past" if (year, month) < (today.year, today.month) else None

    def _cvc_error(self) -> str | None:
        if not self.cvc:
            return "cvc_missing"
        return None if re.fullmatch(r"[0-9]{3,4}", self.cvc) else "cvc_wrong"

    def _month_and_year(self) -> tuple[int, int] | None:
        found = EXPIRY.fullmatch(self.expiry)
        if not found:
            return None
        month = int(found["month"] or found["m"])
        year = int(found["year"] or found["y"])
        return (month, year if year > 99 else 2000 + year) if 1 <= month <= 12 else None
