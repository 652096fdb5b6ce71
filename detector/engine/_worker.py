"""One worker, on the machine that an engine has chosen for it: a command, from its start to its end."""

import json
import os
import platform
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress

from detector.engine import Command, Ended
from detector.errors import UsageError
from detector.system import cores
from detector.system.machine import VARIABLE
from detector.system.mortal import mortal

POLL = 0.2  # seconds between looks at it: an engine that stops this process is heard as often
SECONDS = 10.0  # a command that is stopped ends within them
TO_END = 7.0  # of them, for the workers of that command


def work(command: Command, environment: Mapping[str, str]) -> Ended:
    """Run it, and tell how it ended. `environment` has what holds where this machine says nothing else.

    Whatever is raised here, and the end of this process, stops the command as SIGTERM does.
    """
    machine = platform.node()
    if not command.folder.is_dir():
        missing = f"there is no {command.folder}; every machine needs the project's folder at the same path"
        return Ended(UsageError.exit_code, missing, machine)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])  # Slurm sends it to all when a job's time is nearly over
    process = subprocess.Popen(
        mortal(sys.executable, "-m", command.module, *command.arguments),
        cwd=command.folder,
        env={**environment, **os.environ, VARIABLE: command.machine, **_cores(command)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGUSR2])
    try:
        printed = _printed(process)
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(SECONDS)
        process.kill()
    return Ended(process.returncode, _error(printed, process.returncode), machine)


def _cores(command: Command) -> dict[str, str]:
    return {} if command.cores is None else {cores.VARIABLE: str(command.cores)}


def _printed(process: subprocess.Popen[str]) -> str:
    while True:
        with suppress(subprocess.TimeoutExpired):
            return process.communicate(timeout=POLL)[0]


def _error(printed: str, code: int) -> str:
    """What `--json` says of a failure."""
    with suppress(ValueError, KeyError, TypeError):
        return str(json.loads(printed)["error"])
    return f"killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
