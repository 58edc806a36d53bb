"""May yesterday's code go on working while tomorrow's schema is already there? Each migration is asked (E8).

Yesterday's code is the state of the models before a migration, as Django itself rebuilds it: it knows none of the new
columns, neither when it inserts nor when it saves.
"""

import re
import time
import uuid
from collections.abc import Iterator
from functools import cache

import pytest
from django.db import IntegrityError, connection, models, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState
from django.urls import reverse

from lms_memberships.emails import switches
from lms_memberships.models import Invoice, Refund, Withdrawal
from tests import hosted
from tests.faults.sizes import pick
from tests.flows import giving

APP = "lms_memberships"
#: What the row says: none may stand in the way for longer than two seconds on a million rows.
ROWS = pick(test=20_000, ci=1_000_000, soak=1_000_000)
#: As many as creators have typed: an index over them is built at once.
FEW_ROWS = {"lms_memberships_price"}
MANY = """
    CREATE TABLE many_rows AS
    SELECT {columns} FROM (SELECT * FROM "{table}" LIMIT 1) AS one, generate_series(1, {rows})
"""

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no traffic during a migration"),
]


@cache
def loader() -> MigrationLoader:
    # Of what is on the disk; the database is not asked.
    return MigrationLoader(None)


def later_migrations() -> list[str]:
    return sorted(name for app, name in loader().disk_migrations if app == APP)[1:]


def state_before(name: str) -> ProjectState:
    """All apps as they are, ours as it was."""
    found = loader()
    parent = next(key for key in found.get_migration(APP, name).dependencies if key[0] == APP)
    others = [node for node in found.graph.leaf_nodes() if node[0] != APP]
    return found.project_state([*others, parent])


def grown(name: str) -> Iterator[type[models.Model]]:
    """The old models of tables that the migration adds columns to."""
    before = state_before(name)
    after = loader().project_state((APP, name))
    for (app, model), state in before.models.items():
        if app == APP and set(after.models[app, model].fields) - set(state.fields):
            yield before.apps.get_model(app, model)


@pytest.fixture
def bought(membership, student, client_for, gateway, postman) -> None:
    """A purchase and a gift with all their mails, a refund and a withdrawal: a row in every table."""
    switches.switch_all_on()
    browser = client_for(student)
    location = browser.post(reverse("lms_memberships:buy", args=[membership.slug]))["Location"]
    browser.get(hosted.path_of(hosted.pay(location)[1]))
    giving.pay(browser, giving.offer(membership, gateway))
    postman.deliver()
    invoice = Invoice.objects.order_by("pk").first()
    at = {"account": invoice.account, "livemode": invoice.livemode, "created_at": invoice.created_at}
    Refund.objects.create(
        payment_intent_id=invoice.payment_intent_id, amount=1, currency="eur", token=uuid.uuid4(), **at
    )
    # About nothing that is still there, so that there can be another one.
    moments = {"contract_at": invoice.created_at, "declared_at": invoice.created_at}
    Withdrawal.objects.create(membership=membership, title=membership.title, **moments)


def insert_another(old: type[models.Model]) -> models.Model:
    """What yesterday's code would write: a row like the last one, with names of its own."""
    row = old.objects.order_by("-pk").first()
    assert row is not None, f"the journey left no {old.__name__}"
    row.pk = None
    for field in old._meta.concrete_fields:
        if isinstance(field, models.UUIDField):
            setattr(row, field.name, uuid.uuid4())
        elif isinstance(field, models.CharField) and (field.unique or "id" in field.name or "key" in field.name):
            setattr(row, field.name, f"{getattr(row, field.name)[: field.max_length - 7]}_second")
    if old._meta.model_name == "price":
        row.amount += 1
    if old._meta.model_name in {"delivery", "bundleitem", "customer", "gift"}:
        old.objects.all().delete()
    row.save(force_insert=True)
    return row


@pytest.mark.parametrize("name", later_migrations())
def test_yesterdays_code_inserts_and_saves_on_tomorrows_schema(name, bought):
    """E8"""
    tables = list(grown(name))
    for old in tables:
        row = insert_another(old)
        row.save()
        new = loader().project_state((APP, name)).apps.get_model(APP, old._meta.model_name)
        assert new.objects.filter(pk=row.pk).exists()


def test_control_without_a_default_in_the_database_yesterdays_code_fails(bought):
    """E8, negative control"""
    (old,) = (each for each in grown("0002_reliability") if each._meta.model_name == "webhookevent")
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE lms_memberships_webhookevent ALTER COLUMN lease_token DROP DEFAULT")
    try:
        with pytest.raises(IntegrityError), transaction.atomic():
            insert_another(old)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE lms_memberships_webhookevent ALTER COLUMN lease_token SET DEFAULT ''")


@cache
def statements(name: str) -> list[str]:
    """The SQL of a migration, as it would be sent."""
    migration = loader().get_migration(APP, name)
    with connection.schema_editor(collect_sql=True, atomic=False) as editor:
        migration.apply(state_before(name).clone(), editor, collect_sql=True)
    return [line for line in editor.collected_sql if not line.startswith("--")]


@pytest.mark.parametrize("name", later_migrations())
def test_no_statement_rewrites_a_table_that_has_rows(name):
    """E8: nothing that grows with the rows, but the building of an index, which is timed below."""
    slow = ("UPDATE ", " TYPE ", "SET NOT NULL", "ADD CONSTRAINT", "VACUUM", "CLUSTER")
    created = {line.split('"')[1] for line in statements(name) if line.startswith("CREATE TABLE")}
    for line in statements(name):
        if line.startswith("ALTER TABLE") and line.split('"')[1] not in created | FEW_ROWS:
            assert not any(word in line for word in slow), line


@pytest.mark.parametrize("name", later_migrations())
def test_many_rows_and_how_long_each_statement_holds_its_lock(name, bought, report):
    """E8: every statement about a table with many rows, on a copy of it as it was; the seconds are printed."""
    for old in grown(name):
        table = old._meta.db_table
        # The primary key too: an index may name it.
        columns = ", ".join(f'"{field.column}"' for field in old._meta.concrete_fields)
        with connection.cursor() as cursor:
            cursor.execute(MANY.format(columns=columns, table=table, rows=ROWS))
            mine = [line for line in statements(name) if _is_about(line, table)]
            assert mine
            worst = max(_seconds(cursor, _about_the_copy(line, table)) for line in mine)
            cursor.execute("SELECT count(*) FROM many_rows")
            assert cursor.fetchone() == (ROWS,)
            cursor.execute("DROP TABLE many_rows")
        report(f"E8 {table}", rows=ROWS, longest_lock_seconds=worst)


def _is_about(line: str, table: str) -> bool:
    is_index = line.startswith("CREATE INDEX") and f'ON "{table}" ' in line
    return is_index or line.startswith(f'ALTER TABLE "{table}" ADD COLUMN')


def _about_the_copy(line: str, table: str) -> str:
    # The index has its name already, on the table itself.
    # A key to the table itself points to where it always did: the copy has no primary key.
    return re.sub(r'CREATE INDEX "\w+"', "CREATE INDEX", line.replace(f'"{table}"', '"many_rows"', 1))


def _seconds(cursor, statement: str) -> float:
    began = time.perf_counter()
    cursor.execute(statement)
    return time.perf_counter() - began
