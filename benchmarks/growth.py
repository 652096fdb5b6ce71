"""Growth: time and peak memory of a conversion at 2k, 20k and 200k tasks of 10 boxes, each in a process of its own.

`growth_time` and `growth_memory` are measured over linear growth from the size before: 1.0 is linear, less is better.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks import convert, exports

TASKS = (2_000, 20_000, 200_000)
SIZE = (1920, 1080)  # pixels of each image


def measure(export: Path, folder: Path) -> tuple[float, float]:
    """Seconds, and peak memory in MB, of one conversion: all of its processes, what they share counted once."""
    started, peak = time.perf_counter(), 0.0
    child = subprocess.Popen([sys.executable, __file__, str(export), str(folder)])
    while child.poll() is None:
        time.sleep(0.02)
        peak = max(peak, sum(map(megabytes, [child.pid, *forked(child.pid)])))
    assert child.returncode == 0
    return time.perf_counter() - started, peak


def forked(process: int) -> list[int]:
    """The processes that a process started, and that are still there."""
    with contextlib.suppress(OSError):
        return list(map(int, Path(f"/proc/{process}/task/{process}/children").read_text().split()))
    return []


def megabytes(process: int) -> float:
    """The proportional set size: a page that n processes share counts 1/n in each."""
    with contextlib.suppress(OSError):
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
        return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")), 0.0)
    return 0.0


def main() -> None:
    with tempfile.TemporaryDirectory(dir=os.environ.get("DETECTOR_BENCH_FOLDER", "/dev/shm")) as scratch:
        before: tuple[float, float] | None = None
        for tasks in TASKS:
            export, folder = Path(scratch) / "export.json", Path(scratch) / str(tasks)
            folder.mkdir()
            exports.write(export, tasks, 10, exports.boxes, SIZE)
            seconds, megabytes = measure(export, folder)
            line = {"name": f"growth_{tasks}", "seconds": round(seconds, 2), "peak_mb": round(megabytes)}
            if before:
                line |= {"time": round(seconds / before[0] / 10, 2), "memory": round(megabytes / before[1] / 10, 2)}
            print(json.dumps(line), flush=True)
            before = seconds, megabytes


if __name__ == "__main__":
    if len(sys.argv) == 3:
        convert.without_images()
        tasks = int(Path(sys.argv[2]).name)
        convert.ours(convert.Export(Path(sys.argv[1]), "detect", convert.sized(tasks, SIZE)), Path(sys.argv[2]))
    else:
        main()
