"""What does a call cost us that is not Stripe's? A number in memory, a row and a line a minute, never more (S6)."""

import logging
import threading
import time
from collections import OrderedDict

from django.http import HttpRequest, HttpResponse

from .. import signs
from ..payments.gateway import BadSignature
from ..payments.stripe_gateway.notices import OutOfTime, is_dated_now

logger = logging.getLogger(__name__)

INVALID = "webhook.invalid"
OUT_OF_TIME = "webhook.out_of_time"
#: How many refused calls of one address are looked at in full, at once and then each second.
BURST = 60
PER_SECOND = 1.0
#: How many addresses are remembered. With more, the one that was quiet for longest begins anew.
MOST_ADDRESSES = 1000


class Buckets:
    """How patient we still are with each address: a refused call costs one, a second gives one back."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def is_empty(self, address: str) -> bool:
        with self._lock:
            return self._level(address) < 1

    def take(self, address: str) -> None:
        with self._lock:
            level = self._level(address)
            self._left[address] = (max(level - 1, 0.0), time.monotonic())
            self._left.move_to_end(address)
            while len(self._left) > MOST_ADDRESSES:
                self._left.popitem(last=False)

    def clear(self) -> None:
        """As after a start."""
        with self._lock:
            self._left.clear()

    def _level(self, address: str) -> float:
        level, at = self._left.get(address, (float(BURST), 0.0))
        return min(level + (time.monotonic() - at) * PER_SECOND, float(BURST))


buckets = Buckets()


def spare_hashing(request: HttpRequest, signature: str) -> None:
    """Raise BadSignature for what an address that was refused too often dates wrongly: without hashing its body.

    Never for a call that could be Stripe's: behind a proxy, forgers and Stripe may come from the same address.
    """
    if not is_dated_now(signature) and buckets.is_empty(_address(request)):
        raise BadSignature


def refuse(request: HttpRequest, problem: BadSignature) -> HttpResponse:
    """400: a 2xx would hide a wrong secret (A9). Nothing of the call is kept but that it was."""
    buckets.take(_address(request))
    is_late = isinstance(problem, OutOfTime)
    if signs.note(OUT_OF_TIME if is_late else INVALID):
        reason = "is dated too far from this server's clock" if is_late else "has no signature of ours"
        logger.warning("Webhook calls are refused; the last one %s. Said once a minute.", reason)
    return quietly(400)


def quietly(status: int) -> HttpResponse:
    """An answer of which Django writes no line of its own into the log: anybody may call here, as often as they like."""
    answer = HttpResponse(status=status)
    answer._has_been_logged = True  # type: ignore[attr-defined]  # what django.utils.log asks for
    return answer


def _address(request: HttpRequest) -> str:
    # As the server says it, never from a header: whoever forges signatures forges those too (A13).
    return str(request.META.get("REMOTE_ADDR") or "")[:64]
