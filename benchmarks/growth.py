"""Growth: time and peak memory of a conversion at 2k, 20k and 200k tasks of 10 boxes, each in a process of its own.

`growth_time` and `growth_memory` are measured over linear growth from the size before: 1.0 is linear, less is better.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks import convert, exports

SIZES = (2_000, 20_000, 200_000)


def measure(export: Path, folder: Path) -> tuple[float, float]:
    """Seconds, and peak resident memory in MB, of one conversion."""
    started = time.perf_counter()
    child = subprocess.Popen([sys.executable, __file__, str(export), str(folder)])
    _, status, usage = os.wait4(child.pid, 0)
    assert status == 0
    return time.perf_counter() - started, usage.ru_maxrss / 1024


def main() -> None:
    with tempfile.TemporaryDirectory(dir=os.environ.get("DETECTOR_BENCH_FOLDER", "/dev/shm")) as scratch:
        before: tuple[float, float] | None = None
        for tasks in SIZES:
            export, folder = Path(scratch) / "export.json", Path(scratch) / str(tasks)
            folder.mkdir()
            exports.write(export, tasks, 10, exports.boxes, (1920, 1080))
            seconds, megabytes = measure(export, folder)
            line = {"name": f"growth_{tasks}", "seconds": round(seconds, 2), "peak_mb": round(megabytes)}
            if before:
                line |= {"time": round(seconds / before[0] / 10, 2), "memory": round(megabytes / before[1] / 10, 2)}
            print(json.dumps(line), flush=True)
            before = seconds, megabytes


if __name__ == "__main__":
    if len(sys.argv) == 3:
        convert.without_images()
        convert.ours(Path(sys.argv[1]), Path(sys.argv[2]), "detect")
    else:
        main()
