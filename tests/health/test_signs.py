"""What was seen last? Signs are cheap, and never in the way of what is being done."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from lms_memberships import signs
from lms_memberships.signs import Sign, note, notebook, seen


@pytest.mark.django_db
def test_a_sign_is_written_once_a_minute_and_counts_all():
    """S6, N7: ten thousand calls cost one write a minute."""
    with CaptureQueriesContext(connection) as captured:
        for _time in range(1000):
            note("webhook.invalid")
    assert len([query for query in captured.captured_queries if "lms_memberships_sign" in query["sql"]]) == 3
    assert seen(["webhook.invalid"])["webhook.invalid"].count == 1
    note("webhook.invalid", every=timedelta(0), details={"why": "forced"})
    sign = Sign.objects.get()
    assert (sign.count, sign.details) == (1001, {"why": "forced"})


@pytest.mark.django_db
def test_without_the_pause_each_call_writes(monkeypatch):
    """The negative control of the test above."""
    monkeypatch.setattr(notebook, "take", lambda name, every: 1)
    with CaptureQueriesContext(connection) as captured:
        for _time in range(5):
            note("webhook.invalid")
    assert len([query for query in captured.captured_queries if "lms_memberships_sign" in query["sql"]]) == 7


@pytest.mark.django_db(transaction=True)
def test_a_sign_waits_for_the_end_of_a_transaction():
    with transaction.atomic():
        note("mail.sent")
        assert not Sign.objects.exists()
    assert Sign.objects.get().name == "mail.sent"


@pytest.mark.django_db
def test_a_sign_that_cannot_be_written_spoils_nothing(monkeypatch, caplog):
    def broken(*args: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT nothing FROM nowhere")

    monkeypatch.setattr(signs, "_write", broken)
    note("worker")
    assert "could not be written" in caplog.text
    assert not Sign.objects.exists(), "and the transaction still answers"


@pytest.mark.django_db
def test_the_broken_statement_does_spoil_a_transaction():
    """The negative control of the test above."""
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT nothing FROM nowhere")


@pytest.mark.django_db
def test_all_names_are_read_in_one_query(django_assert_num_queries):
    note("mail.sent")
    note("mail.failed")
    with django_assert_num_queries(1):
        assert set(seen(["mail.sent", "mail.failed", "worker.task"])) == {"mail.sent", "mail.failed"}
