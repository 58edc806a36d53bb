"""How does the rig speak with the stand-in for Stripe, which is a process of its own? (R1)"""

import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

KEY = "sk_test_memberships"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as door:
        return door.getsockname()[1]


@dataclass
class StripeProcess:
    """The sandbox, killed and started again as a test likes; its file remembers."""

    folder: Path
    port: int = field(default_factory=free_port)
    _process: subprocess.Popen | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> "StripeProcess":
        command = [sys.executable, "-m", "lms_memberships.sandbox", "--port", str(self.port)]
        command += ["--state", str(self.folder / "stripe.sqlite3")]
        with (self.folder / "stripe.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        until = time.monotonic() + 60
        while True:
            try:
                self.control("clock")
                return self
            except OSError:
                assert self._process.poll() is None, (self.folder / "stripe.log").read_text()
                assert time.monotonic() < until, "the sandbox does not answer"
                time.sleep(0.05)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def control(self, name: str, **order: object) -> dict:
        """A question without an order, else a command."""
        data = json.dumps(order).encode() if order else None
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/_sandbox/api/{name}", data=data, headers=headers)
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)

    def events(self) -> list[dict]:
        """Oldest first."""
        return list(reversed(self.control("events")["data"]))

    def advance(self, seconds: int) -> int:
        """Let time pass at Stripe; returns by how much its clock is ahead."""
        return self.control("clock", advance=seconds)["offset"]

    def call(self, method: str, path: str, **form: object) -> dict:
        """The API itself, as somebody with the key calls it. Raises nothing for a refusal: it is returned."""
        query = urllib.parse.urlencode(form, doseq=True)
        address = f"{self.url}/v1/{path}" + (f"?{query}" if method == "GET" and query else "")
        data = query.encode() if method == "POST" else None
        request = urllib.request.Request(address, data=data, method=method, headers={"Authorization": f"Bearer {KEY}"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            return json.load(error)

    def all(self, path: str, **form: object) -> list[dict]:
        """Every object of a list, page after page."""
        found: list[dict] = []
        while True:
            after = {"starting_after": found[-1]["id"]} if found else {}
            page = self.call("GET", path, limit=100, **form, **after)
            assert "data" in page, page
            found += page["data"]
            if not page["has_more"]:
                return found
