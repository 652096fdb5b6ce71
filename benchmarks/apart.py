"""Trainings of benchmarks: each in a process of its own, as many at once as there are cores."""

import os
import subprocess
import sys
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent), "OMP_NUM_THREADS": "1"}
T = TypeVar("T")


def apart(benchmark: str, *arguments: object) -> None:
    """Run the benchmark's file as `--child` with these arguments."""
    line = [sys.executable, benchmark, "--child", *map(str, arguments)]
    subprocess.run(line, check=True, env=ENVIRONMENT, stdout=subprocess.DEVNULL)


def with_seeds(titles: Collection[str], seeds: int, work: Callable[[str, int], T]) -> dict[str, list[T]]:
    """What `work` gives for each title and seed: by title, in the order of the seeds."""
    wanted = [(title, seed) for seed in range(seeds) for title in titles]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        done = dict(zip(wanted, pool.map(lambda of: work(*of), wanted), strict=True))
    return {title: [done[title, seed] for seed in range(seeds)] for title in titles}
