"""How does somebody follow docs/install.md? A new Wagtail project, changed by the page's own lines, and run by its commands."""

import os
import re
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = (ROOT / "docs" / "install.md").read_text()
BIN = Path(sys.executable).parent
#: The ports that the page names, which may be taken here.
SITE_PORT, SANDBOX_PORT = "8000", "8001"
PATIENCE_SECONDS = 60

LESSON_PAGE = """
from wagtail.models import Page
from wagtail.fields import RichTextField
from wagtail.admin.panels import FieldPanel


class LessonPage(Page):
    body = RichTextField()
    content_panels = [*Page.content_panels, FieldPanel("body")]
"""
TEMPLATE = (
    "{% extends 'base.html' %}{% load wagtailcore_tags %}{% block content %}{{ page.body|richtext }}{% endblock %}"
)
PEOPLE_AND_PAGE = """
from django.contrib.auth import get_user_model
from wagtail.models import Site
from lessons.models import LessonPage
make = get_user_model().objects
make.create_superuser("owner", "owner@new.test", "secret-1")
make.create_user("student", "student@new.test", "secret-2")
home = Site.objects.get(is_default_site=True).root_page
home.add_child(instance=LessonPage(title="Wedging", slug="wedging", body="<p>CANARY</p>")).save_revision().publish()
"""


def section(heading: str) -> str:
    """The text under a heading of the page, up to the next one."""
    found = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#|\Z)", PAGE, re.S | re.M)
    assert found, f"docs/install.md has no “{heading}” any more"
    return found[1]


def python_in(heading: str) -> str:
    """The example under a heading."""
    found = re.search(r"```python\n(.*?)```", section(heading), re.S)
    assert found, f"docs/install.md shows no Python under “{heading}” any more"
    return found[1]


def commands_in(heading: str) -> list[str]:
    """The lines that are typed."""
    return re.findall(r"^    (\S.*)$", section(heading), re.M)


@dataclass(frozen=True)
class Project:
    """A site in a folder of its own, with an SQLite database."""

    folder: Path
    site: int
    sandbox: int

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.site}"

    @property
    def env(self) -> dict[str, str]:
        """What the page exports, and nothing of the tests' own settings."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO_", "TEST_", "LMS_"))}
        (line,) = (each for each in self.lines() if each.startswith("export STRIPE_SECRET_KEY"))
        (more,) = (each for each in self.lines() if each.startswith("export STRIPE_API_BASE"))
        pairs = [word.partition("=") for word in [*line.split()[1:], *more.split()[1:]]]
        return kept | {name: value for name, _sign, value in pairs}

    def lines(self) -> list[str]:
        """What is typed in “The first test sale”, at ports that are free."""
        ports = {SITE_PORT: str(self.site), SANDBOX_PORT: str(self.sandbox)}
        typed = commands_in("The first test sale")
        return [re.sub(rf"\b({'|'.join(ports)})\b", lambda found: ports[found[1]], line) for line in typed]

    def run(self, *command: str | Path) -> None:
        done = subprocess.run(command, cwd=self.folder, env=self.env, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}{done.stderr[-3000:]}"

    def manage(self, *command: str) -> None:
        self.run(sys.executable, "manage.py", *command)

    @contextmanager
    def open(self) -> Iterator[None]:
        """The two terminals: the sandbox, and the site."""
        sandbox, site = (next(each for each in self.lines() if word in each) for word in ("sandbox", "runserver"))
        with ExitStack() as stack:
            stack.enter_context(self._running(sandbox, f"http://127.0.0.1:{self.sandbox}/_sandbox/"))
            stack.enter_context(self._running(f"{site} --noreload 127.0.0.1:{self.site}", self.address))
            yield

    @contextmanager
    def _running(self, line: str, answers_at: str) -> Iterator[None]:
        words = [sys.executable if word == "python" else word for word in shlex.split(line)]
        log = self.folder / f"{len(words)}.log"
        with log.open("wb") as out:
            process = subprocess.Popen(words, cwd=self.folder, env=self.env, stdout=out, stderr=out)
            try:
                _wait_for(answers_at, process, log)
                yield
            finally:
                process.terminate()
                process.wait(20)


def new_project(folder: Path) -> Project:
    """Wagtail's own start, a page type of the creator's, and the page's changes. Nothing else is set."""
    project = Project(folder, *_free_ports())
    folder.mkdir()
    project.run(BIN / "wagtail", "start", "school", ".")
    project.manage("startapp", "lessons")
    (folder / "lessons" / "models.py").write_text(LESSON_PAGE)
    (folder / "lessons" / "wagtail_hooks.py").write_text(python_in("What can be bundled"))
    (folder / "lessons" / "templates" / "lessons").mkdir(parents=True)
    (folder / "lessons" / "templates" / "lessons" / "lesson_page.html").write_text(TEMPLATE)
    with (folder / "school" / "settings" / "base.py").open("a") as settings:
        settings.write(f"\n{python_in('Settings')}\nINSTALLED_APPS += ['lessons']\n{python_in('SQLite')}\n")
    _change(folder / "school" / "urls.py", "urlpatterns = [", f"urlpatterns = [\n{_our_address()}")
    _change(folder / "school" / "templates" / "base.html", "</head>", "{% block extra_head %}{% endblock %}</head>")
    project.manage("makemigrations", "lessons")
    for command in commands_in("Tables"):
        project.manage(*shlex.split(command.removeprefix("python manage.py ")))
    project.manage("shell", "--command", PEOPLE_AND_PAGE)
    return project


def _our_address() -> str:
    (line,) = (line for line in python_in("Addresses").splitlines() if "lms_memberships.urls" in line)
    return line


def _change(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text, f"Wagtail's {file.name} has no {old} any more"
    file.write_text(text.replace(old, new, 1))


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as two:
        one.bind(("127.0.0.1", 0))
        two.bind(("127.0.0.1", 0))
        return one.getsockname()[1], two.getsockname()[1]


def _wait_for(address: str, process: subprocess.Popen, log: Path) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            requests.get(address, timeout=5)
            return
        except requests.ConnectionError:
            assert process.poll() is None, log.read_text()[-3000:]
            assert time.monotonic() < until, log.read_text()[-3000:]
            time.sleep(0.1)
