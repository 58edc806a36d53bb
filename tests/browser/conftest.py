"""What do the browser tests share? One real demo (site, sandbox, worker) and one real Chromium."""

import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Response,
    expect,
)

READY_WITHIN_SECONDS = 300
#: A busy computer is slow, and a test that waits by condition loses nothing by it.
PATIENCE = 30_000
expect.set_options(timeout=PATIENCE)
ROOT = Path(__file__).resolve().parents[2]
#: Chromium notes each page that answers with 4xx as an error; a paywall does, and the test reads it.
STATUS_OF_THE_PAGE_ITSELF = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d")
#: Errors of software that we show but have not written: the address that is missing, and why nobody can mend it here.
KNOWN_ELSEWHERE = {
    "/font-open-sans.css": "the H5P player of wagtail-lms imports a stylesheet that its own package leaves out",
}


@dataclass(frozen=True)
class Demo:
    """The addresses of a running demo."""

    site: str
    sandbox: str

    @property
    def desk(self) -> str:
        """The sandbox's dashboard."""
        return f"{self.sandbox}/_sandbox/"

    @property
    def admin(self) -> str:
        return f"{self.site}/admin/"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "moves_the_clock: advances the clock that all tests of the demo share")


def pytest_itemcollected(item: pytest.Item) -> None:
    # As early as this: -m "not browser" is asked right after.
    if "tests/browser" in item.path.as_posix():
        item.add_marker(pytest.mark.browser)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # The others find the demo as it was seeded: each person where the seed left them.
    items.sort(key=lambda item: item.get_closest_marker("moves_the_clock") is not None)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """``make demo`` on free ports with a state of its own, or the one that runs at ``DEMO_URL``."""
    if running := os.environ.get("DEMO_URL"):
        yield at(running)
        return
    state = tmp_path_factory.mktemp("demo")
    with started(state) as running_demo:
        yield running_demo


def at(address: str) -> Demo:
    """A demo that runs already: its sandbox has the next port."""
    parts = urlsplit(address)
    assert parts.port, "DEMO_URL needs a port: the sandbox has the next one"
    return Demo(site=address.rstrip("/"), sandbox=f"{parts.scheme}://{parts.hostname}:{parts.port + 1}")


@contextmanager
def started(state: Path) -> Iterator[Demo]:
    """``make demo`` from its first output to its end."""
    port = _free_ports()
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in {"TEST_DATABASE_URL", "DATABASE_URL"} and not name.startswith("LMS_MEMBERSHIPS_")
    }
    environment |= {"DJANGO_SETTINGS_MODULE": "example_site.settings.demo", "DEMO_STATE": str(state)}
    command = [sys.executable, "manage.py", "demo", "--port", str(port)]
    with (state / "demo.log").open("w") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            _wait_until_ready(process, state)
            yield at(f"http://127.0.0.1:{port}")
        finally:
            process.terminate()
            process.wait(timeout=60)


class People:
    """Opens windows for people. Every window notes errors, blocked content, and whom its pages ask for something."""

    def __init__(self, browser: Browser, demo: Demo) -> None:
        self.browser = browser
        self.demo = demo
        self.contexts: list[BrowserContext] = []
        self.complaints: list[str] = []

    def window(self, **options: object) -> Page:
        """A window of nobody in particular."""
        usual = {"viewport": {"width": 1280, "height": 900}, "locale": "en-GB", "reduced_motion": "reduce"}
        context = self.browser.new_context(**{**usual, **options})
        context.set_default_timeout(PATIENCE)
        context.on("weberror", lambda error: self._note(f"script error: {error.error}"))
        context.on("console", self._heard)
        context.on("request", self._asked)
        context.on("response", self._answered)
        self.contexts.append(context)
        return context.new_page()

    def signed_in(self, username: str, **options: object) -> Page:
        """A window of one of the demo's people; their password is ``demo``."""
        page = self.window(**options)
        page.goto(f"{self.demo.site}/accounts/login/")
        page.fill("input[name=login]", username)
        page.fill("input[name=password]", "demo")
        page.get_by_role("main").get_by_role("button", name="Sign in").click()
        page.wait_for_url(lambda url: "/login/" not in url)
        return page

    def close(self) -> None:
        for context in self.contexts:
            context.close()

    def _note(self, complaint: str) -> None:
        self.complaints.append(complaint)

    def _heard(self, said: ConsoleMessage) -> None:
        place = said.location.get("url", "")
        page = said.page.url if said.page else ""
        expected = STATUS_OF_THE_PAGE_ITSELF.match(said.text) and place == page
        known = any(urlsplit(place).path.endswith(address) for address in KNOWN_ELSEWHERE)
        if said.type == "error" and not (expected or known):
            self._note(f"console of {page}: {said.text} ({place})")

    def _asked(self, request: Request) -> None:
        if urlsplit(request.url).scheme in {"http", "https"} and urlsplit(request.url).hostname != "127.0.0.1":
            self._note(f"a third party was asked: {request.url}")

    def _answered(self, response: Response) -> None:
        if response.status >= 500:
            self._note(f"{response.status} at {response.url}")


@pytest.fixture
def people(browser: Browser, demo: Demo) -> Iterator[People]:
    everybody = People(browser, demo)
    yield everybody
    everybody.close()
    assert not everybody.complaints, "\n".join(["", *everybody.complaints])


def _free_ports() -> int:
    """A port whose next one is free as well: the sandbox takes that."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return port


def _wait_until_ready(process: subprocess.Popen, state: Path) -> None:
    ready = threading.Event()

    def read() -> None:
        for line in process.stdout or ():
            if line.startswith("READY "):
                ready.set()

    threading.Thread(target=read, daemon=True).start()
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    while not ready.wait(0.5):
        if process.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"The demo did not start:\n{(state / 'demo.log').read_text()[-4000:]}")
