"""Does a creator find what was billed, add it up to the cent, and hand it to an accountant (W25–W27, H11, S19, S43)?"""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import AbstractUser
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import load_workbook
from wagtail.models import ModelLogEntry

from lms_memberships.models import Invoice, Subscription
from lms_memberships.money import Money
from lms_memberships.payments.lists import Part
from lms_memberships.sandbox.faults import Fault
from lms_memberships.sandbox.work import work
from lms_memberships.subscriptions import invoice_sums, spans
from tests.creator.crowds import FORMULAS
from tests.factories import MembershipFactory, UserFactory, allow
from tests.flows.steps import buy, text

pytestmark = pytest.mark.django_db

LIST = reverse("lms_memberships_invoices_list")
RESULTS = reverse("lms_memberships_invoices_results")
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.fixture
def bookkeeper(client_for):
    return client_for(allow(UserFactory(username="bookkeeper"), "view_invoice", "export_invoice"))


@pytest.fixture
def bill(membership):
    """An invoice as it stands when its events have been worked off."""

    def go(turn: int, **more: object) -> Invoice:
        student = more.pop("user", None) or UserFactory()
        values = {
            "stripe_id": f"in_{turn}", "number": f"SCHOOL-{turn:04}", "status": "paid", "currency": "eur",
            "total": 1900, "amount_paid": 1900, "amount_due": 1900, "created_at": NOON, "paid_at": NOON,
            "read_started_at": NOON, "account": "acct_sandbox", "livemode": False, "membership": membership,
        }  # fmt: skip
        return Invoice.objects.create(user=student, **{**values, **more})

    return go


def export(kind: str = "csv") -> str:
    return reverse("lms_memberships_invoices_export", args=[kind])


def lines(answer) -> list[list[str]]:
    content = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(content)))


# ------------------------------------------------------------------ the list
def test_one_click_leads_from_a_membership_to_its_invoices(client_for, membership, bill):
    """W25."""
    other = MembershipFactory(title="Silver")
    bill(1)
    bill(2, membership=other)
    person = allow(UserFactory(), "view_membership", "view_invoice")
    listing = client_for(person).get(reverse("wagtailsnippets_lms_memberships_membership:list")).content.decode()
    address = f"{LIST}?membership={membership.pk}"
    assert address in listing
    page = text(client_for(person).get(address).content.decode())
    assert "SCHOOL-0001" in page
    assert "SCHOOL-0002" not in page
    nobody = allow(UserFactory(), "view_membership")
    assert (
        address
        not in client_for(nobody).get(reverse("wagtailsnippets_lms_memberships_membership:list")).content.decode()
    )


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"person": "ada@school.test"}, {1}),
        ({"person": "ADA"}, {1}),
        ({"status": "open"}, {2}),
        ({"currency": "usd"}, {3}),
        ({"since": "2026-03-11"}, {4}),
        ({"until": "2026-03-10"}, {1, 2, 3}),
        ({"since": "2026-03-10", "until": "2026-03-10"}, {1, 2, 3}),
        ({"q": "school-0003"}, {3}),
        ({"q": "in_4"}, {4}),
        ({"q": "ada@"}, {1}),
        ({"q": "sub_of_ada"}, {1}),
        ({"since": "no day"}, set()),
        ({"ordering": "total; DROP TABLE auth_user"}, {1, 2, 3, 4}),
        ({"q": "' OR 1=1 --"}, set()),
        ({"status": "' OR 1=1 --"}, set()),
    ],
)
def test_each_filter_and_the_search_find_theirs(bookkeeper, membership, bill, now, query, found):
    """W26, W27, S45."""
    ada = UserFactory(username="ada", email="ada@school.test")
    held = Subscription.objects.create(
        user=ada, membership=membership, status="active", started_at=now, stripe_id="sub_of_ada", account="acct_sandbox"
    )
    bill(1, user=ada, subscription=held)
    bill(2, status="open", amount_paid=0)
    bill(3, currency="usd")
    bill(4, created_at=NOON + timedelta(days=1))
    page = bookkeeper.get(RESULTS, query).content.decode()
    assert {number for number in range(1, 5) if f"SCHOOL-{number:04}" in page} == found


def test_a_day_is_the_sites_own_and_ends_with_its_last_moment(bookkeeper, bill, settings):
    """I7: half-open, in the zone of the site, whatever the reader's is."""
    settings.TIME_ZONE = "America/New_York"
    moment = timedelta(microseconds=1)
    begins, ends = spans.day_begins(date(2026, 3, 31)), spans.day_ends(date(2026, 3, 31))
    assert begins == datetime(2026, 3, 31, 4, tzinfo=UTC)
    for number, at in enumerate((begins - moment, begins, ends - moment, ends)):
        bill(number, created_at=at)
    page = bookkeeper.get(LIST, {"since": "2026-03-31", "until": "2026-03-31"}).content.decode()
    assert [f"SCHOOL-{number:04}" in page for number in range(4)] == [False, True, True, False]


@pytest.mark.parametrize("last", ["9999-12-31", "9998-12-31"])
def test_a_day_without_a_next_one_is_no_error(bookkeeper, bill, last):
    """S45, W27: typed for "no end"; and the first day that there is."""
    bill(1)
    for query in ({"until": last}, {"since": "0001-01-01"}):
        answer = bookkeeper.get(RESULTS, query)
        assert answer.status_code == 200
        assert "SCHOOL-0001" in answer.content.decode()


def test_what_matches_is_added_up_in_each_currency(bookkeeper, bill):
    """H11: all that the filter matches, not only the page; drafts and void ones were never billed."""
    for number in range(60):
        bill(number, tax_included=303)
    bill(60, currency="jpy", total=1200, amount_paid=1200, amount_due=1200)
    bill(61, status="open", amount_paid=500)
    bill(62, status="void", amount_paid=0)
    bill(63, status="draft", amount_paid=0, number="")
    bill(64, credited=400, tax_added=100)
    totals = invoice_sums.per_currency(Invoice.objects.all())
    assert [(each.currency, each.count) for each in totals] == [("eur", 64), ("jpy", 1)]
    euros = totals[0]
    assert euros.billed == Money(62 * 1900, "eur")
    assert euros.paid == Money(61 * 1900 + 500, "eur")
    assert (euros.due, euros.credited) == (Money(1400, "eur"), Money(400, "eur"))
    assert euros.tax == Money(60 * 303 + 100, "eur")
    page = text(bookkeeper.get(LIST).content.decode())
    for words in ("€1,178.00", "€1,164.00", "€14.00", "€182.80", "¥1,200", "Page 1 of 2"):
        assert words in page
    only = text(bookkeeper.get(LIST, {"status": "open"}).content.decode())
    assert "€1,178.00" not in only


def test_the_sums_agree_with_stripe_to_the_cent(bookkeeper, client_for, gateway, membership, postman, clock):
    """H11, W25: bought, renewed and failed at the sandbox; added independently from Stripe's own list."""
    for number in range(3):
        buy(client_for(UserFactory(username=f"buyer{number}")), membership)
    postman.deliver()
    clock.advance(days=32)
    postman.deliver()
    billed = sum(each.total.minor for each in gateway.list_account_invoices(Part()).items)
    paid = sum(each.amount_paid.minor for each in gateway.list_account_invoices(Part()).items)
    [euros] = invoice_sums.per_currency(Invoice.objects.all())
    assert (euros.billed.minor, euros.paid.minor) == (billed, paid) == (6 * 1900, 6 * 1900)
    assert "€114.00" in text(bookkeeper.get(LIST).content.decode())


def test_the_queries_do_not_grow_with_the_rows(bookkeeper, bill):
    counts = []
    bill(0)
    bookkeeper.get(LIST)
    for begin, number in ((1, 3), (100, 49)):
        for each in range(number):
            bill(begin + each)
        with CaptureQueriesContext(database) as captured:
            bookkeeper.get(LIST)
        counts.append(len(captured))
    assert counts[0] == counts[1] < 25


def test_only_the_connected_account_is_shown(bookkeeper, bill):
    bill(1)
    bill(2, livemode=True)
    bill(3, account="acct_other")
    page = bookkeeper.get(LIST).content.decode()
    assert [f"SCHOOL-{number:04}" in page for number in (1, 2, 3)] == [True, False, False]


# ------------------------------------------------------------------ on to Stripe
def test_page_and_file_are_asked_for_when_they_are_pressed(
    bookkeeper, client_for, membership, student, postman, gateway
):
    """S19: fresh from Stripe each time, and nowhere on our pages."""
    buy(client_for(student), membership)
    postman.deliver()
    invoice = Invoice.objects.get()
    at_stripe = gateway.read_invoice(invoice.stripe_id)
    page = bookkeeper.get(reverse("lms_memberships_invoices_page", args=[invoice.pk]))
    assert (page.status_code, page["Location"]) == (302, at_stripe.hosted_url)
    file = bookkeeper.get(reverse("lms_memberships_invoices_pdf", args=[invoice.pk]))
    assert (file.status_code, file["Location"]) == (302, at_stripe.pdf_url)
    assert "no-store" in page["Cache-Control"]
    listed = bookkeeper.get(LIST).content.decode()
    assert at_stripe.hosted_url not in listed
    assert at_stripe.pdf_url not in listed
    stored = Invoice.objects.filter(pk=invoice.pk).values_list()[0]
    assert not any("http" in str(value) for value in stored)


def test_a_draft_has_neither(bookkeeper, client_for, membership, student, postman, sandbox):
    """As a renewal is for its first hour."""
    buy(client_for(student), membership)
    postman.deliver()
    row = Invoice.objects.get()
    Invoice.objects.filter(pk=row.pk).update(status="draft")
    with work(sandbox) as unit:
        draft = unit.get("invoice", row.stripe_id)
        draft.update(status="draft", hosted_invoice_url=None, invoice_pdf=None)
    address = reverse("lms_memberships_invoices_page", args=[row.pk])
    assert address not in bookkeeper.get(LIST).content.decode()
    assert bookkeeper.get(address).status_code == 404


def test_who_may_not_see_invoices_asks_stripe_nothing(client_for, bill, sandbox, creator):
    """S19: with a right of its own; and an invoice of another account is as unknown as none."""
    row, other = bill(1), bill(2, account="acct_other")
    for pk in (row.pk, other.pk, 999_999):
        for name in ("page", "pdf"):
            answer = client_for(creator).get(reverse(f"lms_memberships_invoices_{name}", args=[pk]))
            assert answer["Location"] == reverse("wagtailadmin_home")
    viewer = client_for(allow(UserFactory(), "view_invoice"))
    for pk in (other.pk, 999_999):
        assert viewer.get(reverse("lms_memberships_invoices_pdf", args=[pk])).status_code == 404


def test_while_stripe_is_away_the_list_says_so(bookkeeper, bill, sandbox):
    row = bill(1)
    sandbox.faults.plan(Fault("status", f"GET /v1/invoices/{row.stripe_id}", count=5))
    answer = bookkeeper.get(reverse("lms_memberships_invoices_page", args=[row.pk]), follow=True)
    assert answer.redirect_chain[-1][0] == LIST


def test_pages_that_do_not_exist_are_not_linked(bookkeeper, bill):
    """The pages of one person and of a refund come with parts of their own."""
    bill(1)
    assert bookkeeper.get(LIST).status_code == 200


# ------------------------------------------------------------------ for the accountant
def test_the_file_has_one_line_an_invoice_of_what_was_filtered(bookkeeper, bill):
    ada = UserFactory(username="ada", email="ada@school.test", first_name="Ada", last_name="Lind")
    bill(1, user=ada, tax_included=303, payment_intent_id="pi_1")
    bill(2, status="open", amount_paid=400, currency="kwd", total=1900, amount_due=1900, paid_at=None)
    bill(3, currency="jpy")
    assert len(lines(bookkeeper.get(export()))) == 4
    headings, line = lines(bookkeeper.get(export(), {"person": "ada"}))
    told = dict(zip(headings, line, strict=True))
    assert told["Number"] == "SCHOOL-0001"
    assert (told["Person"], told["E-mail address"], told["Membership"]) == (
        "Ada Lind",
        "ada@school.test",
        "Studio pass",
    )
    assert (told["Total"], told["Tax included"], told["Currency"]) == ("19.00", "3.03", "EUR")
    assert (told["Invoice at Stripe"], told["Payment at Stripe"]) == ("in_1", "pi_1")
    dinars = dict(zip(headings, lines(bookkeeper.get(export(), {"currency": "kwd"}))[1], strict=True))
    assert (dinars["Total"], dinars["Due"], dinars["Paid on"]) == ("1.900", "1.500", "")
    yen = dict(zip(headings, lines(bookkeeper.get(export(), {"q": "school-0003"}))[1], strict=True))
    assert yen["Total"] == "1900"


def test_who_took_the_file_stands_in_the_history(bookkeeper, client_for, bill):
    """X24: and not whom they searched for; who may not have it leaves no line."""
    bill(1)
    bookkeeper.get(export("csv"), {"q": "ada@school.test"})
    bookkeeper.get(export("xlsx"))
    bookkeeper.head(export("csv"))
    client_for(allow(UserFactory(), "view_invoice")).get(export("csv"))
    entries = ModelLogEntry.objects.filter(action="lms_memberships.invoices_exported").order_by("pk")
    assert [entry.user.username for entry in entries] == ["bookkeeper"] * 2
    assert [entry.message for entry in entries] == [f"Invoices were exported as {kind}." for kind in ("CSV", "XLSX")]
    assert "ada" not in str([entry.data for entry in entries])


def test_a_user_model_without_full_names_is_exported_too(bookkeeper, bill, monkeypatch):
    """W27: ``AbstractBaseUser`` has none; then it is the name that they sign in with."""
    bill(1, user=UserFactory(username="ada"))
    monkeypatch.delattr(AbstractUser, "get_full_name")
    assert lines(bookkeeper.get(export()))[1][3] == "ada"


def test_no_cell_of_the_file_is_carried_out(bookkeeper, bill, membership):
    """S43: names that are formulas to a spreadsheet stay texts, in both kinds of files."""
    names = ['=HYPERLINK("http://x")', "+33", "-1", "@x", "\tx", "＝1"]
    for number, name in enumerate(names):
        Invoice.objects.filter(pk=bill(number, user=UserFactory(first_name=name, last_name="")).pk).update(number=name)
    table = lines(bookkeeper.get(export()))
    cells = [cell for line in table[1:] for cell in (line[1], line[3])]
    assert sum(cell.startswith("'") for cell in cells) == 11, "a full name loses the tab before it by itself"
    assert [cell for cell in cells if cell.startswith(FORMULAS)] == []
    answer = bookkeeper.get(export("xlsx"))
    sheet = load_workbook(io.BytesIO(b"".join(answer.streaming_content))).active
    for row in sheet.iter_rows(min_row=2):
        assert (row[1].data_type, row[3].data_type) == ("s", "s")
        assert (row[7].data_type, Decimal(str(row[7].value))) == ("n", Decimal("19.00"))
    assert {row[1].value.strip() for row in sheet.iter_rows(min_row=2)} == {name.strip() for name in names}


def test_a_site_may_want_its_invoices_as_they_were_written(bookkeeper, bill, settings):
    """S43: the setting is about every CSV file of ours."""
    Invoice.objects.filter(pk=bill(1).pk).update(number="=1+1")
    settings.LMS_MEMBERSHIPS_EXPORT_ESCAPES_FORMULAS = False
    assert lines(bookkeeper.get(export()))[1][1] == "=1+1"


def test_the_file_is_only_for_those_who_may_export_and_its_name_is_ours(client_for, bill):
    """S44."""
    bill(1)
    viewer = client_for(allow(UserFactory(), "view_invoice"))
    assert viewer.get(export())["Location"] == reverse("wagtailadmin_home")
    assert "Download CSV" not in viewer.get(LIST).content.decode()
    exporter = client_for(allow(UserFactory(), "export_invoice"))
    answer = exporter.get(export(), {"name": "../../etc/passwd"})
    assert answer["Content-Disposition"].startswith('attachment; filename="invoices-2')
    assert ".." not in answer["Content-Disposition"]
    assert "no-store" in answer["Cache-Control"]
    assert exporter.get(export("exe")).status_code == 404
    wrong = exporter.get(export(), {"since": "yesterday"})
    assert (wrong.status_code, wrong["Location"]) == (302, LIST)


def test_the_file_is_read_in_parts_and_tells_each_invoice_once(bill):
    """Keyset: rows of one moment at the edge of a part are neither skipped nor told twice."""
    for number in range(25):
        bill(number, created_at=NOON + timedelta(seconds=number // 10))
    with CaptureQueriesContext(database) as captured:
        told = [row.pk for row in invoice_sums.newest_first(Invoice.objects.all(), size=10)]
    assert told == list(Invoice.objects.order_by("-created_at", "-pk").values_list("pk", flat=True))
    assert len(captured) == 3
