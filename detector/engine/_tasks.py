"""The process that is connected to Ray: `python -m detector.engine._tasks ADDRESS CPUS GPUS`.

It is not the one that holds the study, as Ray ends it where the cluster's head is lost, and does not let go of it for
minutes where another machine was.

Each line that comes in asks for a worker: a Command in JSON. The first line that goes out is {"about": "1 machine, …"}
or {"failed": "…"}; each further one is [number of the worker, from 0; exit code; what it said; its machine]. With the
end of what comes in, the workers that are left are stopped.
"""

import itertools
import json
import logging
import os
import select
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from detector.engine import Command, Ended
from detector.engine._worker import POLL, TO_END, work
from detector.errors import DetectorError
from detector.terms import counted

PATIENCE = 5.0  # seconds for an address to answer: Ray itself tries for minutes


def main(address: str, cpus: str, gpus: str) -> None:
    """Until nobody asks for workers any more."""
    out = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # Ray prints, too
    try:
        _connect(address)
    except (OSError, RuntimeError, ValueError) as error:
        return _say(out, {"failed": str(error).partition("\n")[0].partition(". ")[0].rstrip(".")})
    _say(out, {"about": _about()})
    _serve(float(cpus), float(gpus), out)
    os._exit(0)


def _connect(address: str) -> None:
    import ray

    host, _, port = (os.environ.get("RAY_ADDRESS", "") if address == "auto" else address).rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host, int(port)), PATIENCE).close()
    ray.init(address=address, log_to_driver=False, logging_level=logging.CRITICAL)


def _about() -> str:
    """What the cluster has now: a worker that fits nowhere waits until it does."""
    import ray

    has = ray.cluster_resources()
    machines = sum(node["Alive"] for node in ray.nodes())
    return ", ".join([counted(machines, "machine"), *(counted(int(has.get(name, 0)), name) for name in ("CPU", "GPU"))])


def _serve(cpus: float, gpus: float, out: TextIO) -> None:
    import ray

    task, options = ray.remote(work), {"num_cpus": cpus, "max_retries": -1, "scheduling_strategy": "SPREAD"}
    own = dict(os.environ)  # kept in Ray's memory; the variables of its runtime_env are shown on its dashboard
    numbers = itertools.count()
    at_work: dict[int, Any] = {}
    for lines in _asked():
        for line in lines:
            module, arguments, folder, *rest = json.loads(line)
            command = Command(module, tuple(arguments), Path(folder), *rest)
            asked = options | {"num_gpus": gpus if command.gpu else 0}
            at_work[next(numbers)] = task.options(**asked).remote(command, own)
        for number in _ready(at_work):
            _say(out, [number, *_ended(at_work.pop(number))])
    for reference in at_work.values():
        ray.cancel(reference)
    if at_work:
        ray.wait([*at_work.values()], num_returns=len(at_work), timeout=TO_END)


def _asked() -> Iterator[list[bytes]]:
    """The lines that have come in since the last look, until there will be none."""
    rest = b""
    while True:
        lines: list[bytes] = []
        if select.select([sys.stdin], [], [], POLL)[0]:
            if not (got := os.read(sys.stdin.fileno(), 65536)):
                return
            *lines, rest = (rest + got).split(b"\n")
        yield lines


def _ready(at_work: dict[int, Any]) -> list[int]:
    import ray

    return [number for number, reference in at_work.items() if ray.wait([reference], timeout=0)[0]]


def _ended(reference: Any) -> Ended:
    import ray
    from ray.exceptions import RayError

    try:
        return Ended(*ray.get(reference))
    except (RayError, RuntimeError) as error:  # this package is not there, say
        [*_, last] = str(error).strip().splitlines()
        return Ended(DetectorError.exit_code, last, "Ray")


def _say(out: TextIO, what: Any) -> None:
    out.write(json.dumps(what) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
