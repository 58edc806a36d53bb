"""One unit of work: what a request or a step of the clock reads, changes and announces, all or nothing."""

from __future__ import annotations

import copy
import secrets
import string
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypedDict, Unpack

from .errors import ApiError, no_such
from .paging import Listing
from .rendering import render
from .shapes import fresh
from .store import Key, Object, copied

if TYPE_CHECKING:
    from .server import Sandbox

API_VERSION = "2026-10-28.endive"
LETTERS = string.ascii_letters + string.digits


def new_id(prefix: str, *, length: int = 14) -> str:
    # One question to the system for the whole word: a burst makes thousands.
    return prefix + "".join(LETTERS[each % len(LETTERS)] for each in secrets.token_bytes(length))


class WorkOptions(TypedDict, total=False):
    account: str | None
    now: int | None
    request_id: str | None
    idempotency_key: str | None


class Work:
    """Objects come out as copies that may be changed; what changed is committed at the end."""

    def __init__(
        self,
        sandbox: Sandbox,
        *,
        account: str | None = None,
        now: int | None = None,
        request_id: str | None = None,
        idempotency_key: str | None = None,
    ) -> None:
        self.sandbox = sandbox
        self.account = account or sandbox.account_id
        self.request_id = request_id
        self.idempotency_key = idempotency_key
        self.now = sandbox.now() if now is None else now
        self.events: list[Object] = []
        self._held: dict[Key, Object | None] = {}
        self._shown: dict[Key, Object] = {}

    # -------------------------------------------------------------- reading
    def find(self, kind: str, object_id: str | None) -> Object | None:
        if object_id is None:
            return None
        key = (self.account, kind, object_id)
        if key not in self._held:
            committed = self.sandbox.store.peek(key)
            if committed is None:
                return None
            self._held[key] = copied(committed)
        return self._held[key]

    def get(self, kind: str, object_id: str, *, param: str = "id", status: int = 404) -> Object:
        found = self.find(kind, object_id)
        if found is None:
            raise no_such(kind.lstrip("_"), object_id, param=param, status=status)
        return found

    def named(self, kind: str, object_id: str, *, param: str) -> Object:
        """An object that a parameter speaks of: a missing one is the request's mistake."""
        return self.get(kind, object_id, param=param, status=400)

    def all(self, kind: str, is_wanted: Callable[[Object], bool] = lambda _: True) -> list[Object]:
        """Newest first."""
        fresh_ones = [
            each
            for (account, held_kind, object_id), each in reversed(self._held.items())
            if each is not None
            and (account, held_kind) == (self.account, kind)
            and self.sandbox.store.peek((account, held_kind, object_id)) is None
        ]
        found = [each for each in fresh_ones if is_wanted(each)]
        for committed in self.sandbox.store.peek_all(self.account, kind):
            key = (self.account, kind, committed["id"])
            current = self._held.get(key, committed)
            if current is not None and is_wanted(current):
                held = self.find(kind, committed["id"])
                if held is not None:
                    found.append(held)
        return found

    def listing(self, kind: str, is_wanted: Callable[[Object], bool] = lambda _: True) -> Listing:
        """What is committed, newest first, for a request that only lists: not copied, so not to be changed."""
        return Listing(lambda: self.sandbox.store.peek_all(self.account, kind), is_wanted)

    # -------------------------------------------------------------- changing
    def new(self, kind: str, prefix: str, **fields: object) -> Object:
        created = fresh(kind, id=fields.pop("id", None) or new_id(prefix)) | fields
        for name in ("created", "date"):
            if created.get(name) == 0:
                created[name] = self.now
        return self.keep(created)

    def keep(self, each: Object) -> Object:
        self._held[self.account, each["object"], each["id"]] = each
        return each

    def forget(self, each: Object) -> None:
        self._held[self.account, each["object"], each["id"]] = None

    def shown(self, each: Object) -> Object:
        return render(each)

    # -------------------------------------------------------------- announcing
    def announce(self, event_type: str, each: Object, *, previous: Object | None = None) -> None:
        snapshot = self.shown(each)
        self._shown[self.account, each["object"], each["id"]] = snapshot
        data: Object = {"object": snapshot}
        if previous is not None:
            data["previous_attributes"] = previous
        event = fresh("event", id=new_id("evt_", length=24), type=event_type, created=self.now, data=data)
        event["api_version"] = API_VERSION
        event["request"] = {"id": self.request_id, "idempotency_key": self.idempotency_key}
        if self.account != self.sandbox.account_id:
            event["account"] = self.account
        self.events.append(self.keep(event))

    def announce_change(self, event_type: str, each: Object) -> None:
        """Say what became of an object, if anything did."""
        key = (self.account, each["object"], each["id"])
        before = self._shown.get(key) or self.shown(self.sandbox.store.peek(key) or {})
        previous = _differences(before, self.shown(each))
        if previous:
            self.announce(event_type, each, previous=previous)

    # -------------------------------------------------------------- trying out
    @contextmanager
    def trying_out(self) -> Iterator[None]:
        """Whatever happens inside did not happen."""
        held, shown, events, now = self._held, self._shown, self.events, self.now
        self._held, self._shown, self.events = copy.deepcopy(held), dict(shown), list(events)
        try:
            yield
        finally:
            self._held, self._shown, self.events, self.now = held, shown, events, now

    def commit(self) -> None:
        store = self.sandbox.store
        store.commit({key: each for key, each in self._held.items() if each != store.peek(key)})


def _differences(before: Object, after: Object) -> Object:
    """What the changed fields held before, hashes field by field."""
    found: Object = {}
    for name in {**before, **after}:
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        if isinstance(old, dict) and isinstance(new, dict) and "object" not in new:
            found[name] = _differences(old, new)
        else:
            found[name] = old
    return found


@contextmanager
def work(sandbox: Sandbox, **options: Unpack[WorkOptions]) -> Iterator[Work]:
    """Commits at the end and then, outside the lock, tells who waits for events."""
    failure: ApiError | None = None
    with sandbox.lock:
        unit = Work(sandbox, **options)
        try:
            yield unit
        except ApiError as error:
            if not error.keeps_work:
                raise
            failure = error
        unit.commit()
    for event in unit.events:
        sandbox.deliveries.notify(copied(event))
    if failure is not None:
        raise failure
