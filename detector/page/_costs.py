"""What was done, and what each step cost, as rows of a table."""

from collections.abc import Sequence
from typing import Any

from detector.reporting.costs import duration, size
from detector.reporting.outcome import Done

ELSEWHERE = {"convert", "check", "export"}  # whose notes other parts of the page tell in full


def table(steps: Sequence[Done]) -> dict[str, Any]:
    """A row for each step; the share of the longest is the length of its bar. No GPU, no column for it."""
    longest = max((step.seconds for step in steps if not step.skipped), default=0.0) or 1.0
    rows = [
        {
            "step": step.name,
            "result": step.result,
            "notes": [] if step.name.partition(".")[0] in ELSEWHERE else step.result.notes,
            "skipped": step.skipped,
            "share": 0.0 if step.skipped else round(100 * step.seconds / longest, 1),
            "time": duration(step.seconds),
            "speed": _speed(step.costs["images_per_second"]) if "images_per_second" in step.costs else "",
            "memory": size(step.costs["peak_memory_bytes"]) if "peak_memory_bytes" in step.costs else "",
            "gpu": size(step.costs["peak_gpu_bytes"]) if step.costs.get("peak_gpu_bytes") else "",
            "disk": "" if step.skipped else size(step.costs.get("disk_bytes", 0.0)),
        }
        for step in steps
    ]
    disk = size(sum(step.costs.get("disk_bytes", 0.0) for step in steps if not step.skipped))
    total = duration(sum(step.seconds for step in steps))
    return {"rows": rows, "gpu": any(row["gpu"] for row in rows), "total": total, "disk": disk}


def _speed(images_per_second: float) -> str:
    return f"{images_per_second:,.{1 if images_per_second < 100 else 0}f}"
