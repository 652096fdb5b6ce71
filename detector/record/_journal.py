"""What a run was told, line by line, so that nothing is lost that MLflow could not be told in time.

    {"parameters": {"train/lr0": "0.01"}}
    {"at": 1700000000000, "step": 3, "metrics": {"val/mAP50": 0.5}}          `at` in milliseconds since 1970, UTC

A line is written before anything is sent, and all of them are sent again when the run is opened again: MLflow keeps
the value of one name, step and time once.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


def note(journal: Path, **line: Any) -> None:
    """Add a line."""
    with journal.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(line, ensure_ascii=False) + "\n")


def parameters(journal: Path) -> dict[str, str]:
    """All parameters; of one that was told twice, the first."""
    values: dict[str, str] = {}
    for line in _lines(journal):
        values = line.get("parameters", {}) | values
    return values


def metrics(journal: Path) -> Iterator[tuple[int, int, Mapping[str, float]]]:
    """(at, step, values) of each time that some were told."""
    return ((line["at"], line["step"], line["metrics"]) for line in _lines(journal) if "metrics" in line)


def _lines(journal: Path) -> Iterator[dict[str, Any]]:
    if not journal.exists():
        return
    for line in journal.read_text(encoding="utf-8").splitlines():
        try:
            yield json.loads(line)
        except ValueError:  # a line that a kill tore
            continue
