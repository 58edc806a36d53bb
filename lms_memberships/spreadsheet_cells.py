"""When is a text in a cell of a spreadsheet a text, and nothing that it would carry out (S43)?"""

import re
from typing import Any

from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from . import conf

#: Where a cell begins for a spreadsheet whose separator is none of ours, as the semicolon in French: quotes of ours are
#: no quotes there, and those of the text may be. Tabs and line breaks between or before ordinary words stay.
BEGINNINGS = re.compile(
    r"""
      ^    (?=[=+\-@＝＋－＠\t\r\n\0])
    | ;    "*(?=[=+\-@＝＋－＠\t\0]|\r(?!\n))
    | [\t\r\n]"*(?=[=+\-@＝＋－＠\0])
    """,
    re.VERBOSE,
)
#: At the beginning of a CSV file: without it, spreadsheets misread everything but ASCII.
MARK = "\ufeff"


def harmless(text: str) -> str:
    """For CSV: what a spreadsheet would carry out gets an apostrophe before it, unless the site says no.

    The first sign of the text, and one right behind a semicolon, a tab or a line break, with quotes between them or not:
    there another spreadsheet's cell begins. Signs anywhere else, also behind a semicolon and a space, stay as they are.
    """
    if not conf.EXPORT_ESCAPES_FORMULAS:
        return text.replace("\0", "")
    return BEGINNINGS.sub(lambda found: f"{found[0]}'", text)


def text_cell(sheet: Any, text: str) -> WriteOnlyCell:
    """For XLSX: a text whatever it begins with, without the control characters that no such file can hold."""
    cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", text))
    # It takes "=…" for a formula, and "#N/A" for an error.
    cell.data_type = "s"
    return cell
