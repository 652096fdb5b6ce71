"""`detector prune`: old runs and dataset versions go, and what only they needed."""

import os
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from detector import record
from detector.browse import mongod
from detector.config.pipeline import Config
from detector.data.places import FIFTYONE, LOCK, RUNS
from detector.errors import SHARED, DetectorError, TryAgain
from detector.orchestrator.pruning import LEFT, Prunable, prunable
from detector.reporting.costs import size, stats
from detector.system.lock import locked


def prune(config: Config, keep: int, dry_run: bool, wait: float) -> dict[str, Any]:
    """Remove what the newest `keep` runs, the champion and the one before it do not need, or only say what would go.

    MLflow's own runs and files stay: `mlflow gc` removes those.

    Raises:
        Locked: A run is at work.
        DetectorError: The record can't be asked what the champion needs.
    """
    with locked(LOCK, wait):
        leaving = prunable(config.name, keep, _needed(config))
        freed = _freed(leaving.paths())
        notes = [] if dry_run else list(_remove(leaving, config.name))
    return {
        "schema": 1,
        "status": "done",
        "dry_run": dry_run,
        "runs": [path.name for path in leaving.runs],
        "versions": [path.name for path in leaving.versions],
        "pulled": len(leaving.pulled),
        "results": sum(path.suffix == ".json" for path in leaving.results),
        "studies": [path.name for path in leaving.studies],
        "images": len(leaving.images),
        "bytes": freed,
        "notes": notes,
    }


def _needed(config: Config) -> set[str]:
    """The runs and versions of the champion and of the one to roll back to; nothing is asked where nothing has run."""
    if not any(RUNS.glob("*/run.json")):
        return set()
    try:
        return record.load(config.record.using).needed(config.record, config.name)
    except DetectorError as error:
        kind = TryAgain if isinstance(error, TryAgain) else DetectorError
        raise kind(f"{error}; nothing was pruned, since only the record knows what the champion needs") from error


def _freed(paths: Iterable[Path]) -> int:
    """Bytes that come free: those of a file with several names only when all of them go."""
    files = [stat for path in paths for stat in stats(path)]
    going = Counter((stat.st_dev, stat.st_ino) for stat in files)
    freed = {(stat.st_dev, stat.st_ino): stat for stat in files if going[stat.st_dev, stat.st_ino] >= stat.st_nlink}
    return sum(stat.st_size for stat in freed.values())


def _remove(leaving: Prunable, name: str) -> Iterator[str]:
    """Each path at once, by a rename, or not at all; gives what could not be done."""
    for path in leaving.paths():
        try:
            _remove_one(path)
        except PermissionError as error:  # another user's: that one's next prune takes what is left of it
            yield f"{path} could not be removed, or not all of it: {error.strerror} ({SHARED})"
    if leaving.versions:
        yield from _forget([f"{name}-{path.name}" for path in leaving.versions])


def _remove_one(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path if path.name.startswith(".") else path.rename(path.with_name(f"{LEFT}{path.name}")))
    else:
        path.unlink()


def _forget(names: Iterable[str]) -> Iterator[str]:
    """Remove what FiftyOne holds of the versions, where it has a database."""
    if not (FIFTYONE / "db").exists() and mongod.VARIABLE not in os.environ:
        return
    from detector.browse.database import connected

    try:
        with connected(FIFTYONE) as fiftyone:
            for name in names:
                if fiftyone.dataset_exists(name):
                    fiftyone.delete_dataset(name)
    except DetectorError as error:
        yield f"FiftyOne still has {', '.join(names)}: {error}"


def lines(removed: dict[str, Any]) -> list[str]:
    """The same for a person."""
    rows = {
        "runs": ", ".join(removed["runs"]),
        "versions": ", ".join(removed["versions"]),
        "studies": ", ".join(removed["studies"]),
        **{kind: f"{removed[kind]:,}" if removed[kind] else "" for kind in ("pulled", "results", "images")},
    }
    shown = [f"{kind:<18}{value}" for kind, value in rows.items() if value] or ["there is nothing to prune"]
    verb = "would free" if removed["dry_run"] else "freed"
    return [*shown, f"{verb:<18}{size(removed['bytes'])}", *removed["notes"]]
