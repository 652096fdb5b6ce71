"""What a step cost: seconds, GPU memory, images a second, bytes on disk. Measuring loads no library."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from detector.stages import Result

_UNITS = ("B", "kB", "MB", "GB", "TB")
Costs = dict[str, float]  # images_per_second, peak_memory_bytes, peak_gpu_bytes, disk_bytes: those that a step has
_STATUS, _FORGET = Path("/proc/self/status"), Path("/proc/self/clear_refs")  # Linux: see proc(5)


def begin() -> float:
    """Start measuring; give what `since` takes."""
    for cuda, device in _gpus():
        cuda.reset_peak_memory_stats(device)
    with suppress(OSError):
        _FORGET.write_text("5")  # the peak of before
    return time.perf_counter()


def since(started: float, result: Result, folder: Path) -> tuple[float, Costs]:
    """Wall seconds since `begin`, and the rest of what the step cost that worked in `folder`.

    Memory is the peak of this process, without those that it started; GPU memory its peak on the GPU that had to hold
    most, as PyTorch allocated it.
    """
    seconds = time.perf_counter() - started
    costs = {"disk_bytes": float(disk_bytes(folder, result.path))}
    if result.images:
        costs["images_per_second"] = round(result.images / max(seconds, 1e-9), 2)
    if peak := _peak_memory():
        costs["peak_memory_bytes"] = peak
    if peaks := [float(cuda.max_memory_allocated(device)) for cuda, device in _gpus()]:
        costs["peak_gpu_bytes"] = max(peaks)
    return seconds, costs


def _peak_memory() -> float | None:
    """Bytes; None where the system does not tell."""
    with suppress(OSError):
        for line in _STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return float(line.split()[1]) * 1024
    return None


def _gpus() -> Iterator[tuple[Any, int]]:
    """The GPUs that PyTorch can use, if a step has loaded it."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        yield from ((torch.cuda, device) for device in range(torch.cuda.device_count()))


def disk_bytes(*places: Path) -> int:
    """What files and folders hold, in bytes; a file with several names in them (hard links) counts once."""
    return sum({(file.st_dev, file.st_ino): file.st_size for place in places for file in stats(place)}.values())


def size(count: float) -> str:
    """`0 B`, `1.2 MB`, `34 GB`: bytes in powers of 1000, as disks are sold."""
    power = 0
    while count >= 1000 and power < len(_UNITS) - 1:
        count, power = count / 1000, power + 1
    return f"{count:.1f} {_UNITS[power]}" if 0 < count < 10 and power else f"{count:.0f} {_UNITS[power]}"


def duration(seconds: float) -> str:
    """`0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`."""
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def stats(place: Path) -> Iterator[os.stat_result]:
    """What the system says of every file in `place`, or of the file that it is; links are not followed."""
    if place.is_symlink() or not place.is_dir():
        if place.exists():
            yield place.lstat()
        return
    with os.scandir(place) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from stats(Path(entry.path))
            else:
                yield entry.stat(follow_symlinks=False)


def minute(stamp: str) -> str:
    """`2026-11-24 10:23 UTC` of `2026-11-24T10:23:23Z`."""
    return f"{stamp[:10]} {stamp[11:16]} UTC"
