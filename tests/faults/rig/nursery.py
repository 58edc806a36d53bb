"""How do processes of a site start in no time? One that has loaded everything forks them: gunicorn and workers.

It takes commands, a line of JSON each, and answers each with a line: ``start`` and ``reap``. When nobody
commands any more, all its children are killed.
"""

import importlib
import json
import os
import signal
import sys
from collections.abc import Callable
from typing import NoReturn

import django
from django.core.management import call_command
from django.db import connections


def main() -> None:
    django.setup()
    from django.core.wsgi import get_wsgi_application
    from django.urls import get_resolver

    application = get_wsgi_application()
    # What the first request would load.
    get_resolver().url_patterns  # noqa: B018
    connections.close_all()
    children: dict[int, str] = {}
    _say({"ready": True})
    for line in sys.stdin:
        order = json.loads(line)
        _say(ORDERS[order.pop("do")](children, application, **order))
    for pid in children:
        _kill(pid)


def _start(children: dict[int, str], application: object, *, what: str, env: dict, log: str, options: dict) -> dict:
    pid = os.fork()
    if not pid:
        _become(what, application, env=env, log=log, options=options)
    children[pid] = what
    return {"pid": pid}


def _reap(children: dict[int, str], application: object) -> dict:
    """Who has ended since we last asked, and of what: a signal's number is negative."""
    ended = []
    for pid in list(children):
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            ended.append({"pid": pid, "what": children.pop(pid), "code": os.waitstatus_to_exitcode(status)})
    return {"ended": ended}


def _become(what: str, application: object, *, env: dict, log: str, options: dict) -> NoReturn:
    code = 1
    try:
        os.setsid()
        file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(file, 1)
        os.dup2(file, 2)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.environ.update(env)
        # It reads its variable when it is loaded.
        importlib.reload(importlib.import_module("lms_memberships.killpoints"))
        PROCESSES[what](application, options)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001 - the log must have it, whatever it is
        import traceback

        traceback.print_exc()
    finally:
        os._exit(code)


def _web(application: object, options: dict) -> None:
    from gunicorn.app.base import BaseApplication

    class Web(BaseApplication):
        def load_config(self) -> None:
            for name, value in options.items():
                self.cfg.set(name, value)

        def load(self) -> object:
            return application

    Web().run()


def _command(application: object, options: dict) -> None:
    call_command(*options["command"])


def _kill(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _say(answer: dict) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


PROCESSES: dict[str, Callable[[object, dict], None]] = {"web": _web, "command": _command}
ORDERS: dict[str, Callable[..., dict]] = {"start": _start, "reap": _reap}

if __name__ == "__main__":
    main()
