"""Where does a queue in Redis live? On a server of its own, which keeps nothing and is nobody else's."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.rig.stripe import free_port

PROGRAM = shutil.which("redis-server")
MISSING = "redis-server is not on this machine"


@contextmanager
def redis(folder: Path) -> Iterator[str]:
    """Its address."""
    assert PROGRAM, MISSING
    port = free_port()
    command = [PROGRAM, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    process = subprocess.Popen([*command, "--dir", str(folder)], stdout=subprocess.DEVNULL)
    try:
        _wait_for(port)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.kill()
        process.wait()


def _wait_for(port: int) -> None:
    until = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            assert time.monotonic() < until, "Redis does not answer"
            time.sleep(0.05)
