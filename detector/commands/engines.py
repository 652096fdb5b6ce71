"""`detector engines`: what a run exported, each as accurate and as fast as it is itself, beside the checkpoint."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from detector.commands.status import table
from detector.data import runs
from detector.data.places import RUNS
from detector.errors import UsageError
from detector.reporting.engines import METRIC, cells


def engines(which: str | None) -> dict[str, Any]:
    """What the run `which` exported; without a name, the newest run that exported something.

    Raises:
        UsageError: there is no such run, or it exported nothing.
    """
    known = {folder.name: state for folder, state in runs.begun().items()}
    if which is not None and Path(which).name not in known:
        raise UsageError(f"no run is called {which}; `detector status` lists them")
    names = [Path(which).name] if which is not None else reversed(known)
    name = next((name for name in names if _exports(known[name])), None)
    if name is None:
        nothing = (
            f"{which} has exported nothing; `detector run` does"
            if which
            else "nothing was exported here yet; `detector run` does it"
        )
        raise UsageError(f"{nothing}, as pipeline.yaml says")
    checkpoint = next((step for step in known[name]["steps"] if step["step"] == "evaluate"), None)
    return {
        "schema": 1,
        "run": str(RUNS / name),
        "checkpoint": _figures(checkpoint) if checkpoint else None,
        "engines": [_engine(step) for step in _exports(known[name])],
    }


def _exports(state: dict[str, Any]) -> list[dict[str, Any]]:
    return [step for step in state["steps"] if step["step"].partition(".")[0] == "export"]


def _engine(step: dict[str, Any]) -> dict[str, Any]:
    """Its name, its folder, what was said of it, and its figures."""
    name = step["step"].partition(".")[2]
    return {"engine": name, "folder": step["path"], "summary": step["summary"], "figures": _figures(step)}


def _figures(step: dict[str, Any]) -> dict[str, float | None]:
    figures: dict[str, float | None] = step["figures"]
    return figures


def lines(described: dict[str, Any]) -> Iterator[str]:
    """The same for a person: a table, and why an engine has no figures."""
    yield f"{described['run']}: on the test images, by this machine's processor"
    checkpoint = described["checkpoint"]
    rows = [("checkpoint", checkpoint)] if checkpoint else []
    rows += [(engine["engine"], engine["figures"]) for engine in described["engines"]]
    titles = ("engine", *cells({}))
    yield from table(titles, [(name, *cells(figures).values()) for name, figures in rows])
    for engine in described["engines"]:
        if METRIC not in engine["figures"]:
            yield f"{engine['engine']}: {engine['summary']}"
