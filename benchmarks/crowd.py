"""Who are a thousand, a hundred thousand, a million people of a school? A realistic mix, made inside the database."""

import json

from django.contrib.auth import get_user_model
from django.db import connection, models
from django.utils import timezone

from lms_memberships.models import Email, Invoice, Membership, RevenueChange, Subscription

#: How many memberships the school sells; the first ones have most of the members.
MEMBERSHIPS = 50
NAMED = "crowd-"
ACCOUNT = "acct_bench"
#: Invoices of each subscription: of the last months.
PAPERS = 2
FIRST = ("Ada", "Grace", "Camille", "Noor", "Aiko", "Émile", "Zoë", "Lars", "Ines", "Chidi", "Mei", "Tomás")
LAST = ("Lind", "Hopper", "Martin", "Okafor", "Tanaka", "Müller", "Dubois", "Jansen", "Silva", "Novak", "Li", "O'Neil")
#: Of a hundred subscriptions: up to which number which state, and the columns that make it.
MIX = (
    (52, "live", "'active'", "now() + d * interval '1 day'", "NULL", "true"),
    (60, "trial", "'trialing'", "now() + d * interval '1 day'", "NULL", "true"),
    (64, "failing", "'past_due'", "now() + (d - 15) * interval '1 day'", "NULL", "true"),
    (72, "cancelled", "'active'", "now() + d * interval '1 day'", "now() + d * interval '1 day'", "true"),
    (75, "paused", "'paused'", "now() - d * interval '1 day'", "NULL", "true"),
    (79, "for good", "'active'", "'9999-01-01 00:00+00'::timestamptz", "NULL", "false"),
    (99, "ended", "'canceled'", "now() - d * interval '1 day'", "NULL", "true"),
)
ORIGINS = "(ARRAY['bought','bought','bought','bought','bought','bought','bought','gift','given','imported'])"


def grow(people: int) -> None:
    """Until there are so many: each with one subscription, every fourth with a second, every tenth with a third."""
    _sell()
    model = get_user_model()
    there = model.objects.filter(username__startswith=NAMED).count()
    if there > people:
        msg = f"There are {there} people already: a school of {people} can only be measured before"
        raise RuntimeError(msg)
    if people > there:
        last = Subscription.objects.aggregate(last=models.Max("pk", default=0))["last"]
        _make_people(there + 1, people)
        _make_subscriptions(there + 1, people)
        _make_papers(last)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _sell() -> None:
    now = timezone.now()
    missing = MEMBERSHIPS - Membership.objects.count()
    Membership.objects.bulk_create(
        Membership(title=f"Plan {number}", slug=f"plan-{number}", price_amount=1900, live=True, first_published_at=now)
        for number in range(missing)
    )


def _make_people(first: int, last: int) -> None:
    table = get_user_model()._meta.db_table
    columns = "username, email, first_name, last_name, password, is_active, is_staff, is_superuser, date_joined"
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({columns}) SELECT %s || n, 'person' || n || '@mail' || n %% 40 || '.example', "  # noqa: S608
            "(%s::text[])[1 + n %% %s], (%s::text[])[1 + (n / 7) %% %s] || ' ' || n, '!', true, false, false, now() "
            "FROM generate_series(%s, %s) n",
            [NAMED, list(FIRST), len(FIRST), list(LAST), len(LAST), first, last],
        )


def _make_subscriptions(first: int, last: int) -> None:
    """Each person's k-th, of another membership; states, days and origins are drawn by their number: always the same."""
    users = get_user_model()._meta.db_table
    cases = {
        column: "CASE "
        + " ".join(f"WHEN r < {row[0]} THEN {row[place]}" for row in MIX)
        + f" ELSE {MIX[-1][place]} END"
        for column, place in {"status": 2, "access_until": 3, "cancel_at": 4, "is_recurring": 5}.items()
    }
    values = {
        "user_id": "u.id",
        "membership_id": "m.id",
        "stripe_id": "'sub_' || u.id || '_' || k",
        "account": f"'{ACCOUNT}'",
        "origin": f"{ORIGINS}[1 + n % 10]",
        "language": "(ARRAY['en','fr'])[1 + n % 2]",
        "started_at": "now() - (n % 1400 + k * 30) * interval '1 day' - n * interval '1 second'",
        "opened_at": "now() - (n % 1400 + k * 30) * interval '1 day'",
        "period_end": "now() + d * interval '1 day'",
        "ended_at": "CASE WHEN r >= 79 THEN now() - d * interval '1 day' END",
        **cases,
    }
    ids = f"SELECT array_agg(id ORDER BY id) FROM {Membership._meta.db_table}"  # noqa: S608
    _insert(
        Subscription,
        values,
        f"(SELECT id, substring(username from {len(NAMED) + 1})::int n FROM {users} WHERE username LIKE "  # noqa: S608
        f"'{NAMED}%') u JOIN LATERAL generate_series(0, CASE WHEN n % 10 = 0 THEN 2 WHEN n % 4 = 0 THEN 1 ELSE 0 "
        "END) k ON true JOIN LATERAL (SELECT (n * 37 + k * 53) % 100 r, n % 28 + 1 d) x ON true "
        f"JOIN LATERAL (SELECT ({ids})[1 + (power((n * 61 % 997) / 997.0, 2) * {MEMBERSHIPS - 3})::int + k] id) m "
        f"ON true WHERE n BETWEEN {int(first)} AND {int(last)}",
    )


def _make_papers(after: int) -> None:
    """Of the subscriptions after that one: the invoices of the last months, a mail each, and what it is to the revenue."""
    left = f"{Subscription._meta.db_table} s WHERE s.opened_at IS NOT NULL AND s.id > {int(after)}"
    months = f"(SELECT s.* FROM {left}) s JOIN LATERAL generate_series(0, {PAPERS - 1}) k ON true"  # noqa: S608
    begun = "LEAST(s.started_at + interval '1 year', now()) - k * interval '1 month'"
    owner = {"user_id": "s.user_id", "membership_id": "s.membership_id", "subscription_id": "s.id"}
    paid = "CASE WHEN s.status = 'past_due' AND k = 0 THEN 0 ELSE 1900 END"
    invoice = {
        "stripe_id": "'in_' || s.id || '_' || k", "account": f"'{ACCOUNT}'", "number": "'F-' || s.id || '-' || k",
        "status": f"CASE WHEN {paid} = 0 THEN 'open' ELSE 'paid' END", "currency": "'eur'", "total": "1900",
        "amount_paid": paid, "amount_due": "1900", "created_at": begun, "paid_at": f"CASE WHEN {paid} > 0 THEN {begun} END", "read_started_at": begun,
        "payment_intent_id": "'pi_' || s.id || '_' || k", "failures_told": f"CASE WHEN {paid} = 0 THEN 1 ELSE 0 END",
    }  # fmt: skip
    change = {
        "membership_id": "s.membership_id", "subscription_id": "s.id", "kind": "'new'", "at": "s.started_at",
        "currency": "'eur'", "delta": "1900", "members": "1", "monthly": "1900",
    }  # fmt: skip
    mail = {
        "key": "'bench:' || s.id", "kind": "'subscription_started'", "recipient": "'person@mail.example'",
        "language": "'en'", "state": "'sent'", "owed_at": "s.started_at", "next_try_at": "s.started_at",
        "sent_at": "s.started_at",
    }  # fmt: skip
    _insert(RevenueChange, change, f"(SELECT s.* FROM {left}) s")  # noqa: S608
    _insert(Email, {**owner, **mail}, f"(SELECT s.* FROM {left}) s")  # noqa: S608
    _insert(Invoice, {**owner, **invoice}, months)


def _insert(model: type[models.Model], values: dict[str, str], source: str) -> None:
    """Rows of this table, made inside the database; what is not said is as a new row has it."""
    names, chosen = [], []
    for field in model._meta.concrete_fields:
        if not field.primary_key:
            names.append(field.column)
            chosen.append(values.get(field.column) or _default(field))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {model._meta.db_table} ({', '.join(names)}) SELECT {', '.join(chosen)} FROM {source}"  # noqa: S608
        )


def _default(field: object) -> str:
    """What a new row has there, as SQL."""
    value = field.get_default()  # type: ignore[attr-defined]
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return f"'{json.dumps(value)}'::jsonb"
    return str(value) if isinstance(value, int) else f"'{value}'"
