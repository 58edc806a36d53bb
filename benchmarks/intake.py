"""How many webhook events a second are taken in? Ours beside one bare INSERT a request, and beside dj-stripe."""

import smtplib
import socket
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.test import Client, override_settings
from django_tasks_db.models import DBTaskResult

from lms_memberships.models import WebhookEvent

from . import floor
from .asking import Arguments
from .measuring import Row, at_least, at_most, percentile, queries
from .peer import Peer, peer
from .stripe_events import signed

OURS = "/memberships/webhooks/stripe/"
FLOOR = "/floor/"
SUBSCRIPTIONS = 50


@dataclass
class Taken:
    """Seconds of each request, by address, over all rounds."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    #: Events a second, one number for each round.
    rates: dict[str, list[float]] = field(default_factory=dict)

    def rate(self, address: str) -> float:
        return statistics.median(self.rates[address])


def rows(arguments: Arguments) -> list[Row]:
    """Rounds in turns, so that whatever else the machine does meets all of them."""
    floor.make_table()
    clear()
    client, taken = Client(), Taken()
    with peer(arguments) as djstripe:
        _round(client, (OURS, FLOOR), 50, Taken())
        for _number in range(arguments.rounds):
            _round(client, (OURS, FLOOR), arguments.events, taken)
            if djstripe is not None:
                djstripe.round(arguments.events)
        found = [_beside_the_floor(taken, client)]
        found += [_beside(djstripe, taken)] if djstripe is not None else []
    _check_stored(50 + arguments.events * arguments.rounds + 1)
    return [*found, _duplicates(client, taken), _while_others_hang(client, arguments)]


def _round(client: Client, addresses: tuple[str, ...], events: int, taken: Taken) -> None:
    """So many events for each address, in turns: what else the machine does meets them alike."""
    seconds: dict[str, list[float]] = {address: [] for address in addresses}
    for number in range(events):
        for address in addresses:
            seconds[address].append(_post(client, address, *signed(number % SUBSCRIPTIONS, number)))
    for address in addresses:
        taken.seconds.setdefault(address, []).extend(seconds[address])
        taken.rates.setdefault(address, []).append(events / sum(seconds[address]))


def _post(client: Client, address: str, body: str, headers: dict[str, str]) -> float:
    started = time.perf_counter()
    answer = client.post(address, data=body, content_type="application/json", headers=headers)
    seconds = time.perf_counter() - started
    if answer.status_code != 200:
        raise RuntimeError(f"{address} answered {answer.status_code}")
    return seconds


def _check_stored(events: int) -> None:
    """What was answered with 200 must be there, or nothing was measured."""
    if WebhookEvent.objects.count() != events:
        raise RuntimeError(f"{WebhookEvent.objects.count()} events are stored, not {events}")


def _beside_the_floor(taken: Taken, client: Client) -> Row:
    ratio = taken.rate(OURS) / taken.rate(FLOOR)
    asked = len(queries(lambda: _post(client, OURS, *signed(0, 0))))
    return Row(
        "webhook intake: verify, store, answer",
        f"{taken.rate(OURS):.0f} events/s, {asked} statements",
        f"one bare INSERT a request: {taken.rate(FLOOR):.0f} events/s",
        **at_least(0.6, ratio),
    )


def _beside(djstripe: Peer, taken: Taken) -> Row:
    ratio = taken.rate(OURS) / djstripe.rate
    return Row(
        "webhook intake beside dj-stripe, which works it off at once",
        f"{taken.rate(OURS):.0f} events/s",
        str(djstripe),
        **at_least(12, ratio),
    )


def _duplicates(client: Client, taken: Taken) -> Row:
    post = signed(0, 0)
    _post(client, OURS, *post)
    rate = 200 / sum(_post(client, OURS, *post) for _number in range(200))
    return Row(
        "the same event delivered again",
        f"{rate:.0f} events/s",
        f"a new one: {taken.rate(OURS):.0f} events/s",
        rate / taken.rate(OURS),
    )


def _while_others_hang(client: Client, arguments: Arguments) -> Row:
    calm, hanging = Taken(), Taken()
    with _dead_line() as port:
        address = {"LMS_MEMBERSHIPS_STRIPE_API_BASE": f"http://127.0.0.1:{port}"}
        mail = {"EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend", "EMAIL_HOST": "127.0.0.1"}
        _check_it_hangs(port)
        for _number in range(arguments.rounds):
            _round(client, (OURS,), arguments.events, calm)
            with override_settings(**address, **mail, EMAIL_PORT=port):
                _round(client, (OURS,), arguments.events, hanging)
    before, then = percentile(calm.seconds[OURS], 0.99), percentile(hanging.seconds[OURS], 0.99)
    return Row(
        "intake while Stripe and the mail server hang, p99",
        f"{then * 1000:.1f} ms",
        f"while they answer: {before * 1000:.1f} ms",
        **at_most(1.5, then / before),
    )


@contextmanager
def _dead_line() -> Iterator[int]:
    """Takes every call and never says a word."""
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        line.listen(128)
        yield line.getsockname()[1]


def _check_it_hangs(port: int) -> None:
    try:
        smtplib.SMTP("127.0.0.1", port, timeout=0.2)
    except (TimeoutError, smtplib.SMTPServerDisconnected):
        return
    raise RuntimeError("The dead line answered")


def clear() -> None:
    """Nothing waits."""
    WebhookEvent.objects.all().delete()
    DBTaskResult.objects.all().delete()
