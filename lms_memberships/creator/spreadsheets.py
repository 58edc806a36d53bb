"""How does a table become a file that a spreadsheet opens, sent to whoever asked for it?"""

import csv
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any

from django.http import FileResponse, StreamingHttpResponse
from django.utils import timezone
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

from ..spreadsheet_cells import MARK, harmless, text_cell

Cell = str | int | Decimal | date | datetime | None

KINDS = ("csv", "xlsx")
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class UnknownKind(ValueError):
    """Neither CSV nor XLSX."""


def answer(
    kind: str, name: str, headings: Sequence[str], rows: Iterable[Sequence[Cell]]
) -> StreamingHttpResponse | FileResponse:
    """The file, sent while it is read (CSV) or from a temporary file (XLSX). ``name`` is ours, never a person's (S44)."""
    if kind == "csv":
        csv_answer = StreamingHttpResponse(as_csv(headings, rows), content_type="text/csv; charset=utf-8")
        csv_answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
        return csv_answer
    if kind == "xlsx":
        return FileResponse(
            as_xlsx(headings, rows), as_attachment=True, filename=f"{name}.xlsx", content_type=XLSX_TYPE
        )
    raise UnknownKind(kind)


def as_csv(headings: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """Line by line."""
    writer = csv.writer(_Echo())
    yield MARK + writer.writerow([harmless(each) for each in headings])
    for row in rows:
        yield writer.writerow([_safe(_plain(each)) for each in row])


def as_xlsx(headings: Sequence[str], rows: Iterable[Sequence[Cell]]) -> IO[bytes]:
    """A workbook of one sheet. A text is a cell of text, whatever it begins with; a number is a number."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append([_cell(sheet, each) for each in headings])
    for row in rows:
        sheet.append([_cell(sheet, each) for each in row])
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by whoever sends it
    book.save(file)
    file.seek(0)
    return file


def _safe(value: Cell) -> Cell:
    """Numbers are ours, and stay numbers."""
    return harmless(value) if isinstance(value, str) else value


def _plain(value: Cell) -> Cell:
    """Dates where the site is, as every spreadsheet reads them; a number as it is written, with all of its decimals."""
    if isinstance(value, datetime):
        return timezone.localtime(value, timezone.get_default_timezone()).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, date):
        return value.isoformat()
    return "" if value is None else value


def _cell(sheet: Any, value: Cell) -> WriteOnlyCell:
    plain = _plain(value)
    return text_cell(sheet, plain) if isinstance(plain, str) else WriteOnlyCell(sheet, value=plain)


class _Echo:
    """A file that gives back what is written to it."""

    def write(self, text: str) -> str:
        return text
