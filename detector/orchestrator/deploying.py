"""models/<name>/champion/, brought up to date at the end of a run."""

from collections.abc import Sequence
from pathlib import Path

from detector.data import champion, deployed
from detector.record import Recorder
from detector.reporting.outcome import Done


def deploy(name: str, run: Path, steps: Sequence[Done], recorder: Recorder) -> Path | None:
    """Lay the champion's files there, from this run where it made them; gives the folder if there is a champion."""
    now = champion.read(name)
    if now is None:
        deployed.withdraw(name)
        return None
    results = {step.name: step.result for step in steps}
    promoted = results.get("promote")
    if promoted is not None and promoted.figures.get("champion"):
        return deployed.deploy(name, now.version, run.name, _files(name, steps))
    current = deployed.read(name)
    if current is not None and current.version == now.version and not deployed.changed(name):
        return deployed.folder_of(name)
    return recorder.deploy_champion()


def _files(name: str, steps: Sequence[Done]) -> dict[str, Path]:
    """What this run made, or took as it was: place → file."""
    folders = ((folder, paths) for step in steps for folder, paths in step.result.artifacts.items())
    placed = ((deployed.place_of(name, folder, path.name), path) for folder, paths in folders for path in paths)
    return {place: path for place, path in placed if place}
