"""`detector verify`: the files that the newest results stand on, and the champion's, each held against its hash."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from detector.config.pipeline import Config
from detector.data import deployed
from detector.orchestrator import results
from detector.orchestrator.plan import results_of
from detector.terms import counted


@dataclass(frozen=True)
class Checked:
    """A step's newest result, or the champion: how many files it has, and those that are not as they were left."""

    step: str
    files: int
    wrong: list[str]


def verify(config: Config) -> dict[str, Any]:
    """Each step's newest result, and the champion's files; nothing is written."""
    kept = results_of(config)
    read = [(step.name, results.read_whole(kept, step.name)) for step in config.steps]
    read.append(("champion", deployed.read_whole(config.name)))
    steps = [Checked(name, *found) for name, found in read if found is not None]
    status = "damaged" if any(step.wrong for step in steps) else "whole"
    return {"schema": 1, "status": status, "steps": [asdict(step) for step in steps]}


def lines(outcome: dict[str, Any]) -> Iterator[str]:
    """The same for a person."""
    for step in outcome["steps"]:
        wrong = f", {len(step['wrong']):,} not as they were left" if step["wrong"] else ""
        yield f"{step['step']:<19}  {counted(step['files'], 'file')}{wrong}"
        yield from (f"{'':<21}{path}" for path in step["wrong"])
    if not outcome["steps"]:
        yield "nothing has run here yet; `detector run` does what pipeline.yaml says"
    elif outcome["status"] == "whole":
        yield "everything is as it was left"
    else:
        yield "`detector run` makes again what is not"
