"""How can a test stop PostgreSQL in the middle? A cluster of its own, which nobody else uses (R8)."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.faults.rig.database import Server, template
from tests.faults.rig.stripe import free_port

#: PostgreSQL refuses to run as root.
ITS_USER = "postgres"
MISSING = "PostgreSQL's own programs (initdb, pg_ctl) are not on this machine"


NEEDED = ("initdb", "pg_ctl", "pg_dump", "psql")


def programs() -> Path | None:
    """Where all of them are: beside each other on the path, or where Debian keeps them, the newest."""
    found = shutil.which("initdb")
    kept = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parts[4]), reverse=True)
    folders = [Path(found).resolve().parent, Path(found).parent, *kept] if found else kept
    return next((folder for folder in folders if all((folder / name).exists() for name in NEEDED)), None)


@dataclass
class Cluster:
    programs: Path
    folder: Path
    server: Server

    def start(self) -> None:
        options = f"-p {self.server.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c max_connections=100"
        self._run("pg_ctl", "start", "--wait", "-D", self._data, "-l", f"{self.folder}/log", "-o", options)

    def stop(self) -> None:
        """As if the power were cut: nothing is finished, nobody is told."""
        self._run("pg_ctl", "stop", "--wait", "-D", self._data, "-m", "immediate")

    def make(self) -> None:
        trust = ("--auth", "trust", "--username", ITS_USER, "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync")
        self._run("initdb", *trust, "-D", self._data)

    @property
    def _data(self) -> str:
        return f"{self.folder}/data"

    def _run(self, program: str, *arguments: str) -> None:
        whom = {"user": ITS_USER, "group": ITS_USER, "extra_groups": []} if os.geteuid() == 0 else {}
        command = [str(self.programs / program), *arguments]
        with (self.folder.parent / f"{self.folder.name}.out").open("ab") as out:
            done = subprocess.run(command, stdout=out, stderr=out, cwd=self.folder, timeout=120, **whom)
        assert done.returncode == 0, (command, Path(out.name).read_text()[-2000:])


@contextmanager
def cluster(source: Server) -> Iterator[Cluster]:
    """Running, with the migrated template of ``source`` in it."""
    found = programs()
    assert found, MISSING
    folder = Path(tempfile.mkdtemp(prefix="rig_postgres_"))
    if os.geteuid() == 0:
        shutil.chown(folder, ITS_USER)
    made = Cluster(found, folder, Server("127.0.0.1", str(free_port()), ITS_USER))
    try:
        made.make()
        made.start()
        _copy(found, source, made.server)
        yield made
    finally:
        if (folder / "data" / "postmaster.pid").exists():
            made.stop()
        shutil.rmtree(folder, ignore_errors=True)
        folder.with_name(f"{folder.name}.out").unlink(missing_ok=True)


def _copy(programs: Path, source: Server, target: Server) -> None:
    """The template, which takes much longer to migrate than to copy; without it the cluster migrates its own."""
    name = template(source)
    dump = subprocess.run([programs / "pg_dump", source.url(name)], capture_output=True)
    if dump.returncode:
        return
    with target.connect() as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
    subprocess.run(
        [programs / "psql", "--quiet", "--no-psqlrc", "--set", "ON_ERROR_STOP=1", target.url(name)],
        input=dump.stdout,
        stdout=subprocess.DEVNULL,
        check=True,
    )
