"""What was exported."""

from typing import Any

from detector.page._files import link
from detector.page._run import Run
from detector.reporting.engines import METRIC, cells


def engines(run: Run) -> list[dict[str, Any]]:
    """A row for each entry of `export`; `measured`: what was measured of it itself, by the title of each column."""
    return [
        {
            "format": step.name.partition(".")[2],
            "summary": step.result.summary,
            "notes": step.result.notes,
            "folder": None if step.result.figures.get("skipped") else link(step.result.path, run.folder),
            "measured": cells(step.result.figures) if METRIC in step.result.figures else {},
        }
        for step in run.steps
        if step.name.partition(".")[0] == "export"
    ]
