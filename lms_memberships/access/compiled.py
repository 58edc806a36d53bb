"""How is a query of fixed shape asked without building it anew each time? Written with the ORM, compiled once.

Building the query of ``decide`` costs several times what the database needs to answer it, on every page view.
"""

from collections.abc import Callable, Hashable, Mapping
from typing import Any

from django.db import connections, models, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Func, Value
from django.db.models.sql.compiler import SQLCompiler

from ..subscriptions.models import Subscription

KEPT = "_lms_memberships_compiled"
#: One for each depth of the page tree, and a few more. A tree deeper than this many is asked all the same.
MOST_KEPT = 200


class Slot(Value):
    """A place in a compiled query, filled at each asking."""

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, Any]:
        return "%s", [self]


class IsIn(Func):
    """``x IN (subquery)``. PostgreSQL plans an array in a fraction of the time that it takes for one more join."""

    template = "%(expressions)s"
    arg_joiner = " IN "
    output_field = models.BooleanField()

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> tuple[str, Any]:
        return self.as_sql(compiler, connection, template="%(expressions)s)", arg_joiner=" = ANY(ARRAY", **context)


def ask(key: Hashable, build: Callable[[], models.QuerySet], values: Mapping[str, object]) -> list[tuple]:
    """The rows of ``build()``, a ``values_list``, with its slots filled. ``key`` names the shape."""
    using = _database()
    # Kept on the connection: a compiler belongs to one, and a connection to one thread.
    kept: dict[Hashable, _Compiled] = connections[using].__dict__.setdefault(KEPT, {})
    if key not in kept:
        if len(kept) >= MOST_KEPT:
            kept.clear()
        kept[key] = _Compiled(build().using(using))
    return kept[key].rows(values)


def _database() -> str:
    return router.db_for_read(Subscription)


class _Compiled:
    def __init__(self, queryset: models.QuerySet) -> None:
        self._compiler = queryset.query.get_compiler(using=queryset.db)
        self._sql, self._params = self._compiler.as_sql()
        selected = [column for column, _sql, _alias in self._compiler.select[: self._compiler.col_count]]
        self._converters = self._compiler.get_converters(selected)

    def rows(self, values: Mapping[str, object]) -> list[tuple]:
        params = [values[param.value] if isinstance(param, Slot) else param for param in self._params]
        with self._compiler.connection.cursor() as cursor:
            cursor.execute(self._sql, params)
            found = cursor.fetchall()
        if self._converters:
            # SQLite keeps moments as text.
            found = [tuple(row) for row in self._compiler.apply_converters(found, self._converters)]
        return found
