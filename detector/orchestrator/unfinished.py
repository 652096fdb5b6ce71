"""The run that did not end well, which the next one takes up again: same folder, same run in the record.

runs/results/<name>/unfinished      the name of its folder
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from detector.reporting.outcome import Done
from detector.system.files import read_json, write_whole

POINTER = "unfinished"


@dataclass(frozen=True)
class Unfinished:
    """A run that was cut short, and what its run.json says."""

    folder: Path
    state: dict[str, Any]

    def was_at(self, step: str, keys: Mapping[str, str], also_if_it_failed: bool) -> bool:
        """Whether it was at `step`, or at one that is done, as these keys say.

        One that failed at `step` itself would fail again. A step that was forced, and is done by another run, is not
        what this one came to do.
        """
        working, at_step = self.state["working"], self.state["working"]["step"] == step
        done = [each["step"] for each in self.state["steps"]]
        fails_again = at_step and self.state["status"] == "failed" and not also_if_it_failed
        forced_anew = working["forced"] and not at_step and working["step"] not in done
        same = keys.get(working["step"], "") in (working["key"], working.get("key_after"))
        return same and not fails_again and not forced_anew

    def as_done(self, done: Done) -> Done:
        """A step whose result is there already, as this run did it; as it is, if another run did."""
        own = next((old for old in self.state["steps"] if old["step"] == done.name and not old["skipped"]), None)
        if own is None:
            return done
        return replace(done, skipped=False, seconds=own["seconds"], costs=own.get("costs", {}), why=own.get("why", []))

    def mark_killed(self) -> None:
        """Say in its run.json that the run was killed: it could not do so itself, and nothing goes on from it."""
        if self.state["status"] == "running":
            write_whole(self.folder / "run.json", json.dumps(self.state | {"status": "killed"}, indent=1))


def find(kept: Path, runs: Path) -> Unfinished | None:
    """The run that the pointer in `kept` names, if it is still there and had come to a step."""
    pointer = kept / POINTER
    named = pointer.read_text().strip() if pointer.exists() else ""
    state = read_json(runs / named / "run.json") if named else None
    return Unfinished(runs / named, state) if state and state.get("working") else None


def begin(kept: Path, folder: Path) -> None:
    """From now on, the run in `folder` is the one to take up."""
    kept.mkdir(parents=True, exist_ok=True)
    write_whole(kept / POINTER, folder.name)


def end(kept: Path) -> None:
    """It ended well."""
    (kept / POINTER).unlink(missing_ok=True)
