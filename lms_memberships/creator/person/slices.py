"""How is a long list shown on a page with others? A part at a time, each with its own number in the address."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict

#: Nobody turns further by hand; and no query is asked to skip more.
MOST = 1000


@dataclass(frozen=True)
class Slice:
    """Rows of one page, and the addresses of its neighbours; empty: there is none."""

    rows: list[Any]
    number: int
    older: str
    newer: str


def slice_of(rows: QuerySet, query: Mapping[str, str], name: str, *, size: int) -> Slice:
    """One query. ``name`` is the parameter that holds the number; all others of the address stay as they are."""
    number = _number(query.get(name, ""))
    start = (number - 1) * size
    found = list(rows[start : start + size + 1])
    to = _addresses(query, name)
    return Slice(
        rows=found[:size],
        number=number,
        older=to(number + 1) if len(found) > size and number < MOST else "",
        newer=to(number - 1) if number > 1 else "",
    )


def _number(text: str) -> int:
    return min(max(int(text), 1), MOST) if text.isascii() and text.isdigit() and len(text) < 7 else 1


def _addresses(query: Mapping[str, str], name: str) -> Callable[[int], str]:
    def to(number: int) -> str:
        asked = query.copy() if isinstance(query, QueryDict) else QueryDict(mutable=True)
        asked[name] = str(number)
        return f"?{asked.urlencode()}#{name}"

    return to
