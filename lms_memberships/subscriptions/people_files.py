"""What does a file of people look like? CSV and XLSX in which nothing that somebody typed is a formula (S43)."""

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import IO, Any

from django.contrib.auth.models import AbstractBaseUser
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from openpyxl import Workbook

from ..payments.customers import email_of, full_name_of
from ..spreadsheet_cells import MARK, harmless, text_cell
from . import people_states
from .models import Subscription
from .spans import last_day

#: Excel reads no more rows than these, the headings among them.
XLSX_ROWS = 1_048_576
#: Rows that are put into one piece of CSV.
TOGETHER = 500

Cells = list[str]


def headings() -> Cells:
    """In the language that is active."""
    return [
        _("Number"),
        _("User name"),
        _("Name"),
        _("E-mail"),
        _("Language"),
        _("Membership"),
        pgettext("what somebody holds", "State"),
        _("Origin"),
        _("Since"),
        _("Next date or end"),
        _("All memberships"),
    ]


def cells(person: AbstractBaseUser, held: list[Subscription]) -> Cells:
    """One person, with what they began last of what was asked for first; all of it is text, and days are ISO's."""
    last = held[0]
    standing = _standing(last)
    return [
        str(person.pk),
        str(person.get_username()),
        full_name_of(person),
        email_of(person),
        last.language,
        last.membership.title,
        str(people_states.LABELS[standing]),
        str(last.get_origin_display()),
        day(last.started_at),
        _end(people_states.next_date(last, standing)),
        "; ".join(f"{each.membership.title} ({people_states.LABELS[_standing(each)]})" for each in held),
    ]


def day(moment: datetime | None) -> str:
    """The day where the site is, whoever asks or works, as 2027-01-31; empty for none (M7)."""
    return timezone.localdate(moment, timezone.get_default_timezone()).isoformat() if moment is not None else ""


def csv_pieces(rows: Iterable[Cells]) -> Iterator[bytes]:
    """The file, piece by piece. What would begin a formula is written behind an apostrophe, unless the site says no."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    buffer.write(MARK)
    for number, row in enumerate(rows, start=1):
        writer.writerow([harmless(cell) for cell in row])
        if number % TOGETHER == 0:
            yield _taken(buffer)
    yield _taken(buffer)


def write_xlsx(rows: Iterable[Cells], file: IO[bytes]) -> None:
    """Every cell is a text. Without the whole of it ever being in memory."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title=_("People"))
    for row in rows:
        sheet.append([text_cell(sheet, cell) for cell in row])
    book.save(file)


def _end(moment: datetime | None) -> str:
    """The last day, as the list and the page of the person have it; empty for none."""
    return last_day(moment).isoformat() if moment is not None else ""


def _taken(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode()


def _standing(subscription: Any) -> str:
    """What ``people_states.with_state`` noted on the row."""
    return str(subscription.standing)
