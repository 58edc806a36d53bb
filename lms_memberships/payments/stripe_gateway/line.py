"""How is one request sent? With bounds on time, another try where it is safe, and a rest for a line that is dead."""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import stripe

from .breaker import Breaker

Answer = tuple[bytes, int, Mapping[str, str]]


@dataclass(eq=False)
class Manner:
    """How long whoever asks can wait. A second try follows a failure that came within ``again_within_seconds``."""

    connect_seconds: float
    read_seconds: float
    again_within_seconds: float
    #: How often "too many requests" is waited out.
    patience: int


#: Somebody waits for a page: at worst 1 + 0.5 + 2 + 6.5 = 10 seconds.
INTERACTIVE = Manner(connect_seconds=2, read_seconds=6.5, again_within_seconds=1, patience=0)
#: Nobody waits: at worst 8 + 0.5 + 3 + 8 < 20 seconds for an answer, and as long as it takes while Stripe is busy.
BACKGROUND = Manner(connect_seconds=3, read_seconds=8, again_within_seconds=8, patience=6)

PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
BUSY = 429
#: Stripe's word for "another request holds this object". Said with 429 or 400; nothing was done (D6).
LOCKED = b"lock_timeout"


class Line(stripe.RequestsClient):
    """Sends what stripe's client asks. Each try carries the same idempotency key, so a second is no second write.

    stripe's own retries count attempts, not time: three times eighty seconds is too long, and it does not repeat 429.
    """

    def __init__(self, manner: Manner, *, breaker: Breaker, pace: Callable[[], None]) -> None:
        super().__init__(timeout=(manner.connect_seconds, manner.read_seconds))
        self.manner = manner
        self.breaker = breaker
        self.pace = pace

    def request(  # type: ignore[override]  # narrower than the base class, as stripe's own RequestsClient is
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: object = None
    ) -> Answer:
        def send() -> Answer:
            self.pace()
            return super(Line, self).request(method, url, headers, post_data)

        self.breaker.let_through()
        try:
            answer = self._until_not_busy(send)
        except stripe.APIConnectionError:
            self.breaker.failed()
            raise
        if answer[1] >= 500:
            self.breaker.failed()
        else:
            self.breaker.succeeded()
        return answer

    def _until_not_busy(self, send: Callable[[], Answer]) -> Answer:
        answer = self._with_second_try(send)
        for turn in range(self.manner.patience):
            if not (answer[1] == BUSY or _is_locked(answer)):
                break
            time.sleep(_pause_after(answer, turn))
            answer = self._with_second_try(send)
        return answer

    def _with_second_try(self, send: Callable[[], Answer]) -> Answer:
        """After a quick failure, never after a slow one."""
        started = time.monotonic()
        try:
            answer = send()
        except stripe.APIConnectionError as error:
            if not error.should_retry or self._is_too_late(started):
                raise
        else:
            if not _is_worth_another_try(answer) or self._is_too_late(started):
                return answer
        time.sleep(PAUSE_SECONDS * random.uniform(0.5, 1))  # noqa: S311 - spreads, hides nothing
        return send()

    def _is_too_late(self, started: float) -> bool:
        return time.monotonic() - started > self.manner.again_within_seconds


def _is_worth_another_try(answer: Answer) -> bool:
    _body, status, headers = answer
    advice = headers.get("stripe-should-retry")
    if advice in {"true", "false"}:
        return advice == "true"
    return status == 409 or status >= 500 or _is_locked(answer)


def _is_locked(answer: Answer) -> bool:
    body, status, _headers = answer
    return status in {400, BUSY} and LOCKED in (body.encode() if isinstance(body, str) else body)


def _pause_after(answer: Answer, turn: int) -> float:
    """As long as Stripe says; otherwise longer each time, and never the same for two who were refused together."""
    try:
        asked = float(answer[2].get("Retry-After") or 0)
    except ValueError:
        asked = 0.0
    spread = PAUSE_SECONDS * 2**turn * random.uniform(0.5, 1)  # noqa: S311 - spreads, hides nothing
    return min(max(asked, spread), LONGEST_PAUSE_SECONDS)
