"""Which rows of the catalogue are on the screen? Searched, sorted and paged by the database in one query."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from django.db.models import BooleanField, Case, Count, F, Q, QuerySet, Value, When, Window
from django.db.models.functions import RowNumber

from ..bundles.models import Item
from ..bundles.registry import item_types

PER_PAGE = 25
SEARCH = "bundle_search"
PAGE = "bundle_page_"
#: The name of every button that searches or turns a page; its value says which.
BUTTON = "action-browse"


@dataclass(frozen=True)
class Browsing:
    """What was searched for, and which page of each kind is open."""

    search: str = ""
    pages: dict[str, int] = field(default_factory=dict)

    @classmethod
    def read(cls, data: Mapping[str, str]) -> "Browsing":
        """From an address, or from the fields of a form that was sent."""
        pages = {kind: _number(data.get(PAGE + kind, "")) for kind in item_types()}
        # PostgreSQL has no NUL in a text, and raises for one in a question.
        search = data.get(SEARCH, "").replace("\0", "").strip()[:100]
        return cls(search, {kind: page for kind, page in pages.items() if page > 1})

    def after(self, button: str, *, searched_before: str) -> "Browsing":
        """Where a button leads: "course:2" to a page; searching starts from the first pages again."""
        if self.search != searched_before or button == "clear":
            return Browsing("" if button == "clear" else self.search)
        kind, _colon, page = button.partition(":")
        return Browsing(self.search, {**self.pages, kind: _number(page)}) if kind in item_types() else self

    def query(self) -> str:
        """The same as an address: can be reloaded and shared."""
        found = {SEARCH: self.search} if self.search else {}
        return urlencode(found | {PAGE + kind: page for kind, page in self.pages.items() if page > 1})


@dataclass(frozen=True)
class Shelf:
    """One kind with the rows of one page."""

    kind: str
    rows: list[Item]
    total: int
    page: int

    @property
    def last_page(self) -> int:
        return max(1, -(-self.total // PER_PAGE))

    @property
    def previous_page(self) -> int:
        return self.page - 1

    @property
    def next_page(self) -> int:
        return self.page + 1


def shelves(items: QuerySet[Item], browsing: Browsing, chosen: Collection[int]) -> list[Shelf]:
    """Every registered kind, what was chosen first. One query, a second if a page is past the end."""
    found = list(_rows(items, browsing, chosen))
    by_kind: dict[str, list[Item]] = {kind: [] for kind in item_types()}
    for row in found:
        by_kind[row.kind].append(row)
    if any(not by_kind[kind] for kind in browsing.pages):
        return shelves(items, Browsing(browsing.search), chosen)
    return [
        Shelf(kind, rows, rows[0].total if rows else 0, browsing.pages.get(kind, 1)) for kind, rows in by_kind.items()
    ]


def _rows(items: QuerySet[Item], browsing: Browsing, chosen: Collection[int]) -> QuerySet:
    is_chosen = Case(
        When(pk__in=list(chosen), then=Value(value=True)), default=Value(value=False), output_field=BooleanField()
    )
    rows = items
    if browsing.search:
        rows = rows.filter(title__icontains=browsing.search)
    return (
        rows.annotate(is_chosen=is_chosen)
        .annotate(
            place=Window(RowNumber(), partition_by="kind", order_by=[F("is_chosen").desc(), "title", "pk"]),
            total=Window(Count("pk"), partition_by="kind"),
        )
        .filter(_window(browsing))
        .order_by("kind", "place")
    )


def _window(browsing: Browsing) -> Q:
    window = Q(place__lte=PER_PAGE) & ~Q(kind__in=list(browsing.pages))
    for kind, page in browsing.pages.items():
        window |= Q(kind=kind, place__gt=(page - 1) * PER_PAGE, place__lte=page * PER_PAGE)
    return window


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 and int(text) > 0 else 1
