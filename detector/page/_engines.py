"""What was exported."""

from typing import Any

from detector.page._run import Run


def engines(run: Run) -> list[dict[str, Any]]:
    """A row for each entry of `export`."""
    return [
        {
            "format": step.name.partition(".")[2],
            "summary": step.result.summary,
            "notes": step.result.notes,
            "folder": None if step.result.figures.get("skipped") else step.result.path,
        }
        for step in run.steps
        if step.name.partition(".")[0] == "export"
    ]
