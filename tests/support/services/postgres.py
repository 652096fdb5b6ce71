"""A real PostgreSQL on 127.0.0.1, with an empty database, that can be stopped in the middle and started again."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.services.ports import free_port

VERSIONS = Path("/usr/lib/postgresql")  # where Debian puts them
USER = "detector"
_UTF8 = ("--encoding", "UTF8", "--locale", "C.UTF-8")  # names of runs and classes are in any language


def programs() -> Path | None:
    """The folder of the newest PostgreSQL on this machine; None where there is none."""
    found = sorted(VERSIONS.glob("*/bin/initdb"), key=lambda file: int(file.parents[1].name))
    return found[-1].parent if found else None


@dataclass(frozen=True)
class Postgres:
    """A server whose data lie in `folder`. It refuses to run as root, so root lends it another user."""

    bin: Path
    folder: Path
    port: int

    @property
    def uri(self) -> str:
        return f"postgresql+psycopg2://{USER}@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
        self.do("pg_ctl", "-w", "-D", self.folder / "data", "-l", self.folder / "log", "-o", options, "start")

    def stop(self) -> None:
        """As if it was killed: nothing is said to those that are connected."""
        self.do("pg_ctl", "-w", "-D", self.folder / "data", "-m", "immediate", "stop")

    def do(self, program: str, *arguments: str | Path) -> None:
        user = "postgres" if os.geteuid() == 0 else None
        command = [self.bin / program, *arguments]
        subprocess.run(
            command, check=True, capture_output=True, user=user, cwd=self.folder, env={"PATH": "/usr/bin:/bin"}
        )


@contextmanager
def postgres(bin_: Path) -> Iterator[Postgres]:
    """A server that runs inside the `with`."""
    with tempfile.TemporaryDirectory(prefix="postgres-") as folder:
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres")
        server = Postgres(bin_, Path(folder), free_port())
        server.do("initdb", "-D", server.folder / "data", "-U", USER, "--auth", "trust", "--no-sync", *_UTF8)
        server.start()
        try:
            yield server
        finally:
            server.stop()
