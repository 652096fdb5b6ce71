"""What a command writes to a terminal of so many columns."""

import os
import pty
import re
import subprocess
from pathlib import Path

STYLE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def shown(command: list[str], folder: Path, columns: int, environment: dict[str, str]) -> tuple[int, str]:
    """The exit code of `command`, and all that it wrote, with the codes for colours and the cursor."""
    ours, theirs = pty.openpty()
    line = ["sh", "-c", f'stty cols {columns}; exec "$@"', "sh", *command]
    with subprocess.Popen(line, cwd=folder, env=environment, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        said = b"".join(iter(lambda: _piece(ours), b""))
    os.close(ours)
    return process.returncode, said.decode()


def _piece(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # its other end is closed
        return b""


def plain(said: str) -> list[str]:
    """The lines without those codes."""
    return STYLE.sub("", said).replace("\r", "\n").split("\n")
