"""Every error that a person can meet, and the exit code it ends with.

DetectorError                 1    something failed
├── UsageError                2    the command line or pipeline.yaml is wrong; retrying won't help
│   └── ConfigError           2    pipeline.yaml, with a position for every fault
├── GateRefused               3    data failed its check, or an engine lost accuracy
├── Locked                   11    another run is at work here
└── TryAgain                 75    the network, or a server; the next run may pass

Stopped                      75    by SIGTERM: no failure, and no Exception that a library may catch
├── HungUp                   75    by SIGHUP: the terminal was closed
└── Interrupted             130    by Ctrl-C

Each message is one clear sentence, and says the way out. They are shown in one place: `detector.cli.main`.
"""

import errno
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from detector.secrets import without_secrets

SHARED = "a group shares a project after `chmod -R g+rwX .` by its owner, with `umask 002` in each shell that runs it"
WIDTH = 120  # characters of somebody's text in a message


class DetectorError(Exception):
    """Something failed that no retry and no edit of pipeline.yaml is known to mend."""

    exit_code = 1


class UsageError(DetectorError):
    """What was asked for can't be done as asked."""

    exit_code = 2


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong in pipeline.yaml.

    `line` and `column` count from 1; both are 0 when the value came from `--set` or is absent.
    """

    path: str
    message: str
    line: int = 0
    column: int = 0
    source: str = ""


class ConfigError(UsageError):
    """Every fault of a pipeline.yaml at once."""

    def __init__(self, filename: str, faults: Sequence[Fault]) -> None:
        self.faults = list(faults)
        self.filename = filename
        super().__init__("\n".join(self._show(fault) for fault in self.faults))

    def _show(self, fault: Fault) -> str:
        where = f"{self.filename}:{fault.line}:{fault.column}: " if fault.line else f"{self.filename}: "
        message = f"{shortened(fault.path)}: {fault.message}" if fault.path else fault.message
        if not fault.source:
            return where + message
        start = max(0, fault.column - WIDTH // 2) if len(fault.source) > WIDTH else 0
        return f"{where}{message}\n    {fault.source[start : start + WIDTH]}\n    {' ' * (fault.column - 1 - start)}^"


class GateRefused(DetectorError):
    """A gate held: the data, or the engine, is not good enough to go on with. `evidence` are the files that show it."""

    exit_code = 3

    def __init__(self, message: str, *evidence: Path) -> None:
        self.evidence = evidence
        super().__init__(message)


class Locked(DetectorError):
    """Another run holds the lock."""

    exit_code = 11


class TryAgain(DetectorError):
    """A passing failure: the same command may succeed later."""

    exit_code = 75


class Stopped(BaseException):
    """SIGTERM came. Like KeyboardInterrupt it is no Exception: a library that catches those must not go on."""

    exit_code = 75

    def __str__(self) -> str:
        return "stopped by SIGTERM; the next run goes on from what is done"


class HungUp(Stopped):
    """SIGHUP came: the terminal was closed, and nobody may read what is said any more."""

    def __str__(self) -> str:
        return "stopped, as its terminal was closed; the next run goes on from what is done"


class Interrupted(Stopped, KeyboardInterrupt):
    """Ctrl-C was pressed."""

    exit_code = 130

    def __str__(self) -> str:
        return "interrupted; the next run goes on from what is done"


def shortened(text: str) -> str:
    """The beginning of somebody's text, as a message has it."""
    return text if len(text) <= WIDTH else f"{text[:WIDTH]}…"


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """`; did you mean …?` to end a message with; empty when nothing is close."""
    from difflib import get_close_matches

    close = get_close_matches(str(word), list(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _is_ours(error: ModuleNotFoundError) -> bool:
    return error.name is None or error.name.partition(".")[0] == __name__.partition(".")[0]


def failure(error: BaseException) -> dict[str, Any]:
    """What `--json` says of an error that ended a command, also of one that nobody foresaw."""
    return {"schema": 1, "status": "failed", "error": sentence(error), "exit_code": exit_code(error)}


def sentence(error: BaseException) -> str:
    """What a person is told of it, without a secret."""
    return without_secrets(_told(error))


def _told(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return str(Interrupted())
    if any(_is_full(cause) for cause in causes(error)):
        return "the disk is full; make room (`detector prune` removes old versions and runs), then run again"
    if isinstance(error, DetectorError | Stopped):
        return str(error)
    if isinstance(error, OSError) and error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        shared = "" if error.errno == errno.EROFS else f" ({SHARED})"
        file = error.filename2 or error.filename or "a file"
        return f"{file}: {error.strerror}; this user must be able to read and write there{shared}"
    if isinstance(error, ModuleNotFoundError) and not _is_ours(error):
        return f"{error.name} is not installed here: install this package again; `detector doctor` says what is missing"
    return f"unexpected: {type(error).__name__}: {error}; the run's log has the details"


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error, what it was raised from, and so on."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _is_full(error: BaseException) -> bool:
    """Whether the system, SQLite or PyTorch says that nothing more fits on the disk."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    return "disk is full" in str(error) or "PytorchStreamWriter failed" in str(error)


def exit_code(error: BaseException) -> int:
    """What the process ends with."""
    if isinstance(error, KeyboardInterrupt):
        return Interrupted.exit_code
    return error.exit_code if isinstance(error, DetectorError | Stopped) else DetectorError.exit_code
