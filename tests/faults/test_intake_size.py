"""A million events lie there already: is the next one taken in as fast as the first? (E11)"""

import math
import time

import pytest
from django.db import connection

from lms_memberships.models import WebhookEvent
from lms_memberships.webhooks import receive
from tests.faults.sizes import pick
from tests.webhooks.test_inbox import said
from tests.webhooks.test_pruning import old_event
from tests.webhooks_rig import post_event

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite is for small sites"),
]

ROWS = pick(test=200_000, ci=300_000, soak=1_000_000)
CALLS = pick(test=100, ci=400, soak=2000)
#: Nineteen of twenty calls; where they are few and the machine is busy, the one in the middle says more.
SHARE = pick(test=0.5, ci=0.5, soak=0.95)
#: By how much that call may get slower.
SLOWER = pick(test=1.6, ci=1.6, soak=1.2)
FILL = """
    INSERT INTO {table} ({columns})
    SELECT {values} FROM {table}, generate_series(1, {number}) WHERE event_id = 'evt_pattern'
"""


def fill(number: int) -> None:
    """So many events of last year, worked off."""
    pattern = old_event(0, 300)
    pattern.event_id = "evt_pattern"
    pattern.save()
    columns = [field.column for field in WebhookEvent._meta.concrete_fields if not field.primary_key]
    new = {"event_id": "'evt_' || generate_series", "object_id": "'sub_' || generate_series"}
    with connection.cursor() as cursor:
        cursor.execute(
            FILL.format(
                table=WebhookEvent._meta.db_table,
                columns=", ".join(f'"{column}"' for column in columns),
                values=", ".join(new.get(column, f'"{column}"') for column in columns),
                number=number,
            )
        )
        cursor.execute(f"ANALYZE {WebhookEvent._meta.db_table}")


def answered_within(name: str) -> float:
    """The seconds within which that share of the calls is answered."""
    took = []
    for number in range(CALLS):
        event = said(
            "customer.subscription.updated", {"id": f"sub_{name}", "object": "subscription"}, f"{name}{number}"
        )
        began = time.monotonic()
        assert post_event(event).status_code == 200
        took.append(time.monotonic() - began)
    return sorted(took)[math.ceil(CALLS * SHARE) - 1]


def slower() -> float:
    """How much slower the intake is when a year's events lie there. Before and after, the table is as good as empty."""
    answered_within("warm")
    before = answered_within("before")
    fill(ROWS)
    full = answered_within("full")
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {WebhookEvent._meta.db_table}")
    return full / max(before, answered_within("after"))


def test_the_intake_does_not_notice_how_many_there_were(gateway, no_worker, report):
    """E11: within one run, on the same machine and with the same table."""
    ratio = slower()
    report("E11", rows=ROWS, calls=CALLS, ratio=ratio)
    assert ratio < SLOWER


def test_control_whoever_looks_first_and_has_no_index_gets_slower(gateway, no_worker, report, monkeypatch):
    """E11, negative control: the intake asks for what it knows about the object, which no index answers."""
    insert = receive._insert

    def look_and_insert(event: WebhookEvent) -> None:
        WebhookEvent.objects.filter(object_id=event.object_id, type="unheard of").exists()
        insert(event)

    monkeypatch.setattr(receive, "_insert", look_and_insert)
    ratio = slower()
    report("E11, control", rows=ROWS, calls=CALLS, ratio=ratio)
    assert ratio > SLOWER
