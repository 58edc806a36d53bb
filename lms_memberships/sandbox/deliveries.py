"""Which webhooks are owed, to whom, and how did sending them go?"""

from __future__ import annotations

import heapq
import random
import threading
import time
from collections.abc import Iterator
from itertools import count
from typing import TYPE_CHECKING, Literal, get_args
from uuid import uuid4

from . import delivery_post
from .store import Key, Object

if TYPE_CHECKING:
    from .server import Sandbox

# "lose": given up at once, as Stripe does after three days of an outage; the events can still be listed.
Mode = Literal["deliver", "withhold", "duplicate", "shuffle", "lose"]
MODES: tuple[Mode, ...] = get_args(Mode)

# A kind of object in the store, so that what is owed survives a restart. The API knows nothing of it.
KIND = "_delivery"
MODE_FACT = "webhook_mode"
COMMAND_LINE = "command-line"

# Seconds of wall time until the next try; the last one repeats until GIVE_UP_AFTER. Stripe too tries for three days.
DELAYS: tuple[float, ...] = (1, 5, 30, 120, 600, 3600)
GIVE_UP_AFTER = 3 * 24 * 3600.0
# Within this time a shuffled webhook may overtake another.
SHUFFLE_SECONDS = 0.5
KEPT = 5000
# Looked through only now and then: a burst brings thousands.
SLACK = 500


class Deliveries:
    """A queue in the store and a thread that empties it, never under the engine's lock.

    A delivery: ``id``, ``account``, ``event``, ``type``, ``endpoint`` (an id, or "command-line"),
    ``endpoint_account``, ``url``, ``status``
    ("pending", "delivered", "failed"), ``created``, ``next_at`` (wall time; None when over), ``by_hand``,
    ``attempts`` [{at, status, error, seconds}].
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.delays = DELAYS
        self.timeout = 10.0
        # Shared with the engine; let go of while waiting and while sending.
        self._changed = threading.Condition(sandbox.lock)
        self._pending: dict[Key, Object] = {}
        self._by_hand: dict[Key, Object] = {}
        # What is pending in the order in which it is due; what has changed since is passed over.
        self._queue: list[tuple[float, int, Key]] = []
        self._numbers = count()
        # Of each event: which endpoints are told, and whether they have taken it.
        self._taken: dict[str, dict[str, bool]] = {}
        self._in_flight = 0
        self._stopped = False
        self._thread: threading.Thread | None = None
        sandbox.store.on_commit.append(self._note)
        with self._changed:
            for key, delivery in sandbox.store.walk():
                self._note(key, delivery)

    # -------------------------------------------------------------- asked by the engine, the dashboard and tests
    def notify(self, event: Object, *, account: str | None = None) -> int:
        """Owe this event to everyone who listens. Returns to how many."""
        owner = account or event.get("account") or self.sandbox.account_id
        with self._changed:
            return self._owe(event, owner, times=2 if self.mode == "duplicate" else 1)

    def resend(self, event_id: str) -> int:
        """Send once more, at once, even while withholding. Returns to how many."""
        with self._changed:
            for account in self.sandbox.store.accounts():
                event = self.sandbox.store.one("event", event_id, account=account)
                if event is not None:
                    return self._owe(event, account, by_hand=True)
        return 0

    def was_delivered(self, event_id: str) -> bool:
        """Every endpoint that is told of it has taken it; true also when nobody is told."""
        with self._changed:
            return all(self._taken.get(event_id, {}).values())

    @property
    def mode(self) -> Mode:
        remembered = self.sandbox.store.fact(MODE_FACT)
        return next((mode for mode in MODES if mode == remembered), "deliver")

    @mode.setter
    def mode(self, mode: Mode) -> None:
        if mode not in MODES:
            raise ValueError(f"Unknown mode {mode!r}; there are {', '.join(MODES)}.")
        with self._changed:
            self.sandbox.store.set_fact(MODE_FACT, mode)
            self._wake()

    def all(self, *, account: str | None = None, event_id: str | None = None) -> list[Object]:
        """Newest first."""
        accounts = [account] if account else self.sandbox.store.accounts()
        found = [each for name in accounts for each in self.sandbox.store.all(KIND, account=name)]
        return [each for each in found if event_id in (None, each["event"])]

    def clear(self) -> None:
        """As at the very beginning: nothing owed, everything sent at once."""
        with self._changed:
            for account in self.sandbox.store.accounts():
                owed = [each["id"] for each in self.sandbox.store.peek_all(account, KIND)]
                self.sandbox.store.commit({(account, KIND, delivery_id): None for delivery_id in owed})
            self._taken.clear()
            self.mode = "deliver"

    def drain(self, timeout: float = 10.0) -> bool:
        """Wait until nothing more will be sent, retries included; what is withheld is not waited for."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._in_flight and self._first() is None, timeout)

    def stop(self) -> None:
        """What is owed stays owed: with a state file it is sent after the next start."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(timeout=self.timeout + 1)

    # -------------------------------------------------------------- the queue
    def _owe(self, event: Object, account: str, *, times: int = 1, by_hand: bool = False) -> int:
        if self.sandbox.store.peek((account, "event", event["id"])) is None:
            return 0  # everything was cleared since it happened
        endpoints = list(self._endpoints(event["type"], account))
        now = time.time()
        is_lost = self.mode == "lose" and not by_hand
        changes: dict[Key, Object | None] = {}
        for endpoint in endpoints * times:
            wait = random.uniform(0, SHUFFLE_SECONDS) if self.mode == "shuffle" and not by_hand else 0  # noqa: S311
            delivery = {
                "object": KIND,
                "id": f"dlv_{uuid4().hex[:24]}",
                "account": account,
                "event": event["id"],
                "type": event["type"],
                **endpoint,
                "status": "failed" if is_lost else "pending",
                "created": now,
                "next_at": None if is_lost else now + wait,
                "by_hand": by_hand,
                "attempts": [],
            }
            changes[account, KIND, delivery["id"]] = delivery
        self.sandbox.store.commit(changes)
        self.sandbox.store.commit(self._count_pending(account, event["id"]))
        self._forget_old(account)
        return len(endpoints)

    def _endpoints(self, event_type: str, account: str) -> Iterator[Object]:
        """An account's own endpoints, and those of the platform that listen to connected accounts."""
        platform = self.sandbox.account_id
        if self.sandbox.webhook_url:
            yield {"endpoint": COMMAND_LINE, "endpoint_account": platform, "url": self.sandbox.webhook_url}
        for owner in {account: None, platform: None}:
            for endpoint in self.sandbox.store.all("webhook_endpoint", account=owner):
                hears = bool(endpoint.get("_connect")) == (owner == platform != account)
                wants = {"*", event_type} & set(endpoint["enabled_events"])
                if endpoint["status"] == "enabled" and hears and wants:
                    yield {"endpoint": endpoint["id"], "endpoint_account": owner, "url": endpoint["url"]}

    def _forget_old(self, account: str) -> None:
        if self.sandbox.store.count(account, KIND) <= KEPT + len(self._pending) + SLACK:
            return
        over = (each for each in self.sandbox.store.peek_all(account, KIND) if each["status"] != "pending")
        old = [each["id"] for place, each in enumerate(over) if place >= KEPT]
        self.sandbox.store.commit({(account, KIND, delivery_id): None for delivery_id in old})

    def _note(self, key: Key, delivery: Object | None) -> None:
        """Told by the store of everything that is written, under the lock."""
        if key[1] != KIND:
            return
        if delivery is not None:
            taken = self._taken.setdefault(delivery["event"], {})
            has_taken = taken.get(delivery["endpoint"], False) or delivery["status"] == "delivered"
            taken[delivery["endpoint"]] = has_taken
        if delivery is not None and delivery["status"] == "pending":
            self._pending[key] = delivery
            if delivery["by_hand"]:
                self._by_hand[key] = delivery
            heapq.heappush(self._queue, (delivery["next_at"], next(self._numbers), key))
            self._wake()
        else:
            self._pending.pop(key, None)
            self._by_hand.pop(key, None)
            self._changed.notify_all()

    def _wake(self) -> None:
        self._changed.notify_all()
        if self._thread is None and not self._stopped and self._pending:
            self._thread = threading.Thread(target=self._work, name="webhooks", daemon=True)
            self._thread.start()

    def _first(self) -> Object | None:
        """What is to be sent next, due or not yet."""
        if self.mode == "withhold":
            return min(self._by_hand.values(), key=lambda each: each["next_at"], default=None)
        while self._queue:
            next_at, _number, key = self._queue[0]
            pending = self._pending.get(key)
            if pending is not None and pending["next_at"] == next_at:
                return pending
            heapq.heappop(self._queue)
        return None

    # -------------------------------------------------------------- the thread
    def _work(self) -> None:
        while True:
            with self._changed:
                delivery = self._next()
                if delivery is None:
                    return
                letter = delivery_post.write(self.sandbox, delivery)
                if letter is None:
                    self._give_up(delivery)
                    continue
                self._in_flight += 1
            attempt = delivery_post.send(letter, timeout=self.timeout)
            with self._changed:
                self._in_flight -= 1
                self._record(delivery, attempt)

    def _next(self) -> Object | None:
        """Waits for one that is due. None when the sandbox stops."""
        while not self._stopped:
            first = self._first()
            if first is not None and first["next_at"] <= time.time():
                return first
            self._changed.wait(None if first is None else first["next_at"] - time.time())
        return None

    def _give_up(self, delivery: Object) -> None:
        """The event or the endpoint has been deleted: there is nothing left to send."""
        key = (delivery["account"], KIND, delivery["id"])
        self.sandbox.store.commit({key: {**delivery, "status": "failed", "next_at": None}})

    def _record(self, delivery: Object, attempt: Object) -> None:
        key = (delivery["account"], KIND, delivery["id"])
        if self.sandbox.store.peek(key) is None:
            self._changed.notify_all()  # everything was cleared in the meantime
            return
        done = {**delivery, "attempts": [*delivery["attempts"], attempt]}
        if attempt["error"] == "" and 200 <= attempt["status"] < 300:
            done |= {"status": "delivered", "next_at": None}
        else:
            done |= self._after_failure(done)
        self.sandbox.store.commit({key: done})
        if done["status"] == "delivered":
            self.sandbox.store.commit(self._count_pending(done["account"], done["event"]))

    def _after_failure(self, delivery: Object) -> Object:
        tries = len(delivery["attempts"])
        next_at = time.time() + self.delays[min(tries, len(self.delays)) - 1] if self.delays else None
        if next_at is None or next_at > delivery["created"] + GIVE_UP_AFTER:
            return {"status": "failed", "next_at": None}
        return {"next_at": next_at}

    def _count_pending(self, account: str, event_id: str) -> dict[Key, Object | None]:
        """``pending_webhooks`` counts the endpoints which have not yet said yes to the event."""
        key = (account, "event", event_id)
        event = self.sandbox.store.peek(key)
        if event is None:
            return {}
        taken = self._taken.get(event_id, {}).values()
        return {key: {**event, "pending_webhooks": sum(not each for each in taken)}}
