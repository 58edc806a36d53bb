"""How does a list of people become a file? In parts, by key: nobody is missed or doubled, and a crash loses one part (M7)."""

import json
import logging
import tempfile
import zlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import IO, Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from wagtail.log_actions import log

from .. import clock, leases
from ..history import PEOPLE_EXPORTED
from ..retrying import retried
from . import people_files, people_listing
from .export_models import PeopleExport, PeopleExportPart
from .people_listing import Wanted

logger = logging.getLogger(__name__)

State, Kind, Format = PeopleExport.State, PeopleExportPart.Kind, PeopleExport.Format

#: What a file is for: one that is for something else is fetched elsewhere (S20).
PEOPLE = "people"
#: For so long can whoever asked fetch it.
LIVES = timedelta(hours=24)
#: People in a part, and bytes in a piece of the file.
PART, PIECE = 1000, 512 * 1024
#: So many people are no work: their file is made while whoever asked waits.
AT_ONCE = 2000
#: Parts in one round of the background, so that webhooks and mails come in between.
PARTS_A_ROUND = 20
WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30))
TOO_MANY_ROWS = _("These are more people than a spreadsheet holds: choose CSV.")
BROKEN = _("Something went wrong on this site, again and again: its log says what.")


class TooLong(Exception):
    """More rows than the format holds. Nothing that trying again would change."""


def begin(owner: AbstractBaseUser, wanted: Wanted, *, as_format: str, language: str, now: datetime) -> PeopleExport:
    """Note who wants whom. Nothing is read yet."""
    wall = clock.wall_time()
    return PeopleExport.objects.create(
        owner_id=owner.pk,
        format=as_format,
        language=language,
        wanted=wanted.as_json(),
        as_of=now,
        created_at=wall,
        expires_at=wall + LIVES,
        next_try_at=wall,
    )


def of(owner: AbstractBaseUser, *, now: datetime) -> QuerySet[PeopleExport]:
    """Those that this person may fetch: their own, for a day. ``has_file``: it is there, and nobody has had it.

    ``now`` is wall time.
    """
    mine = PeopleExport.objects.filter(owner_id=owner.pk, purpose=PEOPLE, expires_at__gt=now)
    return mine.annotate(has_file=Exists(PeopleExportPart.objects.filter(export=OuterRef("pk"), kind=Kind.FILE)))


def is_small(wanted: Wanted, *, now: datetime) -> bool:
    """Whether whoever asks can wait for it."""
    found = people_listing.people(wanted, now=now).order_by().values("pk")
    return found[: AT_ONCE + 1].count() <= AT_ONCE


def make(export: PeopleExport) -> None:
    """All of it, now. If another worker has it already, there is nothing to do."""
    lease = leases.take(PeopleExport.objects.filter(pk=export.pk, state=State.PLANNED), most=1)
    for row in lease.rows:
        _work_on(row, lease.token, parts=None)
    export.refresh_from_db()


def make_due() -> int:
    """One that is due, some parts further. Returns how many were looked at."""
    now = clock.wall_time()
    due = PeopleExport.objects.filter(state=State.PLANNED, next_try_at__lte=now, expires_at__gt=now)
    lease = leases.take(due.order_by("next_try_at", "pk"), most=1)
    for row in lease.rows:
        _work_on(row, lease.token, parts=PARTS_A_ROUND)
    return len(lease.rows)


def forget_old(*, now: datetime) -> int:
    """What nobody can fetch any more is deleted. ``now`` is wall time. Returns how many files."""
    old = PeopleExport.objects.filter(expires_at__lte=now)
    count = old.count()
    if count:
        old.delete()
    return count


def pieces(export: PeopleExport) -> Iterator[bytes]:
    """The finished file."""
    return _contents(export, Kind.FILE)


@retried
def hand_out(export: PeopleExport) -> IO[bytes] | None:
    """The finished file, once: what was handed out is kept no longer (S20). None: it was handed out already."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by whoever sends it
    with transaction.atomic():
        # Of two presses at once, one has it.
        list(PeopleExport.objects.select_for_update().filter(pk=export.pk).values_list("pk"))
        file.writelines(pieces(export))
        export.parts.filter(kind=Kind.FILE).delete()
    if not file.tell():
        file.close()
        return None
    file.seek(0)
    return file


def _work_on(export: PeopleExport, token: str, *, parts: int | None) -> None:
    try:
        with translation.override(export.language):
            _collect(export, token, parts=parts)
            if export.is_collected:
                _finish(export, token)
            else:
                leases.settle(export, token)
    except leases.Lost:
        logger.info("Export %s is made by another worker", export.pk)
    except TooLong:
        leases.settle(export, token, state=State.FAILED, failure=str(TOO_MANY_ROWS))
    except Exception:
        logger.exception("Export %s failed", export.pk)
        leases.settle(export, token, **_put_off(export))


def _collect(export: PeopleExport, token: str, *, parts: int | None) -> None:
    """Part after part, in the order of the people's keys. Keys do not change: whoever is behind the last one has not
    been written, whoever is before it has, whatever happens to memberships meanwhile (M7).
    """
    wanted = Wanted.of_json(export.wanted)
    done = 0
    while not export.is_collected and (parts is None or done < parts):
        _collect_part(export, token, wanted)
        done += 1
        if export.format == Format.XLSX and export.people >= people_files.XLSX_ROWS:
            raise TooLong


@retried
def _collect_part(export: PeopleExport, token: str, wanted: Wanted) -> None:
    """One part and how far it goes, in one transaction: after a crash the next one begins exactly behind it."""
    with transaction.atomic():
        people = list(_behind(export, wanted)[:PART])
        rows = list(_rows(people, wanted, now=export.as_of))
        last = str(people[-1].pk) if people else export.last_key
        is_last = len(people) < PART
        _note(
            export, token, last_key=last, is_collected=is_last, people=F("people") + len(rows),
            parts_made=F("parts_made") + 1,
        )  # fmt: skip
        content = zlib.compress(json.dumps(rows).encode())
        PeopleExportPart.objects.create(export=export, kind=Kind.ROWS, number=export.parts_made, content=content)
    export.last_key, export.is_collected = last, is_last
    export.people += len(rows)
    export.parts_made += 1


def _behind(export: PeopleExport, wanted: Wanted) -> QuerySet:
    people = people_listing.people(wanted, now=export.as_of)
    if not export.last_key:
        return people
    return people.filter(pk__gt=get_user_model()._meta.pk.to_python(export.last_key))


def _rows(people: list[Any], wanted: Wanted, *, now: datetime) -> Iterator[people_files.Cells]:
    """What was asked for first, then the rest of what they hold."""
    held = people_listing.held_by(people, now=now)
    meant = people_listing.holdings(wanted, now=now).filter(user__in=people).values_list("pk", flat=True)
    asked = set(meant) if wanted.narrows_holdings else set()
    for person in people:
        # Somebody whose last one was moved to another account just now holds nothing any more.
        if mine := held.get(person.pk):
            yield people_files.cells(person, sorted(mine, key=lambda each: each.pk not in asked))


def _finish(export: PeopleExport, token: str) -> None:
    """Put the file together. Broken off, it is put together anew: the parts are still there."""
    with tempfile.TemporaryFile() as file:
        if export.format == Format.CSV:
            file.writelines(people_files.csv_pieces(_all_rows(export, token)))
        else:
            people_files.write_xlsx(_all_rows(export, token), file)
        file.seek(0)
        export.parts.filter(kind=Kind.FILE).delete()
        number = 0
        while piece := file.read(PIECE):
            _note(export, token)
            PeopleExportPart.objects.create(export=export, kind=Kind.FILE, number=number, content=piece)
            number += 1
    with transaction.atomic():
        if leases.settle(export, token, state=State.READY, failure=""):
            export.parts.filter(kind=Kind.ROWS).delete()
            log(instance=export, action=PEOPLE_EXPORTED, user=export.owner, data=_said_of(export))


def _said_of(export: PeopleExport) -> dict[str, Any]:
    """For the history: what was asked for, without what was searched for, which may be somebody's name."""
    said = {name: value for name, value in export.wanted.items() if value and name != "words"}
    searched = {"searched": True} if export.wanted.get("words") else {}
    return {**said, **searched, "format": export.get_format_display(), "rows": export.people}


def _all_rows(export: PeopleExport, token: str) -> Iterator[people_files.Cells]:
    yield people_files.headings()
    for content in _contents(export, Kind.ROWS):
        _note(export, token)
        yield from json.loads(zlib.decompress(content))


def _contents(export: PeopleExport, kind: str) -> Iterator[bytes]:
    """One at a time, so that a large one is never in memory as a whole."""
    parts = export.parts.filter(kind=kind)
    for pk in list(parts.order_by("number").values_list("pk", flat=True)):
        yield bytes(parts.values_list("content", flat=True).get(pk=pk))


def _note(export: PeopleExport, token: str, **values: object) -> None:
    """Still ours? Then write, and keep the lease."""
    rows = leases.mine(PeopleExport.objects.filter(pk=export.pk), token)
    if not rows.update(**values, leased_until=clock.wall_time() + leases.length()):
        raise leases.Lost


def _put_off(export: PeopleExport) -> dict[str, object]:
    attempts = export.attempts + 1
    if attempts > len(WAITS):
        return {"state": State.FAILED, "failure": str(BROKEN), "attempts": attempts}
    return {"attempts": attempts, "next_try_at": clock.wall_time() + WAITS[attempts - 1]}
