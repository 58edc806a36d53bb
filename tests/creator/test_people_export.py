"""Does a file of people hold each of them once, no formula, and only for whoever asked (M7, S20, S43, S44, X20)?"""

import csv
import io
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import openpyxl
import pytest
from django.conf import settings as site
from django.db import connection, transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from wagtail.models import ModelLogEntry
from wagtail.users.models import UserProfile

from lms_memberships import clock, leases, spreadsheet_cells
from lms_memberships.management.jobs import JOBS
from lms_memberships.models import Membership, PeopleExport, PeopleExportPart, Subscription
from lms_memberships.personal_data import forgetting
from lms_memberships.subscriptions import exporting, people_files, people_listing, spans
from lms_memberships.subscriptions.people_listing import Wanted
from tests.creator.crowds import DAY, FORMULAS, crowd, holds
from tests.factories import MembershipFactory, UserFactory, allow
from tests.flows.steps import text

pytestmark = pytest.mark.django_db

EXPORT = reverse("lms_memberships_people_export")
LIST = reverse("lms_memberships_people_list")
RIGHTS = ("view_subscription", "export_people")
HOSTILE = ("=HYPERLINK(1)", "+33 6 12", "-1+1", "@SUM(A1)", "\tTAB", "\rCR", "#N/A", '"quoted", and; more')


@pytest.fixture
def gold(db) -> Membership:
    return MembershipFactory(title="Gold")


@pytest.fixture
def exporter(db):
    return allow(UserFactory(username="exporter"), *RIGHTS)


@pytest.fixture
def browser(exporter, client_for):
    return client_for(exporter)


def body(answer) -> bytes:
    return b"".join(answer.streaming_content)


def as_csv(content: bytes) -> list[list[str]]:
    """Without the headings."""
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))[1:]


def as_xlsx(content: bytes) -> list[tuple]:
    """The cells themselves, without the headings."""
    return list(openpyxl.load_workbook(io.BytesIO(content)).active.iter_rows())[1:]


def part(made: PeopleExport, what: str = "exported") -> str:
    return reverse(f"lms_memberships_people_{what}", args=[made.uuid])


# ---------------------------------------------------------------- what is in it
def test_the_file_holds_the_people_of_the_list_with_its_filters(browser, gold, student, admin):
    """X20, M7: as many rows as the list has people; an admin only if they hold something."""
    holds(student, gold, "trial", started_at=timezone.now() - 3 * DAY)
    holds(student, MembershipFactory(title="Silver"), "ended")
    holds(UserFactory(username="other"), gold, "live")
    rows = as_csv(body(browser.post(EXPORT, {"format": "csv", "state": "trial", "q": "ada"})))
    day = timezone.localdate(timezone.now() - 3 * DAY).isoformat()
    (row,) = rows
    assert row[:9] == [
        str(student.pk), "student", "Ada Lind", "student@school.test", "en", "Gold", "on trial", "bought", day,
    ]  # fmt: skip
    assert row[10] == "Gold (on trial); Silver (ended)"
    everybody = as_csv(body(browser.post(EXPORT, {"format": "csv"})))
    assert len(everybody) == people_listing.count(Wanted(), now=timezone.now()) == 2
    assert "admin" not in {row[1] for row in everybody}


def test_what_was_asked_for_stands_first(browser, gold, student):
    """X20: whoever asks for Silver reads of Silver, also where Gold is newer."""
    silver = MembershipFactory(title="Silver")
    holds(student, gold)
    holds(student, silver, "ended", started_at=timezone.now() - 400 * DAY)
    (row,) = as_csv(body(browser.post(EXPORT, {"format": "csv", "membership": silver.pk})))
    assert row[5:7] == ["Silver", "ended"]


def test_the_zone_of_whoever_asks_changes_nobody(browser, exporter, gold, student, settings):
    """M7: the list, its file at once, and one that a worker makes: days are the site's, whatever zone an admin chose."""
    settings.TIME_ZONE = "America/New_York"
    UserProfile.objects.update_or_create(user=exporter, defaults={"current_time_zone": "Asia/Tokyo"})
    # The first in New York, the second in Tokyo.
    holds(student, gold, started_at=datetime(2026, 3, 1, 20, tzinfo=UTC))
    sent = {"joined_from": "2026-03-01", "joined_to": "2026-03-01"}
    page = browser.get(LIST, sent)
    assert [row.user for row in page.context["object_list"]] == [student]
    assert "March 1, 2026" in text(page.content.decode())
    (row,) = as_csv(body(browser.post(EXPORT, sent | {"format": "csv"})))
    assert row[8] == "2026-03-01"
    wanted = Wanted(joined_from="2026-03-01", joined_to="2026-03-01")
    made = exporting.begin(exporter, wanted, as_format="csv", language="en", now=timezone.now())
    drain()
    made.refresh_from_db()
    assert (made.state, as_csv(b"".join(exporting.pieces(made)))) == ("ready", [row])
    assert browser.get(LIST, {"joined_from": "2026-03-02"}).context["people_count"] == 0


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_that_somebody_typed_is_a_formula(browser, gold, name):
    """S43, S13: read back with openpyxl, every cell is a text; in CSV it stands behind an apostrophe."""
    person = holds(UserFactory(username=f"{name}@x"[:150], first_name=name, last_name=""), gold).user
    (cells,) = as_xlsx(body(browser.post(EXPORT, {"format": "xlsx"})))
    assert {cell.data_type for cell in cells if cell.value is not None} == {"s"}
    # XML itself reads a bare CR as LF, and names are trimmed.
    assert cells[2].value.replace("_x000D_", "\r").strip() == name.strip()
    (row,) = as_csv(body(browser.post(EXPORT, {"format": "csv"})))
    assert not row[1].startswith(FORMULAS)
    assert row[1] in {person.username, f"'{person.username}"}
    assert row[1].startswith("'") is person.username.startswith(FORMULAS)


#: Behind a semicolon, a quote or a line break a cell begins for whoever's separator is a semicolon (French Excel).
BEHIND_A_SEMICOLON = [
    "x;=1+1", ";=1+1", "a;+33", "a;-1", "a;@x", "a;\t=1+1", "a;\r=1+1", 'a;"=1+1"', 'a;""=1+1', "a\n=1+1", "a\r\n=1+1", "\n=1",
    "a\t=1+1", "=1;=2", "a;＝1",
]  # fmt: skip


def begins_a_formula(content: bytes, separator: str) -> list[str]:
    text = content.decode("utf-8-sig")
    table = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    return [cell for row in table for cell in row if cell.startswith(FORMULAS)]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_nothing_becomes_a_formula_where_another_separator_is_read(browser, gold, separator):
    """S43: opened where ``;`` separates, what was typed is cut in two; no part of it is carried out either."""
    for name in BEHIND_A_SEMICOLON:
        holds(UserFactory(username=name, first_name=name, last_name=name), gold)
    assert begins_a_formula(body(browser.post(EXPORT, {"format": "csv"})), separator) == []


@pytest.mark.parametrize("name", ["x;=1+1", 'a;"=1+1"', "a\n=1+1"])
def test_control_as_it_was_typed_it_becomes_one(browser, gold, settings, name):
    """S43, negative control: the reader with the semicolon finds a formula in what is not made harmless."""
    settings.LMS_MEMBERSHIPS_EXPORT_ESCAPES_FORMULAS = False
    holds(UserFactory(username=name), gold)
    content = body(browser.post(EXPORT, {"format": "csv"}))
    assert begins_a_formula(content, ";")
    assert begins_a_formula(content, ",") == []


@pytest.mark.parametrize(
    "said",
    [
        "Ada; Ben",
        "Clay; - and wheels",
        "a-b@c.org",
        "1+1=2",
        "Rock'n'roll",
        'The "Blue" one',
        "x\ny",
        "12;34",
        "é;",
        "x;\ny",
        "x\r\n\r\ny",
        "a\tb",
    ],
)
def test_what_is_no_formula_stands_in_the_file_as_it_was_written(said):
    """S43: an apostrophe stands only before what a cell could begin with."""
    assert spreadsheet_cells.harmless(said) == said


def test_a_site_may_want_csv_as_it_was_typed(browser, gold, settings):
    """S43: and this is the control: without it the same cell begins a formula."""
    settings.LMS_MEMBERSHIPS_EXPORT_ESCAPES_FORMULAS = False
    holds(UserFactory(username="=1+1"), gold)
    assert as_csv(body(browser.post(EXPORT, {"format": "csv"})))[0][1] == "=1+1"


def test_without_our_cell_openpyxl_makes_formulas():
    """S43, negative control."""
    sheet = openpyxl.Workbook(write_only=True).create_sheet()
    assert spreadsheet_cells.WriteOnlyCell(sheet, "=1+1").data_type == "f"
    assert spreadsheet_cells.text_cell(sheet, "=1+1").data_type == "s"


def test_control_characters_break_no_file():
    """S43: XML holds none, and neither does a CSV with a NUL."""
    out = io.BytesIO()
    people_files.write_xlsx([["a\x00b\x0bc", "\0=1"]], out)
    assert [cell.value for cell in next(openpyxl.load_workbook(out).active.iter_rows())] == ["abc", "=1"]
    assert spreadsheet_cells.harmless("\0=1").startswith("'")


# ---------------------------------------------------------------- for whom
def begin_large(owner, wanted: Wanted, as_format: str = "csv") -> PeopleExport:
    """Made, and not sent yet: as the worker leaves a large one."""
    made = exporting.begin(owner, wanted, as_format=as_format, language="en", now=timezone.now())
    exporting.make(made)
    return made


@pytest.mark.parametrize("as_format", ["csv", "xlsx"])
def test_a_file_is_fetched_once_and_made_again_by_one_press(browser, exporter, gold, student, as_format):
    """S20: looking and following a link uses nothing up; the second press says what became of the first."""
    holds(student, gold, started_at=timezone.now() - 3 * DAY)
    holds(UserFactory(username="other"), gold)
    day = timezone.localdate(timezone.now() - 3 * DAY).isoformat()
    wanted = Wanted(words="ada", membership=gold.pk, state="live", joined_from=day, joined_to=day)
    made = begin_large(exporter, wanted, as_format)
    assert browser.get(part(made, "file"))["Location"] == part(made)
    assert body(browser.post(part(made, "file")))
    assert not PeopleExportPart.objects.exists(), "what was handed out is not kept"
    assert browser.post(part(made, "file"))["Location"] == part(made)
    page = browser.get(part(made)).content.decode()
    assert "You have fetched this file." in text(page)
    assert "Download" not in text(page)
    assert "fetched" in text(browser.get(reverse("lms_memberships_people_done")).content.decode())
    form = page.partition(f'action="{EXPORT}"')[2].partition("</form>")[0]
    sent = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', form))
    assert sent.pop("csrfmiddlewaretoken")
    answer = browser.post(EXPORT, sent)
    assert body(answer)
    again = PeopleExport.objects.exclude(pk=made.pk).get()
    assert (again.format, Wanted.of_json(again.wanted), again.people) == (as_format, wanted, 1)


@pytest.mark.django_db(transaction=True)
def test_of_presses_at_once_one_has_the_file(exporter, gold, student):
    """S20, N: whoever is second is told so, and gets no half of it."""
    holds(student, gold)
    made = begin_large(exporter, Wanted())
    start = threading.Barrier(4)

    def press(_number: int) -> bytes:
        start.wait()
        try:
            file = exporting.hand_out(made)
            return file.read() if file is not None else b""
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as presses:
        had = list(presses.map(press, range(4)))
    assert sorted(map(bool, had)) == [False, False, False, True]
    assert as_csv(max(had))[0][1] == "student"


def test_what_was_sent_at_once_was_fetched(browser, gold, student):
    """S20: a small one comes with the press that asked for it, and no second time by its address."""
    holds(student, gold)
    assert body(browser.post(EXPORT, {"format": "csv"}))
    made = PeopleExport.objects.get()
    assert browser.post(part(made, "file"))["Location"] == part(made)
    assert not PeopleExportPart.objects.exists()


def test_it_is_for_whoever_asked_and_for_a_day(browser, client_for, gold, student, exporter, admin):
    """S20: another's answers exactly like one that never was, for a superuser too."""
    holds(student, gold)
    assert browser.post(EXPORT, {"format": "csv"}).status_code == 200
    made = exporting.begin(exporter, Wanted(), as_format="csv", language="en", now=timezone.now())
    exporting.make(made)
    assert "Download CSV" in text(browser.get(part(made)).content.decode())
    for other in (admin, allow(UserFactory(), *RIGHTS)):
        for what in ("exported", "file"):
            assert client_for(other).get(part(made, what)).status_code == 404
        assert client_for(other).post(part(made, "file")).status_code == 404
    assert as_csv(body(browser.post(part(made, "file"))))[0][1] == "student"
    PeopleExport.objects.update(expires_at=clock.wall_time() - timedelta(seconds=1))
    for what in ("exported", "file"):
        assert browser.get(part(made, what)).status_code == 404
    assert browser.post(part(made, "file")).status_code == 404
    assert JOBS["old_exports"].do(timezone.now()) == 2
    assert not PeopleExportPart.objects.exists()


def test_another_purpose_is_another_file(browser, gold, student):
    """S20"""
    holds(student, gold)
    browser.post(EXPORT, {"format": "csv"})
    PeopleExport.objects.update(purpose="invoices")
    assert browser.post(part(PeopleExport.objects.get(), "file")).status_code == 404


@pytest.mark.parametrize(
    "rights", [(), ("view_subscription",), ("export_people",), ("view_subscription", "give_access")]
)
def test_seeing_people_is_not_exporting_them(client_for, gold, student, rights):
    """S44, X24: both rights, for asking and for fetching, also of what one was given before."""
    holds(student, gold)
    person = allow(UserFactory(), *rights)
    made = exporting.begin(person, Wanted(), as_format="csv", language="en", now=timezone.now())
    exporting.make(made)
    browser = client_for(person)
    for answer in (browser.post(EXPORT, {"format": "csv"}), browser.get(part(made)), browser.post(part(made, "file"))):
        assert answer.status_code == 302
    if "view_subscription" in rights:
        assert EXPORT not in browser.get(LIST).content.decode()
    assert PeopleExport.objects.count() == 1


def test_the_server_alone_names_the_file_and_no_folder_holds_it(browser, gold, student, settings):
    """S44, S20"""
    holds(student, gold)
    before = sorted(Path(settings.MEDIA_ROOT).rglob("*")) if Path(settings.MEDIA_ROOT).exists() else []
    sent = {"format": "csv", "filename": "../../etc/passwd", "name": "../x", "q": "ada"}
    answer = browser.post(EXPORT, sent)
    day = timezone.localdate().isoformat()
    assert answer.headers["Content-Disposition"] == f'attachment; filename="people-{day}.csv"'
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert body(answer)
    assert (sorted(Path(site.MEDIA_ROOT).rglob("*")) if Path(site.MEDIA_ROOT).exists() else []) == before


@pytest.mark.parametrize("sent", [{}, {"format": "pdf"}, {"format": "../csv"}])
def test_there_is_no_file_of_another_kind(browser, gold, student, sent):
    """S46"""
    holds(student, gold)
    assert browser.post(EXPORT, sent).status_code == 400
    assert not PeopleExport.objects.exists()


@pytest.mark.parametrize("sent", [{"state": "x"}, {"q": "\0"}, {"joined_from": "2026-13-45"}])
def test_what_cannot_be_understood_exports_nobody(browser, gold, student, sent):
    """S46, X20: never everybody, where a filter was meant; and the list says why."""
    holds(student, gold)
    answer = browser.post(EXPORT, {"format": "csv", **sent}, follow=True)
    assert answer.redirect_chain
    assert list(answer.context["object_list"]) == []
    assert "is not understood, so nobody is in it" in text(answer.content.decode())
    assert not PeopleExport.objects.exists()


def test_an_end_at_midnight_is_the_end_of_the_day_before(browser, gold, student):
    """X20: given until a day, that day stands in the list, in both files and on the page of the person."""
    last = timezone.localdate() + 20 * DAY
    holds(
        student,
        gold,
        origin="given",
        is_recurring=False,
        stripe_id="",
        access_until=spans.day_ends(last),
        period_end=None,
    )
    (row,) = as_csv(body(browser.post(EXPORT, {"format": "csv"})))
    (cells,) = as_xlsx(body(browser.post(EXPORT, {"format": "xlsx"})))
    place = [str(each) for each in people_files.headings()].index("Next date or end")
    assert row[place] == cells[place].value == last.isoformat()
    said = date_format(last, "DATE_FORMAT")
    assert said in text(browser.get(LIST).content.decode())
    page = browser.get(reverse("lms_memberships_person", args=[student.pk]))
    assert f"Open until {said}" in text(page.content.decode())


def test_all_files_go_with_the_account_of_anybody_who_is_in_one(exporter, gold, student):
    """K8, S20: what is compressed cannot be searched for a name, and lives for a day only: whoever needs it asks again."""
    holds(student, gold)
    begin_large(exporter, Wanted(words="Ada Lind"))
    assert PeopleExportPart.objects.exists()
    with transaction.atomic():
        forgetting.forget(student.pk)
    assert not PeopleExport.objects.exists()
    assert not PeopleExportPart.objects.exists()


def test_asking_is_a_post(browser):
    assert browser.get(EXPORT).status_code == 405


def test_who_exported_how_many_stands_in_the_history(browser, gold, student, exporter):
    """X24: without what was searched for, which may be a name."""
    holds(student, gold)
    browser.post(EXPORT, {"format": "csv", "q": "Ada", "state": "live"})
    entry = ModelLogEntry.objects.get(action="lms_memberships.people_exported")
    assert (entry.user, entry.data) == (
        exporter,
        {"state": "live", "searched": True, "format": "CSV", "rows": 1},
    )
    assert entry.message == "The list of people was exported as CSV. Rows: 1"


# ---------------------------------------------------------------- large ones
@pytest.fixture
def small_parts(monkeypatch):
    """So that a few people are many."""
    monkeypatch.setattr(exporting, "PART", 10)
    monkeypatch.setattr(exporting, "PARTS_A_ROUND", 2)
    monkeypatch.setattr(exporting, "AT_ONCE", 20)


def drain() -> int:
    return JOBS["exports"].do(timezone.now())


def drain_all() -> None:
    while drain():
        pass


def test_a_large_one_is_made_behind_with_its_progress_shown(browser, gold, small_parts, settings):
    """X20, M7"""
    settings.TASKS = {"default": {"BACKEND": "django_tasks.backends.dummy.DummyBackend"}}
    crowd(gold, 75)
    answer = browser.post(EXPORT, {"format": "xlsx"})
    made = PeopleExport.objects.get()
    assert answer["Location"] == part(made)
    drain()
    assert "20 people so far" in text(browser.get(part(made)).content.decode())
    assert browser.post(part(made, "file"))["Location"] == part(made), "there is no file yet"
    assert not ModelLogEntry.objects.filter(action="lms_memberships.people_exported").exists()
    drain_all()
    assert "with 75 people" in text(browser.get(part(made)).content.decode())
    found = [row[1].value for row in as_xlsx(body(browser.post(part(made, "file"))))]
    assert sorted(found) == [f"crowd{number:05d}" for number in range(75)]
    assert not PeopleExportPart.objects.filter(kind="rows").exists()
    assert ModelLogEntry.objects.get(action="lms_memberships.people_exported").data["rows"] == 75


def test_without_a_worker_it_is_made_in_the_request(browser, gold, small_parts):
    crowd(gold, 75)
    answer = browser.post(EXPORT, {"format": "csv"}, follow=True)
    made = PeopleExport.objects.get()
    assert made.state == "ready", answer.content.decode()[:500]
    assert len(as_csv(body(browser.post(part(made, "file"))))) == 75


class Killed(BaseException):
    """The process is gone: no exception handler of ours sees it."""


@pytest.mark.parametrize("where", ["_collect_part", "csv_pieces"])
def test_killed_in_the_middle_it_goes_on_where_it_was(exporter, gold, small_parts, monkeypatch, where):
    """M7, E3: while it is collected, and while the file is put together. Nobody is missed or doubled."""
    crowd(gold, 75)
    made = exporting.begin(exporter, Wanted(), as_format="csv", language="en", now=timezone.now())
    place = exporting if where == "_collect_part" else people_files
    real, calls = getattr(place, where), []

    def dies(*args: object, **kwargs: object):
        calls.append(1)
        if len(calls) == 4 or where == "csv_pieces":
            raise Killed
        return real(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(place, where, dies)
        with pytest.raises(Killed):
            drain_all()
    made.refresh_from_db()
    assert made.state == "planned"
    assert made.people == (30 if where == "_collect_part" else 75)
    assert drain() == 0, "the dead worker's lease still runs"
    PeopleExport.objects.update(leased_until=clock.wall_time() - timedelta(seconds=1))
    drain_all()
    rows = as_csv(b"".join(exporting.pieces(PeopleExport.objects.get())))
    assert sorted(row[1] for row in rows) == [f"crowd{number:05d}" for number in range(75)]


def test_a_worker_that_lost_it_writes_nothing_more(exporter, gold, small_parts):
    """B11, M7"""
    crowd(gold, 35)
    made = exporting.begin(exporter, Wanted(), as_format="csv", language="en", now=timezone.now())
    (late,) = leases.take(PeopleExport.objects.all(), most=1).rows
    PeopleExport.objects.update(leased_until=clock.wall_time() - timedelta(seconds=1))
    drain_all()
    exporting._work_on(late, "another token", parts=None)
    made.refresh_from_db()
    assert (made.state, made.people) == ("ready", 35)
    assert len(as_csv(b"".join(exporting.pieces(made)))) == 35


def by_number(wanted: Wanted, change) -> list[str]:
    """As most do it: page after page of the list, by number. The control."""
    found, page = [], 0
    while True:
        rows = people_listing.rows(wanted, now=timezone.now()).select_related("user").order_by("-started_at", "-pk")
        some = [row.user.username for row in rows[page * 10 : page * 10 + 10]]
        if not some:
            return found
        found += some
        page += 1
        change(page)


def test_members_who_change_meanwhile_are_neither_missed_nor_doubled(exporter, gold, small_parts, monkeypatch):
    """M7: people join, leave and begin anew between any two parts; whoever was a member all the time is there once."""
    crowd(gold, 100)
    stayed = {f"crowd{number:05d}" for number in range(100)}

    def change(turn: int) -> None:
        # Newcomers; some of those there begin again, which puts them at the front; some end and stay what they were.
        crowd(gold, 3, first=10_000 + turn * 100)
        again = Subscription.objects.filter(user__username__in=[f"crowd{turn * 7 % 100:05d}", f"crowd{turn:05d}"])
        again.update(started_at=F("started_at") + timedelta(days=400 + turn))
        Subscription.objects.filter(user__username=f"crowd{99 - turn:05d}").update(status="canceled")

    real = exporting._collect_part

    def collect(export, token, wanted):
        real(export, token, wanted)
        change(export.parts_made)

    monkeypatch.setattr(exporting, "_collect_part", collect)
    made = exporting.begin(exporter, Wanted(), as_format="csv", language="en", now=timezone.now())
    exporting.make(made)
    found = [row[1] for row in as_csv(b"".join(exporting.pieces(made)))]
    assert len(found) == len(set(found)) == made.people
    assert stayed <= set(found)
    control = by_number(Wanted(words="crowd000"), lambda turn: change(20 + turn))
    assert len(control) != len(set(control)) or not stayed <= set(control), "the control misses or doubles"


def test_more_rows_than_a_spreadsheet_holds_are_said_so(exporter, gold, small_parts, monkeypatch):
    """X20: as XLSX; as CSV they are written."""
    crowd(gold, 30)
    monkeypatch.setattr(people_files, "XLSX_ROWS", 20)
    states = {}
    for as_format in ("xlsx", "csv"):
        made = exporting.begin(exporter, Wanted(), as_format=as_format, language="en", now=timezone.now())
        exporting.make(made)
        states[as_format] = (made.state, made.failure)
    assert states == {"xlsx": ("failed", str(exporting.TOO_MANY_ROWS)), "csv": ("ready", "")}


def test_what_breaks_is_tried_again_and_then_given_up(exporter, gold, student, browser, monkeypatch):
    """E3: with its reason on the page, and no traceback on it."""
    holds(student, gold)
    made = exporting.begin(exporter, Wanted(), as_format="csv", language="en", now=timezone.now())

    def breaks(rows: object):
        raise ValueError("SECRET detail")

    monkeypatch.setattr(people_files, "csv_pieces", breaks)
    for _try in range(len(exporting.WAITS) + 1):
        PeopleExport.objects.update(next_try_at=clock.wall_time())
        drain()
    made.refresh_from_db()
    assert made.state == "failed"
    page = text(browser.get(part(made)).content.decode())
    assert str(exporting.BROKEN) in page
    assert "SECRET" not in page
