"""What was done already: each step's Result, kept by the key of its ingredients.

runs/results/<name>/<step>/<key>.json        paths in it are relative to the project, so that it can be moved
"""

import json
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from detector.run.fingerprint import Ingredients
from detector.stages import Result
from detector.system.files import write_whole


def find(folder: Path, step: str, key: str) -> Result | None:
    """The result of `step` under `key`, if what it gave is still there."""
    file = folder / step / f"{key}.json"
    return _result(file) if file.exists() else None


def newest(folder: Path, step: str) -> Result | None:
    """The result of `step` that was used last, whatever it was made from."""
    files = _by_age(folder / step)
    return _result(files[-1]) if files else None


def _result(file: Path) -> Result | None:
    kept = json.loads(file.read_text())["result"]
    artifacts = {place: [Path(name) for name in names] for place, names in kept.pop("artifacts").items()}
    result = Result(**{**kept, "path": Path(kept["path"])}, artifacts=artifacts)
    return result if result.path.exists() else None


def _by_age(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.json"), key=lambda file: file.stat().st_mtime_ns)


def keep(folder: Path, step: str, key: str, result: Result, made_from: Ingredients) -> None:
    """Remember `result`, and what it was made from."""
    (folder / step).mkdir(parents=True, exist_ok=True)
    kept = {"ingredients": made_from, "result": _plain(asdict(result))}
    write_whole(folder / step / f"{key}.json", json.dumps(kept, indent=1, ensure_ascii=False))
    touch(folder, step, key)


def touch(folder: Path, step: str, key: str) -> None:
    """Remember that the result was of use again: the newest is the one that was used last, whatever the clock says."""
    with suppress(FileNotFoundError):
        latest = max((file.stat().st_mtime_ns for file in (folder / step).glob("*.json")), default=0)
        now = max(time.time_ns(), latest + 1_000_000)
        os.utime(folder / step / f"{key}.json", ns=(now, now))


def last_ingredients(folder: Path, step: str) -> Ingredients | None:
    """What the newest result of `step` was made from."""
    files = _by_age(folder / step)
    return json.loads(files[-1].read_text())["ingredients"] if files else None


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list | tuple) else value
