"""What a command writes to a terminal of so many columns."""

import os
import pty
import re
import subprocess
from pathlib import Path

STYLE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def shown(
    command: list[str], folder: Path, columns: int, environment: dict[str, str], until: str | None = None
) -> tuple[int, str]:
    """The exit code of `command`, and all that it wrote, with the codes for colours and the cursor.

    Ctrl-C is pressed as soon as it has written something that matches `until`.
    """
    ours, theirs = pty.openpty()
    line = ["setsid", "--ctty", "sh", "-c", f'stty cols {columns}; exec "$@"', "sh", *command]
    said = b""
    with subprocess.Popen(line, cwd=folder, env=environment, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        for piece in iter(lambda: _piece(ours), b""):
            said += piece
            if until and re.search(until, STYLE.sub("", said.decode(errors="replace"))):
                os.write(ours, b"\x03")
                until = None
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


def stays(said: str) -> list[str]:
    """The lines that stay on the screen: what moves is written over."""
    ends = (line.rpartition("\r")[2].rstrip() for line in STYLE.sub("", said).replace("\r\n", "\n").split("\n"))
    return [line for line in ends if not re.search(r"[⠁-⣿]|━", line)]
