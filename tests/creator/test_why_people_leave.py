"""Do creators learn why people leave, in a report and on the person's page (X14, X20, X21)?"""

import csv
import io
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from lms_memberships.models import Departure, Dispute, PromotionCode, Refund, StayOffer, Subscription, WaitingEntry
from lms_memberships.models import Withdrawal as Withdrawn
from lms_memberships.subscriptions import changes, departures
from tests.factories import MembershipFactory, UserFactory, allow
from tests.flows.desk import helper, press, read
from tests.flows.steps import buy, text

pytestmark = pytest.mark.django_db

REPORT = "lms_memberships_report_leaving"


@pytest.fixture
def reader(client_for):
    return client_for(allow(UserFactory(), "view_invoice", "export_invoice"))


@pytest.fixture
def held(membership, now):
    """A subscription that somebody has left, or was offered something."""

    def go(*, membership=membership, user=None) -> Subscription:
        return Subscription.objects.create(
            user=user or UserFactory(), membership=membership, status="active", started_at=now, opened_at=now,
            amount=1900, currency="eur", interval="month", account="acct_sandbox",
            stripe_id=f"sub_{Subscription.objects.count()}",
        )  # fmt: skip

    return go


@pytest.fixture
def code(now):
    return PromotionCode.objects.create(
        code="STAY20", name="Stay", stripe_id="promo_1", account="acct_sandbox", created_at=now, read_started_at=now
    )


def left(row: Subscription, at, feedback: str = "", comment: str = "", state: str = "done") -> Departure:
    return Departure.objects.create(
        subscription=row, feedback=feedback, comment=comment, state=state, asked_at=at,
        settled_at=None if state == "asked" else at,
    )  # fmt: skip


def shown(reader, **query: object) -> str:
    answer = reader.get(reverse(REPORT), query)
    assert answer.status_code == 200
    return text(answer.content.decode())


def test_what_a_student_says_beside_the_button_is_read_in_the_report(client_for, student, membership, reader, postman):
    """X14: from the student's two presses to the creator's table, in the words of both."""
    browser = client_for(student)
    buy(browser, membership)
    row = Subscription.objects.get()
    said = {"feedback": "too_expensive", "comment": "Kilns are dear <b>enough</b>"}
    browser.post(reverse("lms_memberships:cancel", args=[row.pk]), said)
    page = shown(reader)
    assert "It is too expensive 1 100 %" in page
    assert "Kilns are dear <b>enough</b>" in page.replace("&lt;", "<").replace("&gt;", ">")
    raw = reader.get(reverse(REPORT)).content.decode()
    assert "<b>enough</b>" not in raw, "what students write is a text"
    assert student.username not in page, "the report is about the membership, not about the person"


def test_what_was_taken_back_was_said_all_the_same(client_for, student, membership, reader, postman):
    """X21: as the words under the report have it. Its row and its comment stay, and say that it was taken back."""
    browser = client_for(student)
    buy(browser, membership)
    row = Subscription.objects.get()
    browser.post(reverse("lms_memberships:cancel", args=[row.pk]), {"feedback": "unused", "comment": "No time"})
    assert "I do not use it enough 1 100 % 0 0" in shown(reader)
    press(client_for(helper()), "keep", student, row.pk)
    row.refresh_from_db()
    assert row.cancel_at is None
    page = shown(reader)
    assert "I do not use it enough 1 100 % 1 0" in page
    assert "No time" in page
    assert "I do not use it enough · taken back" in page


def test_what_had_nothing_to_end_is_no_cancellation(client_for, student, membership, reader, postman, gateway, now):
    """X21: pressed in the moment in which it was paid off. Nobody took anything back either."""
    buy(client_for(student), membership)
    row = Subscription.objects.get()
    wish = left(row, row.period_start + timedelta(minutes=1), "unused", "No time", state="asked")
    assert "No time" in shown(reader), "the control: waiting for Stripe, it was said"
    Subscription.objects.update(paid_up_at=now)
    with pytest.raises(changes.NotCancellable):
        departures.carry_out(wish, gateway=gateway, now=now)
    page = shown(reader)
    assert "I do not use it enough" not in page
    assert "No time" not in page


def test_counted_by_month_and_reason_with_what_was_not_said(reader, held, now):
    """X14, X21: what was taken back before Stripe had heard of it is among them."""
    for feedback in ("unused", "unused", "too_expensive", ""):
        left(held(), now, feedback)
    left(held(), now, "low_quality", state="dropped")
    left(held(), now - timedelta(days=40), "other")
    page = shown(reader, months=3)
    assert "I do not use it enough 2 40 % 0" in page
    assert "It is too expensive 1 20 % 0" in page
    assert "Nothing said 1 20 % 0" in page
    assert "It is not as good as I expected 1 20 % 1" in page
    assert "Another reason 1 100 %" in page


def test_of_one_membership_and_of_the_connected_account_alone(reader, held, now):
    """X21, S17: another account's people are another seller's."""
    other = MembershipFactory(title="Other")
    left(held(membership=other), now, "unused", "of the other")
    foreign = held()
    Subscription.objects.filter(pk=foreign.pk).update(account="acct_foreign")
    left(foreign, now, "low_quality", "of somebody else")
    left(held(), now, "other", "of this")
    page = shown(reader)
    assert "of the other" in page
    assert "of somebody else" not in page
    page = shown(reader, membership=other.pk)
    assert "of the other" in page
    assert "of this" not in page


def test_who_stayed_is_in_the_chart(reader, held, now, code):
    """V53: beside those who left."""
    left(held(), now)
    StayOffer.objects.create(subscription=held(), code=code, answered_at=now, is_taken=True)
    StayOffer.objects.create(subscription=held(), code=code, answered_at=now, is_taken=False)
    page = reader.get(reverse(REPORT)).content.decode()
    assert ": Stayed 1<" in page
    assert ": Cancelled 1<" in page


def test_who_stayed_stands_in_the_table_too_also_when_nobody_left(reader, held, now, code):
    """V53, X21: the month of those who stayed has a row and a chart, whether or not somebody left in it."""
    assert "lms-chart__bar" not in reader.get(reverse(REPORT)).content.decode(), "the control: nothing to draw"
    for _each in range(2):
        StayOffer.objects.create(subscription=held(), code=code, answered_at=now, is_taken=True)
    page = reader.get(reverse(REPORT)).content.decode()
    assert "Took the offer to stay 0 – 0 2" in text(page)
    assert ": Stayed 2<" in page
    left(held(), now, "unused")
    assert "I do not use it enough 1 100 % 0 0" in shown(reader)
    assert "Took the offer to stay 0 – 0 2" in shown(reader)


def test_its_file_holds_the_numbers_and_no_comment(reader, held, now):
    """X21: the months as machines read them."""
    left(held(), now, "unused", "=cmd|' /C calc'!A0")
    file = reader.get(reverse(REPORT), {"export": "csv"}).getvalue().decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(file)))
    assert rows[1:] == [[f"{now:%Y-%m}", "I do not use it enough", "1", "100 %", "0", "0"]]


def test_the_queries_of_the_report_do_not_grow(reader, held, now):
    """X21"""
    counts = []
    for number in (1, 12):
        for _each in range(number):
            left(held(), now, "unused", "Because")
        reader.get(reverse(REPORT))
        with CaptureQueriesContext(connection) as captured:
            reader.get(reverse(REPORT))
        counts.append(len(captured))
    assert counts[0] == counts[1]


# ------------------------------------------------------------------ one person
def test_the_timeline_tells_of_leaving_and_of_money_that_went_back(client_for, student, held, membership, now, code):
    """X20, X14, V53, G7, G9: a history without them tells the wrong story."""
    row = held(user=student)
    left(row, now, "unused", "No time")
    StayOffer.objects.create(subscription=row, code=code, answered_at=now)
    WaitingEntry.objects.create(membership=membership, user=student, asked_at=now)
    Withdrawn.objects.create(
        subscription=row, membership=membership, title="Studio pass", contract_at=now, declared_at=now, amount=1900,
        currency="eur",
    )  # fmt: skip
    money = {"payment_intent_id": "pi_1", "subscription": row, "amount": 500, "currency": "eur", "created_at": now}
    Refund.objects.create(**money, state="succeeded", reason="Was ill", account="acct_sandbox")
    Dispute.objects.create(
        **money, stripe_id="dp_1", status="open", said="needs_response", read_started_at=now, account="acct_sandbox"
    )
    page = read(client_for(helper()), "", student)
    for words in (
        "“Studio pass”: cancelled by the person, on the account page",
        "I do not use it enough · No time",
        "“Studio pass”: did not take the discount that was offered",
        "“Studio pass”: waits for a free place",
        "“Studio pass”: withdrew from the contract",
        "€19.00, not given back yet",
        "Given back: €5.00",
        "given back · Was ill",
        "Disputed at the bank: €5.00",
    ):
        assert words in page, words
    page = read(client_for(helper("view_invoice")), "", student)
    assert "Given back" not in page
    assert "Disputed" not in page
    assert "withdrew from the contract" in page
    assert "not given back yet" not in page, "the price is no secret, and what they paid is"
