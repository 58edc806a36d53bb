"""What is a site of the rig? A database, gunicorn, workers, Stripe and an e-mail service, each a process of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from django.conf import settings
from django.test import override_settings
from django_tasks_db.models import DBTaskResult
from redis import Redis
from rq import Queue

from lms_memberships.models import Announcement, BundleSpread, Delivery, Email, Erasure, Intent, WebhookEvent
from lms_memberships.subscriptions import promised
from tests.faults.rig import clock, database, deliver
from tests.faults.rig.esp import Esp
from tests.faults.rig.stripe import StripeProcess, free_port

SECRET = "whsec_sandbox"
WEBHOOK = "/memberships/webhooks/stripe/"
DRAIN = ("memberships_drain", "--loop")
#: The workers of each kind of background work, by the name of the backend.
WORKERS = {
    "none": [DRAIN, DRAIN],
    "immediate": [DRAIN],
    "db": [("db_worker", "--interval", "0.2", "--no-startup-delay"), DRAIN],
    "rq": [("rqworker", "--job-class", "django_tasks_rq.Job", "--with-scheduler"), DRAIN],
}


@dataclass
class Site:
    """``start`` and ``kill`` its parts as a test likes."""

    folder: Path
    server: database.Server
    stripe: StripeProcess
    esp: Esp
    port: int
    env: dict[str, str] = field(default_factory=dict)
    killed: int = 0
    _nursery: subprocess.Popen | None = None
    _running: dict[int, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    # ------------------------------------------------------------------ processes
    def open_nursery(self) -> None:
        self._nursery = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.rig.nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=(self.folder / "nursery.log").open("ab"),
            env={**os.environ, **self.env, "DJANGO_SETTINGS_MODULE": "tests.faults.settings"},
            cwd=database.ROOT,
            text=True,
        )
        self._hear()

    def start_web(self, *, workers: int = 4, **env: str) -> int:
        """Real gunicorn, listening when this returns."""
        options = {
            "bind": f"127.0.0.1:{self.port}",
            "workers": workers,
            "worker_class": "gthread",
            "threads": 4,
            "keepalive": 60,
            "timeout": 120,
            "graceful_timeout": 1,
            "control_socket_disable": True,
            "errorlog": str(self.folder / "web.log"),
            "loglevel": "warning",
        }
        pid = self._start("web", env, options)
        self._wait_for_web()
        return pid

    def start_command(self, *command: str, **env: str) -> int:
        """A management command that runs by itself."""
        return self._start("command", env, {"command": command})

    def start_workers(self, **env: str) -> list[int]:
        return [self.start_command(*command, **env) for command in WORKERS[self.env["RIG_TASKS"]]]

    def start(self, **env: str) -> None:
        self.start_web(**env)
        self.start_workers(**env)

    def kill(self, pid: int, number: int = signal.SIGKILL) -> None:
        """The process and its children."""
        try:
            os.killpg(pid, number)
        except ProcessLookupError:
            return

    def kill_all(self) -> None:
        """Everything but Stripe, the e-mail service and the database; and it is gone when this returns."""
        for pid in list(self._running):
            self.kill(pid)
        until = time.monotonic() + 30
        while self._running:
            self.ended()
            assert time.monotonic() < until, self._running
            time.sleep(0.02)

    def stop_all(self, patience: float = 10) -> None:
        """As ``kill_all``, but workers may end what they are in the middle of; gunicorn has nothing that it must end."""
        for pid, what in list(self._running.items()):
            self.kill(pid, signal.SIGKILL if what == "web" else signal.SIGTERM)
        until = time.monotonic() + patience
        while self._running and time.monotonic() < until:
            self.ended()
            time.sleep(0.02)
        self.kill_all()

    def ended(self) -> None:
        """Note who has ended; ``killed`` counts those whom SIGKILL has ended."""
        for each in self._tell(do="reap")["ended"]:
            self._running.pop(each["pid"], None)
            self.killed += each["code"] == -signal.SIGKILL

    def is_running(self, pid: int) -> bool:
        self.ended()
        return pid in self._running

    def all_killed(self) -> int:
        """How many were killed so far, those that gunicorn has replaced by itself included."""
        self.ended()
        return self.killed + self.log("web").count("was sent SIGKILL")

    def log(self, name: str = "web") -> str:
        path = self.folder / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def tasks_done(self) -> int:
        """How many tasks the queue's own workers have finished; a backend without a queue has none."""
        if self.env["RIG_TASKS"] == "db":
            return DBTaskResult.objects.filter(status="SUCCESSFUL").count()
        if self.env["RIG_TASKS"] == "rq":
            queue = Queue(connection=Redis.from_url(self.env["RIG_REDIS_URL"]))
            return queue.finished_job_registry.count
        return 0

    # ------------------------------------------------------------------ the outside
    def deliver(self, events: list[dict], **knobs: object) -> deliver.Result:
        """Stripe's calls, from processes of their own."""
        bodies = [json.dumps(event) for event in events]
        job = deliver.Job(url=self.url + WEBHOOK, secret=SECRET, events=bodies, **knobs)
        file = self.folder / "job.json"
        file.write_text(json.dumps(asdict(job)))
        done = subprocess.run(
            [sys.executable, "-m", "tests.faults.rig.deliver", str(file)], capture_output=True, cwd=database.ROOT
        )
        assert done.returncode == 0, done.stderr.decode()
        found = json.loads(done.stdout)
        found["statuses"] = {int(status): number for status, number in found["statuses"].items()}
        return deliver.Result(**found)

    def advance(self, seconds: int) -> None:
        """Time passes, at Stripe and here."""
        clock.set_offset(self.stripe.advance(seconds))

    def wait_until_quiet(self, patience: float = 120) -> float:
        """Until nothing is left to do. Returns the seconds that took; fails with what is left."""
        began = time.monotonic()
        while left := self.left():
            assert time.monotonic() - began < patience, (left, self.log("command")[-3000:])
            time.sleep(0.1)
        quiet = time.monotonic() - began
        # A mail that is being handed over looks like one of which nobody knows whether it left.
        while (uncertain := self._uncertain_mails()) and time.monotonic() - began < patience:
            time.sleep(1)
            if self._uncertain_mails() == uncertain:
                break
        return quiet

    def _uncertain_mails(self) -> list[int]:
        return list(Email.objects.filter(state=Email.State.UNKNOWN).order_by("pk").values_list("pk", flat=True))

    def left(self) -> dict[str, int]:
        """What still waits for a worker."""
        found = {
            "events": WebhookEvent.objects.filter(state="received").count(),
            "mails": Email.objects.filter(state="owed").count(),
            "bundles": BundleSpread.objects.count(),
            "items": Delivery.objects.filter(state="owed").count(),
            "announcements": Announcement.objects.filter(state="owed").count(),
            "intents": Intent.objects.filter(next_look_at__isnull=False).count(),
            "erasures": Erasure.objects.filter(state=Erasure.State.PENDING).count(),
            "promises": sum(each.count for each in promised.unconfirmed().values()),
        }
        return {name: number for name, number in found.items() if number}

    # ------------------------------------------------------------------ within
    def _start(self, what: str, env: dict[str, str], options: dict) -> int:
        log = str(self.folder / f"{what}.log")
        pid = self._tell(do="start", what=what, env={"LMS_KILL_AT": "", **env}, log=log, options=options)["pid"]
        self._running[pid] = what
        return pid

    def _wait_for_web(self) -> None:
        import socket

        until = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                assert time.monotonic() < until, self.log("web")[-3000:]
                time.sleep(0.05)

    def _tell(self, **order: object) -> dict:
        assert self._nursery is not None
        self._nursery.stdin.write(json.dumps(order) + "\n")
        self._nursery.stdin.flush()
        return self._hear()

    def _hear(self) -> dict:
        line = self._nursery.stdout.readline()
        assert line, (self.folder / "nursery.log").read_text()[-3000:]
        return json.loads(line)

    def close(self) -> None:
        if self._nursery is not None:
            self._nursery.stdin.close()
            self._nursery.wait(30)


@contextmanager
def site(
    folder: Path, *, server: database.Server | None = None, tasks: str = "none", seed: int = 1, **env: str
) -> Iterator[Site]:
    """A site with nothing on it and nothing running but Stripe and the e-mail service.

    Within it this process looks at the site's database, at Stripe and at the clock as the site's own processes do.
    """
    server = server or database.Server.of_the_tests()
    with ExitStack() as stack:
        name = stack.enter_context(database.database(server))
        esp = stack.enter_context(Esp(seed=seed))
        stripe = StripeProcess(folder).start()
        stack.callback(stripe.stop)
        found = Site(folder, server, stripe, esp, free_port())
        found.env = {
            "RIG_DATABASE_URL": server.url(name),
            "RIG_STRIPE_URL": stripe.url,
            "RIG_ESP_URL": esp.url,
            "RIG_SITE_URL": found.url,
            "RIG_TASKS": tasks,
            "RIG_MEDIA": str(folder / "media"),
            clock.FILE: str(folder / "clock"),
            **env,
        }
        stack.callback(found.close)
        found.open_nursery()
        stack.enter_context(_as_the_site(found))
        stack.enter_context(database.looked_at(server, name))
        stripe.control("webhooks", mode="withhold")
        yield found


@contextmanager
def _as_the_site(found: Site) -> Iterator[None]:
    os.environ[clock.FILE] = found.env[clock.FILE]
    try:
        with override_settings(
            LMS_MEMBERSHIPS_STRIPE_API_BASE=found.stripe.url,
            LMS_MEMBERSHIPS_BASE_URL=found.url,
            LMS_MEMBERSHIPS_CLOCK="tests.faults.rig.clock.now",
            # What is asked for here is done by the site's own workers, of whom one may die at it.
            TASKS={"default": {"BACKEND": "django_tasks.backends.dummy.DummyBackend"}},
            DEFAULT_FROM_EMAIL="school@rig.test",
            MEDIA_ROOT=found.env["RIG_MEDIA"],
            STORAGES={
                **settings.STORAGES,
                "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
            },
        ):
            yield
    finally:
        del os.environ[clock.FILE]
