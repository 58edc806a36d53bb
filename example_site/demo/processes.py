"""How are the demo's processes started, watched and stopped?"""

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

STARTS_WITHIN_SECONDS = 90
STOPS_WITHIN_SECONDS = 10
LINES_OF_LOG_SHOWN = 25


class DemoFailed(Exception):
    """The demo cannot start or cannot go on; the message says what to do about it."""


@dataclass
class Child:
    """One process with its own log file."""

    name: str
    command: Sequence[str]
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self, environment: Mapping[str, str]) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(  # noqa: S603 - our own command lines
                self.command,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C in the terminal reaches the supervisor alone; it stops the others in turn.
                start_new_session=True,
            )

    def has_ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def last_words(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()[-LINES_OF_LOG_SHOWN:]
        return "\n".join(lines)


@dataclass
class Family:
    """All processes of the demo: if one ends, the demo ends."""

    environment: Mapping[str, str]
    logs: Path
    children: list[Child] = field(default_factory=list)

    def start(self, name: str, *command: str) -> None:
        child = Child(name, command, self.logs / f"{name}.log")
        child.start(self.environment)
        self.children.append(child)

    def run(self, name: str, *command: str) -> None:
        """Run one step to its end; raises DemoFailed with its last words if it failed."""
        step = Child(name, command, self.logs / f"{name}.log")
        step.start(self.environment)
        self.children.append(step)
        try:
            while not step.has_ended():
                self.check(but=step)
                time.sleep(0.05)
        finally:
            self._stop([step])
            self.children.remove(step)
        if step.process is not None and step.process.returncode:
            raise DemoFailed(f"The step “{name}” failed:\n{step.last_words()}")

    def check(self, *, but: Child | None = None) -> None:
        """Raise DemoFailed if a process has ended by itself."""
        for child in self.children:
            if child is not but and child.has_ended():
                code = child.process.returncode if child.process else "?"
                raise DemoFailed(f"The process “{child.name}” ended with code {code}:\n{child.last_words()}")

    def wait_for(self, address: str) -> None:
        """Until it answers; raises DemoFailed if that takes too long."""
        last = time.monotonic() + STARTS_WITHIN_SECONDS
        while time.monotonic() < last:
            self.check()
            if answers(address):
                return
            time.sleep(0.1)
        raise DemoFailed(f"{address} did not answer within {STARTS_WITHIN_SECONDS} seconds.")

    def stop(self) -> None:
        self._stop(list(reversed(self.children)))

    def _stop(self, children: list[Child]) -> None:
        running = [child.process for child in children if child.process and not child.has_ended()]
        for process in running:
            process.terminate()
        last = time.monotonic() + STOPS_WITHIN_SECONDS
        for process in running:
            try:
                process.wait(timeout=max(0.1, last - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:  # noqa: S310 - our own address
            return answer.status < 500
    except urllib.error.HTTPError as error:
        return error.code < 500
    except OSError:
        return False


def require_free_port(port: int) -> None:
    with socket.socket() as probe:
        # As the servers do: a port whose last connections are still closing is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as taken:
            raise DemoFailed(
                f"Port {port} is taken: is a demo still running? Choose another: make demo PORT=8123"
            ) from taken


def demo_environment(*, port: int, sandbox: str) -> dict[str, str]:
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "example_site.settings.demo",
        "DEMO_URL": f"http://127.0.0.1:{port}",
        "DEMO_SANDBOX_URL": sandbox,
        "PYTHONUNBUFFERED": "1",
    }
