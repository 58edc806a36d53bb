"""What does an e-mail service do with our mails? Takes them, refuses, breaks, hangs, or takes one and says nothing (R7)."""

import json
import random
import socket
import threading
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

#: How it may behave, and the status that it answers with; None: it hangs up.
MOODS: dict[str, int | None] = {"accept": 200, "refuse": 400, "break": 500, "hang": None, "drop": None}
TAKEN = frozenset({"accept", "drop"})


@dataclass(frozen=True)
class Accepted:
    """One mail that the service took: it will reach somebody."""

    message_id: str
    to: str
    subject: str


@dataclass
class Esp:
    """``rates`` says how often it is in which mood; ``calls`` counts them."""

    rates: dict[str, float] = field(default_factory=lambda: {"accept": 1.0})
    seed: int = 1
    accepted: list[Accepted] = field(default_factory=list)
    calls: Counter = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311 - a mood is no secret
        self._lock = threading.Lock()
        self._awake = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.esp = self  # type: ignore[attr-defined]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/"

    def __enter__(self) -> "Esp":
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._awake.set()
        self._server.shutdown()
        self._server.server_close()

    def times_accepted(self) -> Counter:
        """By our Message-ID."""
        with self._lock:
            return Counter(mail.message_id for mail in self.accepted)

    def forget(self, address: str) -> None:
        """What was sent to this address does not count."""
        with self._lock:
            self.accepted = [mail for mail in self.accepted if mail.to != address]

    def take(self, mail: dict) -> str:
        """In which mood it is, and what was taken is noted."""
        with self._lock:
            mood = self._random.choices(list(self.rates), list(self.rates.values()))[0]
            self.calls[mood] += 1
            if mood in TAKEN:
                self.accepted.append(
                    Accepted(mail.get("headers", {}).get("Message-ID", ""), mail["to"][0], mail["subject"])
                )
        if mood == "hang":
            self._awake.wait()
        return mood


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        mail = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        esp: Esp = self.server.esp  # type: ignore[attr-defined]
        status = MOODS[esp.take(mail)]
        if status is None:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        body = json.dumps({"id": mail.get("headers", {}).get("Message-ID", "")}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Say nothing."""
