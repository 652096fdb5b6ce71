"""What a run came to."""

import json
from dataclasses import asdict, dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any

from detector import __version__
from detector.data.champion import read as read_champion
from detector.errors import exit_code, sentence
from detector.reporting.costs import Costs
from detector.secrets import cleaned
from detector.stages import Result
from detector.system.files import write_whole

FIRST_TIME = "never done before"  # a reason to run that goes without saying


@dataclass(frozen=True)
class Done:
    """A step that a run did, and why it had to, or had no need to do."""

    name: str
    result: Result
    skipped: bool
    seconds: float
    costs: Costs = field(default_factory=dict)
    why: list[str] = field(default_factory=list)

    @property
    def changes(self) -> list[str]:
        """What is not as it was when the step ran before: `4 changed`, `1 new`; empty where it was skipped."""
        counts = {} if self.skipped else self.result.changes
        return [f"{count:,} {word}" for word, count in counts.items() if count]

    def plain(self) -> dict[str, Any]:
        """For `--json` and run.json."""
        result = self.result
        return {
            "step": self.name,
            "skipped": self.skipped,
            "why": self.why,
            "seconds": round(self.seconds, 3),
            "costs": self.costs,
            "summary": result.summary,
            "figures": {name: value if isfinite(value) else None for name, value in result.figures.items()},
            "changes": {} if self.skipped else dict(result.changes),
            "path": str(result.path),
            "notes": result.notes,
        }


@dataclass
class Outcome:
    """What a run came to, its steps, its folder, and where to look next (title, command).

    `status` is running, done, unchanged, failed, or stopped; and killed, where a run could not say how it ended.
    `number` is its place among the runs of its folder (see detector.data.runs).
    `working` is the step that a run is at, or was at last: its name, its key, and whether it was forced.
    """

    name: str
    status: str = "running"
    steps: list[Done] = field(default_factory=list)
    folder: Path | None = None
    look: list[tuple[str, str]] = field(default_factory=list)
    working: dict[str, Any] | None = None
    number: int = 0

    def plain(self) -> dict[str, Any]:
        """For `--json` and run.json. Paths are relative to the project's folder."""
        champion = read_champion(self.name)
        return {
            "schema": 1,
            "status": self.status,
            "project": str(Path.cwd()),
            "run": str(self.folder) if self.folder else None,
            "steps": [done.plain() for done in self.steps],
            "champion": asdict(champion) if champion else None,
        }

    def write(self, error: BaseException | None) -> None:
        """Keep it in the run's folder, as run.json, with how it failed, if it did."""
        if self.folder is not None:
            head = {"name": self.name, "number": self.number}
            ended = {"error": sentence(error), "exit_code": exit_code(error)} if error else {"error": None}
            state = head | cleaned(self.plain()) | {"working": self.working, **ended, "detector": __version__}
            text = json.dumps(state, indent=1, ensure_ascii=False)
            write_whole(self.folder / "run.json", text)
