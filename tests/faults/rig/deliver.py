"""What if Stripe's calls come doubled, in any order, from many at once? Signed by Stripe's own function and posted (R2).

``python -m tests.faults.rig.deliver job.json``: the job says what, where and how; the result is printed as JSON.
"""

import http.client
import json
import multiprocessing
import random
import socket
import sys
import time
import urllib.parse
from collections import Counter
from dataclasses import asdict, dataclass, field
from multiprocessing.queues import Queue
from pathlib import Path

import stripe

FORK = multiprocessing.get_context("fork")
#: Stripe tries for three days; here a minute is long.
PATIENCE_SECONDS = 90
PAUSE_SECONDS = 0.2


@dataclass(frozen=True)
class Job:
    """``events`` are bodies, in the order in which they happened. ``per_second`` 0: as fast as it goes."""

    url: str
    secret: str
    events: list[str]
    seed: int = 1
    copies: int = 1
    window: int = 14
    processes: int = 16
    #: Of the deliveries, how many get lost on their way and come again at the end.
    drop: float = 0.0
    #: Whether a call that was not answered with a 2xx is made again, as Stripe does.
    again: bool = False
    per_second: float = 0.0


@dataclass
class Result:
    """How often which status was answered; 0: no answer. ``lost`` were never taken."""

    statuses: dict[int, int] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    lost: int = 0

    @property
    def deliveries(self) -> int:
        return sum(self.statuses.values())

    def at_least(self, status: int) -> int:
        """How many answers of that status or above."""
        return sum(number for found, number in self.statuses.items() if found >= status)


def plan(job: Job) -> list[int]:
    """Which event is posted when: windows in order, each with all its copies, shuffled; the dropped ones last."""
    chance = random.Random(job.seed)  # noqa: S311 - shuffles, hides nothing
    order: list[int] = []
    for first in range(0, len(job.events), job.window):
        here = list(range(first, min(first + job.window, len(job.events)))) * job.copies
        chance.shuffle(here)
        order += here
    dropped = [chance.random() < job.drop for _ in order]
    late = [event for event, is_late in zip(order, dropped, strict=True) if is_late]
    return [event for event, is_late in zip(order, dropped, strict=True) if not is_late] + late


def deliver(job: Job) -> Result:
    """Everything, by as many processes as the job says."""
    order = plan(job)
    answers = FORK.Queue()
    starts = FORK.Barrier(job.processes)
    shares = [list(enumerate(order))[number :: job.processes] for number in range(job.processes)]
    processes = [FORK.Process(target=_post_all, args=(job, share, starts, answers), daemon=True) for share in shares]
    for process in processes:
        process.start()
    result, statuses = Result(), Counter()
    for _process in processes:
        counted, seconds, lost = answers.get(timeout=24 * 3600)
        statuses.update(counted)
        result.seconds += seconds
        result.lost += lost
    result.statuses = dict(statuses)
    return result


def _post_all(job: Job, share: list[tuple[int, int]], starts: object, answers: Queue) -> None:
    line = _Line(job.url)
    statuses: Counter = Counter()
    seconds: list[float] = []
    lost = 0
    starts.wait(60)  # type: ignore[attr-defined]
    began = time.monotonic()
    for place, event in share:
        if job.per_second:
            time.sleep(max(0.0, began + place / job.per_second - time.monotonic()))
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            asked = time.monotonic()
            status = line.post(job.events[event], job.secret)
            seconds.append(time.monotonic() - asked)
            statuses[status] += 1
            if 200 <= status < 300 or not job.again:
                break
            if time.monotonic() > until:
                lost += 1
                break
            time.sleep(PAUSE_SECONDS)
    answers.put((dict(statuses), seconds, lost))


class _Line:
    """One connection that is kept, as Stripe keeps its own."""

    def __init__(self, url: str) -> None:
        self._address = urllib.parse.urlsplit(url)
        self._connection: http.client.HTTPConnection | None = None

    def post(self, body: str, secret: str) -> int:
        """The status; 0 if there was no answer."""
        signature = stripe.WebhookSignature.generate_signature_header(body, secret)
        headers = {"Content-Type": "application/json", "Stripe-Signature": signature, "Host": self._address.netloc}
        was_kept = self._connection is not None
        try:
            return self._once(body, headers)
        except (OSError, http.client.HTTPException):
            self._close()
        if not was_kept:
            return 0
        # The server may have hung up an idle line in this very moment: that is nobody's failure.
        try:
            return self._once(body, headers)
        except (OSError, http.client.HTTPException):
            self._close()
            return 0

    def _once(self, body: str, headers: dict[str, str]) -> int:
        if self._connection is None:
            self._connection = http.client.HTTPConnection(self._address.hostname, self._address.port, timeout=120)
            self._connection.connect()
            self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connection.request("POST", self._address.path, body.encode(), headers)
        answer = self._connection.getresponse()
        answer.read()
        if answer.will_close:
            self._close()
        return answer.status

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asdict(deliver(Job(**json.loads(Path(sys.argv[1]).read_text()))))))
