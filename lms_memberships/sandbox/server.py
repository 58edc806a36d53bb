"""How the sandbox is started, and who answers which address."""

from __future__ import annotations

import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from urllib.parse import parse_qsl, urlsplit

from . import api, control, pages
from .actions import Actions
from .billing import due
from .clock import Clock
from .deliveries import Deliveries
from .endpoints import INCLUDED
from .faults import Faults, HangUp
from .http import Request, Response
from .requests_log import RequestLog
from .store import Store

TICK_SECONDS = 1.0
CLOCK_OFFSET = "clock_offset"


class Sandbox:
    def __init__(  # noqa: PLR0913 - one argument for each thing that the command line can set
        self,
        *,
        port: int = 0,
        state_file: Path | None = None,
        webhook_url: str | None = None,
        webhook_secret: str = "whsec_sandbox",  # noqa: S107 - opens nothing: it signs play money
        account_id: str = "acct_sandbox",
        clock_start: int | None = None,
        public_url: str | None = None,
    ) -> None:
        self.webhook_url = webhook_url
        self.webhook_secret = webhook_secret
        self.account_id = account_id
        self.lock = threading.RLock()
        self.store = Store(state_file, lock=self.lock)
        self.clock = Clock(start=clock_start, offset=self.store.fact(CLOCK_OFFSET))
        self.due = due.Calendar(self.store)
        self.faults = Faults()
        self.requests = RequestLog()
        self.keys_in_use: set[tuple[str, str]] = set()
        self.included = INCLUDED
        self.actions = Actions(self)
        self.deliveries = Deliveries(self)
        self._server = _Server(("127.0.0.1", port), self)
        self._public_url = public_url
        self._clock_start = clock_start
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        api.open_account(self, account_id)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def public_url(self) -> str:
        """Where a person's browser reaches the hosted pages."""
        return (self._public_url or self.url).rstrip("/")

    def now(self) -> int:
        return self.clock.now()

    def remember_clock(self) -> None:
        self.store.set_fact(CLOCK_OFFSET, str(self.clock.offset))

    def reset(self) -> None:
        """As if new: nothing bought, wall time, no faults."""
        with self.due.stepping, self.lock:
            self.store.clear()
            self.clock = Clock(start=self._clock_start)
            self.remember_clock()
            self.faults.clear()
            self.requests.clear()
            self.deliveries.mode = "deliver"
            api.open_account(self, self.account_id)

    def start(self) -> Sandbox:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        threading.Thread(target=self._tick, daemon=True).start()
        return self

    def stop(self) -> None:
        self._stopping.set()
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()
        self.deliveries.stop()
        self.store.close()

    def __enter__(self) -> Sandbox:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def answer(self, request: Request) -> Response:
        if request.path.startswith("/v1/"):
            return api.answer(self, request)
        if request.path.startswith("/_sandbox/api/"):
            return control.answer(self, request)
        return pages.handle(self, request)

    def _tick(self) -> None:
        """Bills fall due while nobody asks."""
        while not self._stopping.wait(TICK_SECONDS):
            due.catch_up(self)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        super().__init__(address, _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "StripeSandbox"
    disable_nagle_algorithm = True
    server: _Server

    def _serve(self) -> None:
        request = self._read()
        try:
            response = self.server.sandbox.answer(request)
        except HangUp:
            self._hang_up()
            return
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)

    do_GET = do_POST = do_DELETE = do_HEAD = do_PUT = _serve

    def _read(self) -> Request:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        is_form = headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
        form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)) if is_form else {}
        return Request(
            method=self.command,
            path=parts.path,
            query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            form=form,
            headers=headers,
            body=body,
            raw_query=parts.query,
        )

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Say nothing: the dashboard has the log of requests."""
