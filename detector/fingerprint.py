"""What makes an output what it is: a stage runs again only when one of these changed.

The ingredients of a step are its section of pipeline.yaml, the pipeline's task and classes, the content of its inputs,
the source of its backend, and the versions of the libraries that shape the output.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from detector.config import Config, Step
from detector.stages import Result

NEEDS = {
    "pull": (),
    "convert": ("pull",),
    "check": ("convert",),
    "train": ("convert",),
    "evaluate": ("convert", "train"),
    "export": ("convert", "train"),
    "promote": ("convert", "train", "evaluate"),
}
Ingredients = dict[str, Any]
ROOT = Path(__file__).parent
_IMPORT = re.compile(r"^\s*(?:from (detector[\w.]*) import|import (detector[\w.]*))", re.MULTILINE)
_SHAPE_NOTHING = {f"detector.{name}" for name in ("errors", "files", "losses", "report", "stages", "complaints")}


def ingredients(step: Step, config: Config, inputs: Mapping[str, Result], source_state: str | None) -> Ingredients:
    """Everything that a step's output depends on, by name. `source_state` is what a pull's source looks like now."""
    return {
        "options": json.loads(step.options.model_dump_json()),
        "task": config.task,
        "classes": {name: list(labels) for name, labels in config.classes.items()},
        "inputs": {name: inputs[name].id for name in NEEDS[step.stage]},
        "source": source_state,
        "code": _code(step.stage),
        "libraries": {name: _version(name) for name in step.backend.LIBRARIES},
    }


def key_of(found: Ingredients) -> str:
    """24 hex digits that stand for the ingredients."""
    return hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()[:24]


def reasons(old: Ingredients | None, new: Ingredients) -> list[str]:
    """What changed since the last time, as a person would say it: `epochs 50 → 100`."""
    if old is None:
        return ["never done before"]
    changed = [
        f"{name} {_short(old['options'].get(name))} → {_short(new['options'].get(name))}"
        for name in sorted({*old["options"], *new["options"]})
        if old["options"].get(name) != new["options"].get(name)
    ]
    changed += [
        f"{package} {old['libraries'].get(package)} → {now}"
        for package, now in new["libraries"].items()
        if old["libraries"].get(package) != now
    ]
    changed += [f"a new {_GIVES[name]}" for name, now in new["inputs"].items() if old["inputs"].get(name) != now]
    words = {"source": "the source changed", "code": "its code changed", "classes": "classes changed", "task": "task"}
    changed += [said for name, said in words.items() if old[name] != new[name]]
    return changed or ["its output is gone"]


_GIVES = {"pull": "pull", "convert": "dataset version", "train": "model", "evaluate": "measurement"}


def _short(value: object) -> str:
    text = "nothing" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else f"{text[:37]}…"


@cache
def _code(stage: str) -> str:
    """A hash of the stage's modules and of ours that they import: an edit there is a reason to run again."""
    content = hashlib.sha256()
    waiting, seen = sorted((ROOT / "stages" / stage).glob("*.py")), set[Path]()
    while waiting:
        file = waiting.pop()
        if file not in seen:
            seen.add(file)
            waiting += _imported_by(file)
    for file in sorted(seen):
        content.update(file.read_bytes())
    return content.hexdigest()[:12]


@cache
def _imported_by(file: Path) -> list[Path]:
    """Our own modules that a file imports anywhere in its text, but for those that shape no output."""
    names = {name or more for name, more in _IMPORT.findall(file.read_text(encoding="utf-8"))} - _SHAPE_NOTHING
    paths = (ROOT.joinpath(*name.split(".")[1:]) for name in names)
    return [found for path in paths for found in (path.with_suffix(".py"), path / "__init__.py") if found.is_file()]


@cache
def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
