"""A credit note stands, and the bank did not take its refund: does everything that adds agree that nothing went back (G9, H11)?"""

import csv
import io
from types import SimpleNamespace

import pytest
from django.urls import reverse

from lms_memberships.models import Invoice, Membership, Refund, Subscription
from lms_memberships.subscriptions import contracts, invoice_sums, report_sums, spans
from tests.factories import MembershipFactory, UserFactory, allow, publish, put_into
from tests.flows.backwards import bought
from tests.flows.refunding import form, page_of, press
from tests.flows.steps import buy, text
from tests.flows.test_instalments import MONTH_AND_A_BIT

pytestmark = pytest.mark.django_db


@pytest.fixture
def held(client_for, student, membership, postman) -> Subscription:
    return bought(client_for(student), membership, postman)


@pytest.fixture
def desk(client_for):
    allowed = ("refund_invoice", "view_invoice", "export_invoice", "view_subscription")
    return client_for(allow(UserFactory(username="refunder"), *allowed))


def here(desk, held, postman) -> None:
    url = page_of(held)
    press(desk, url, form(desk, url))
    postman.deliver()


def in_the_dashboard(gateway, held, postman, amount: int = 1900) -> None:
    asked = {"invoice": held.invoices.get().stripe_id, "amount": amount, "refund_amount": amount}
    gateway.client.v1.credit_notes.create(asked)
    postman.deliver()


def fail(sandbox, postman) -> None:
    sandbox.actions.fail_refund(Refund.objects.latest("pk").stripe_id)
    postman.deliver()


def all_that_adds(desk, held) -> SimpleNamespace:
    """What went back, wherever it is said."""
    invoice = held.invoices.get()
    scope = report_sums.Scope([spans.month_of(invoice.paid_at)], held.account, held.livemode)
    [totals], [month] = invoice_sums.per_currency(Invoice.objects.all()), report_sums.earned(scope)
    answer = desk.get(reverse("lms_memberships_invoices_export", args=["csv"]))
    exported = b"".join(answer.streaming_content).decode("utf-8-sig")
    [line] = csv.DictReader(io.StringIO(exported), delimiter=";" if ";" in exported.splitlines()[0] else ",")
    return SimpleNamespace(
        list=totals.credited.minor, report=month.credited.minor, net=month.net.minor, exported=line["Given back"]
    )


@pytest.mark.parametrize("where", ["here", "in the dashboard"])
def test_what_no_bank_took_counts_nowhere_and_the_next_refund_counts_once(desk, held, sandbox, gateway, postman, where):
    """G9, H11, X21: the list, the report, the export and what can be withdrawn from agree, before and after."""
    if where == "here":
        here(desk, held, postman)
    else:
        in_the_dashboard(gateway, held, postman)
    assert vars(all_that_adds(desk, held)) == {"list": 1900, "report": 1900, "net": 0, "exported": "19.00"}
    assert not contracts.is_money_left(held)
    fail(sandbox, postman)
    assert held.invoices.get().credited == 1900, "the credit note stands at Stripe"
    assert vars(all_that_adds(desk, held)) == {"list": 0, "report": 0, "net": 1900, "exported": "0.00"}
    assert contracts.is_money_left(held)
    here(desk, held, postman)
    assert vars(all_that_adds(desk, held)) == {"list": 1900, "report": 1900, "net": 0, "exported": "19.00"}


def test_one_note_of_two_failed(desk, held, sandbox, gateway, postman):
    """G9: €4.00 went back, and €15.00 did not."""
    in_the_dashboard(gateway, held, postman, 400)
    in_the_dashboard(gateway, held, postman, 1500)
    fail(sandbox, postman)
    assert all_that_adds(desk, held).list == 400


def test_what_stripe_refused_has_no_note_to_take_off(desk, held, gateway, postman):
    """G9, negative control: €10.00 went back in another way; a refund that was never made takes nothing from that."""
    invoice = held.invoices.get()
    gateway.client.v1.credit_notes.create({"invoice": invoice.stripe_id, "amount": 1000, "out_of_band_amount": 1000})
    postman.deliver()
    values = {"payment_intent_id": invoice.payment_intent_id, "amount": 500, "currency": "eur", "has_note": True}
    refused = Refund(invoice=invoice, state="refused", created_at=invoice.created_at, account=held.account, **values)
    refused.save()
    assert all_that_adds(desk, held).list == 1000
    Refund.objects.filter(pk=refused.pk).update(state="failed")
    assert all_that_adds(desk, held).list == 500


def test_it_is_added_in_one_query_however_many_there_are(desk, held, sandbox, postman, django_assert_num_queries):
    """W25, X21"""
    here(desk, held, postman)
    fail(sandbox, postman)
    with django_assert_num_queries(1):
        invoice_sums.per_currency(Invoice.objects.all())
    with django_assert_num_queries(1):
        assert [each.given_back for each in invoice_sums.with_what_went_back(Invoice.objects.all())] == [0]


@pytest.fixture
def course(gateway, live_session) -> Membership:
    draft = MembershipFactory(title="Course", price_amount=10000, instalments=3)
    return publish(put_into(draft, live_session), gateway=gateway)


@pytest.mark.parametrize(("fails", "is_theirs"), [(True, True), (False, False)])
def test_an_instalment_that_no_bank_took_back_is_paid(
    client_for, student, course, sandbox, gateway, clock, postman, fails, is_theirs
):
    """V10, guide §9: all three are paid, one was given back by a credit note; they keep what they paid if that failed."""
    buy(client_for(student), course)
    postman.deliver()
    row = Subscription.objects.get()
    in_the_dashboard(gateway, row, postman, 10000)
    if fails:
        fail(sandbox, postman)
    for _month in range(4):
        clock.advance(**MONTH_AND_A_BIT)
        postman.deliver()
        clock.daily()
    row.refresh_from_db()
    assert row.is_for_good is is_theirs
    assert row.instalments_paid == (3 if is_theirs else 2)


def test_the_page_of_a_person_says_it_too(desk, held, student, sandbox, postman):
    """G9"""
    here(desk, held, postman)
    url = reverse("lms_memberships_person", args=[student.pk])
    before = text(desk.get(url).content.decode()).count("€19.00")
    fail(sandbox, postman)
    assert text(desk.get(url).content.decode()).count("€19.00") < before
