"""Where does a site of the rig keep its rows? In a database that is copied from a migrated one in less than a second."""

import hashlib
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.db import connection
from django.db.migrations.loader import MigrationLoader

ROOT = Path(__file__).resolve().parent.parent.parent.parent
PREFIX = "lmsm_rig"
#: Whoever makes the template holds this lock of PostgreSQL's; the others wait for them.
LOCK = 7_320_451


@dataclass(frozen=True)
class Server:
    """A PostgreSQL server, and who we are there."""

    host: str
    port: str
    user: str
    password: str = ""

    @classmethod
    def of_the_tests(cls) -> "Server":
        about = settings.DATABASES["default"]
        return cls(about["HOST"] or "127.0.0.1", str(about["PORT"] or 5432), about["USER"], about["PASSWORD"])

    def url(self, name: str) -> str:
        secret = f":{self.password}" if self.password else ""
        return f"postgresql://{self.user}{secret}@{self.host}:{self.port}/{name}"

    def connect(self, name: str = "postgres") -> psycopg.Connection:
        return psycopg.connect(self.url(name), autocommit=True, connect_timeout=5)


def migrations() -> str:
    """A name for all that the migrations make: another change, another name."""
    found = hashlib.sha256()
    for key in sorted(MigrationLoader(None, ignore_no_migrations=True).disk_migrations):
        found.update(repr(key).encode())
    for folder in ("lms_memberships", "example_site"):
        for file in sorted((ROOT / folder / "migrations").glob("*.py")):
            found.update(file.read_bytes())
    return found.hexdigest()[:16]


def template(server: Server) -> str:
    """The migrated database, made once for this state of the migrations; older ones are removed."""
    name = f"{PREFIX}_template_{migrations()}"
    with server.connect() as admin:
        admin.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        known = _databases(admin)
        if name not in known:
            _make(server, admin, name)
            for old in known:
                if old.startswith(f"{PREFIX}_template_") and not old.startswith(name):
                    admin.execute(f'DROP DATABASE IF EXISTS "{old}" WITH (FORCE)')
    return name


def _make(server: Server, admin: psycopg.Connection, name: str) -> None:
    unfinished = f"{PREFIX}_unfinished"
    admin.execute(f'DROP DATABASE IF EXISTS "{unfinished}" WITH (FORCE)')
    admin.execute(f'CREATE DATABASE "{unfinished}"')
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--settings", "tests.faults.settings", "--verbosity", "0"],
        cwd=ROOT,
        env={**os.environ, "RIG_DATABASE_URL": server.url(unfinished)},
        check=True,
    )
    admin.execute(f'ALTER DATABASE "{unfinished}" RENAME TO "{name}"')


@contextmanager
def database(server: Server) -> Iterator[str]:
    """A copy of the template, gone afterwards."""
    source, name = template(server), f"{PREFIX}_copy_{uuid.uuid4().hex[:12]}"
    # Held for as long as the copy is needed; a server that is stopped meanwhile lets go of it, and of nothing else.
    holder = server.connect()
    holder.execute("SELECT pg_advisory_lock(hashtext(%s))", [name])
    with server.connect() as admin:
        # One copy at a time: PostgreSQL copies nothing that somebody else is copying.
        admin.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        _drop_forgotten(admin)
        admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{source}"')
    try:
        yield name
    finally:
        with server.connect() as admin:
            admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        holder.close()


def _drop_forgotten(admin: psycopg.Connection) -> None:
    """What a run has left that was killed: nobody holds its lock any more."""
    for name in _databases(admin):
        if name.startswith(f"{PREFIX}_copy_"):
            (is_free,) = admin.execute("SELECT pg_try_advisory_lock(hashtext(%s))", [name]).fetchone()
            if is_free:
                admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
                admin.execute("SELECT pg_advisory_unlock(hashtext(%s))", [name])


def _databases(admin: psycopg.Connection) -> list[str]:
    return [row[0] for row in admin.execute("SELECT datname FROM pg_database").fetchall()]


@contextmanager
def looked_at(server: Server, name: str) -> Iterator[None]:
    """In this process, Django's database is that one."""
    before = {key: connection.settings_dict[key] for key in ("HOST", "PORT", "USER", "PASSWORD", "NAME")}
    there = (server.host, server.port, server.user, server.password, name)
    _turn_to(dict(zip(before, there, strict=True)))
    try:
        yield
    finally:
        _turn_to(before)


def _turn_to(place: dict[str, str]) -> None:
    connection.close()
    connection.settings_dict.update(place)
    # The same model has another number elsewhere, and the same page another address.
    ContentType.objects.clear_cache()
    cache.clear()
