"""Where objects are kept: in memory, written through to a file if there is one."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

# An object as the API shows it. Keys beginning with "_" are the sandbox's own and never shown.
Object = dict[str, Any]
Key = tuple[str, str, str]  # account, kind, id

SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    account TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, place INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (account, kind, id)
);
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


def copied(value: Any) -> Any:
    """A copy to the bottom of what JSON can say; ``copy.deepcopy`` takes several times as long."""
    if isinstance(value, dict):
        return {name: copied(each) for name, each in value.items()}
    if isinstance(value, list):
        return [copied(each) for each in value]
    return value


class Store:
    """Committed objects. All reading and writing happens under ``lock``."""

    def __init__(self, path: Path | None, *, lock: threading.RLock) -> None:
        self.lock = lock
        self._kinds: dict[tuple[str, str], dict[str, Object]] = {}
        self._places: dict[Key, int] = {}
        self._facts: dict[str, str] = {}
        self._next_place = 1
        self.on_commit: list[Callable[[Key, Object | None], None]] = []
        self._file = _open(path) if path else None
        if self._file:
            self._load(self._file)

    def all(self, kind: str, *, account: str) -> list[Object]:
        """Newest first; copies."""
        with self.lock:
            return [copied(each) for each in reversed(self._kinds.get((account, kind), {}).values())]

    def one(self, kind: str, object_id: str, *, account: str) -> Object | None:
        with self.lock:
            return copied(self._kinds.get((account, kind), {}).get(object_id))

    def count(self, account: str, kind: str) -> int:
        return len(self._kinds.get((account, kind), {}))

    def accounts(self) -> list[str]:
        with self.lock:
            return [account for (account, kind), objects in self._kinds.items() if kind == "account" and objects]

    def fact(self, name: str) -> str | None:
        return self._facts.get(name)

    def set_fact(self, name: str, value: str) -> None:
        with self.lock:
            self._facts[name] = value
            if self._file:
                with self._file:
                    self._file.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

    # -------------------------------------------------------------- for Work
    def peek(self, key: Key) -> Object | None:
        """The committed object itself: not to be changed."""
        return self._kinds.get(key[:2], {}).get(key[2])

    def peek_all(self, account: str, kind: str) -> Iterator[Object]:
        """Newest first; not to be changed."""
        return reversed(self._kinds.get((account, kind), {}).values())

    def walk(self) -> Iterator[tuple[Key, Object]]:
        for (account, kind), objects in self._kinds.items():
            for object_id, each in objects.items():
                yield (account, kind, object_id), each

    def commit(self, changes: dict[Key, Object | None]) -> None:
        """All or nothing, in the file too, before anyone else sees it."""
        if self._file:
            with self._file:
                self._file.executemany(
                    "INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?)",
                    [(*key, self._place(key), json.dumps(each)) for key, each in changes.items() if each is not None],
                )
                self._file.executemany(
                    "DELETE FROM objects WHERE account = ? AND kind = ? AND id = ?",
                    [key for key, each in changes.items() if each is None],
                )
        for key, each in changes.items():
            self._put(key, each)
            for listener in self.on_commit:
                listener(key, each)

    def clear(self) -> None:
        with self.lock:
            self.commit({key: None for key, _ in list(self.walk())})

    def close(self) -> None:
        with self.lock:
            if self._file:
                self._file.close()
                self._file = None

    def _put(self, key: Key, each: Object | None) -> None:
        objects = self._kinds.setdefault(key[:2], {})
        if each is None:
            objects.pop(key[2], None)
            self._places.pop(key, None)
        else:
            self._place(key)
            objects[key[2]] = each

    def _place(self, key: Key) -> int:
        if key not in self._places:
            self._places[key] = self._next_place
            self._next_place += 1
        return self._places[key]

    def _load(self, file: sqlite3.Connection) -> None:
        self._facts = dict(file.execute("SELECT name, value FROM facts"))
        for account, kind, object_id, place, body in file.execute("SELECT * FROM objects ORDER BY place"):
            self._places[account, kind, object_id] = place
            self._put((account, kind, object_id), json.loads(body))
            self._next_place = place + 1


def _open(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    file = sqlite3.connect(path, check_same_thread=False)
    # What is committed survives a killed process; only a power cut could take the last moment.
    file.execute("PRAGMA journal_mode = WAL")
    file.execute("PRAGMA synchronous = NORMAL")
    file.executescript(SCHEMA)
    return file
