"""How is a list shown: as a table, one page at a time?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import urlencode

from ..http import Request

T = TypeVar("T")
PAGE_SIZE = 25


@dataclass(frozen=True)
class Cell:
    text: str
    url: str = ""
    # The colour of a state's badge ("" is the usual one); None for plain text.
    badge: str | None = None
    kind: str = ""


@dataclass(frozen=True)
class Pager:
    number: int = 1
    count: int = 1
    total: int = 0
    previous_url: str = ""
    next_url: str = ""


@dataclass(frozen=True)
class Table:
    caption: str
    heads: Sequence[str]
    rows: list[list[Cell]]
    empty: str = "Nothing here yet."
    pager: Pager = field(default_factory=Pager)


def paged_table(  # noqa: PLR0913 - what a table is made of
    request: Request,
    items: Sequence[T],
    row: Callable[[T], list[Cell]],
    *,
    caption: str,
    heads: Sequence[str],
    empty: str = "Nothing here yet.",
    name: str = "page",
) -> Table:
    """``name`` is the page number's name in the address, for pages with several lists."""
    count = max(1, -(-len(items) // PAGE_SIZE))
    wanted = request.query.get(name, "1")
    number = min(max(int(wanted) if wanted.isascii() and wanted.isdigit() else 1, 1), count)
    shown = items[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]
    pager = Pager(
        number=number,
        count=count,
        total=len(items),
        previous_url=_address(request, name, number - 1) if number > 1 else "",
        next_url=_address(request, name, number + 1) if number < count else "",
    )
    return Table(caption, heads, [row(item) for item in shown], empty, pager)


def _address(request: Request, name: str, number: int) -> str:
    query = {key: value for key, value in request.query.items() if key not in ("note", name)}
    return "?" + urlencode({**query, name: number})
