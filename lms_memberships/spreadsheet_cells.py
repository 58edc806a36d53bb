"""When is a text in a cell of a spreadsheet a text, and nothing that it would carry out (S43)?"""

from typing import Any

from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from . import conf

#: A text that begins so is a formula to a spreadsheet, also after what it leaves out.
FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠")
#: At the beginning of a CSV file: without it, spreadsheets misread everything but ASCII.
MARK = "\ufeff"


def harmless(text: str) -> str:
    """For CSV: what a spreadsheet would carry out gets an apostrophe before it, unless the site says no."""
    if not conf.EXPORT_ESCAPES_FORMULAS:
        return text.replace("\0", "")
    return f"'{text}" if text.startswith(FORMULAS) else text


def text_cell(sheet: Any, text: str) -> WriteOnlyCell:
    """For XLSX: a text whatever it begins with, without the control characters that no such file can hold."""
    cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", text))
    # It takes "=…" for a formula, and "#N/A" for an error.
    cell.data_type = "s"
    return cell
