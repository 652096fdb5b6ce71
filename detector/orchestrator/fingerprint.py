"""What the output of a step depends on: it runs again only when one of these changed.

The ingredients of a step are its section of pipeline.yaml, the pipeline's task and classes, the content of its inputs,
how its source looks, the code of its backend, and the versions of the libraries that shape the output.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from detector.config.pipeline import Config, Step
from detector.orchestrator.closure import code_of
from detector.reporting.outcome import FIRST_TIME
from detector.secrets import public_json
from detector.stages import Result, Source, needs
from detector.system.installed import version_of

Ingredients = dict[str, Any]
_GIVES = {"pull": "pull", "convert": "dataset version", "train": "model", "evaluate": "measurement"}


def ingredients(step: Step, config: Config, inputs: Mapping[str, Result], source: Source | None) -> Ingredients:
    """Everything that a step's output depends on, by name. `source` is what it depends on beside its inputs."""
    return {
        "options": json.loads(public_json(step.options.model_dump_json(exclude=set(step.options.SHAPE_NOTHING)))),
        "task": config.task,
        "classes": {name: list(labels) for name, labels in config.classes.items()},
        "inputs": {name: inputs[name].id for name in needs(step.stage, step.backend)},
        "source": source.state if source else None,
        "code": code_of(f"detector.stages.{step.stage}.{step.options.using}"),
        "libraries": {name: version_of(name) for name in step.backend.LIBRARIES},
    }


def key_of(made_from: Ingredients) -> str:
    """24 hex digits that stand for the ingredients; the order of a mapping counts, as it does for `classes`."""
    return hashlib.sha256(_text(made_from).encode()).hexdigest()[:24]


def reasons(old: Ingredients | None, new: Ingredients, source: Source | None = None) -> list[str]:
    """What changed since the last time, as a person would say it: `epochs 50 → 100`."""
    changes = [] if old is None else [*_changes(old, new, source)]
    return [FIRST_TIME] if old is None else changes or ["its output is gone"]


def _changes(old: Ingredients, new: Ingredients, source: Source | None) -> Iterator[str]:
    for name in sorted({*old["options"], *new["options"]}):
        yield from _change(name, old["options"].get(name), new["options"].get(name))
    for name, now in new["libraries"].items():
        if old["libraries"].get(name) != now:
            yield f"{name} {old['libraries'].get(name)} → {now}"
    for name, now in new["inputs"].items():
        if old["inputs"].get(name) != now:
            yield f"a new {_GIVES[name]}"
    if old.get("source") != new["source"]:
        yield f"{source.name if source else 'the source'} changed"
    if old.get("code") != new["code"]:
        yield "its code changed"
    yield from _change("classes", _names(old["classes"]), _names(new["classes"]))
    yield from _change("task", old["task"], new["task"])


def _change(name: str, old: object, new: object) -> Iterator[str]:
    if _text(old) != _text(new):
        yield f"{name} {_short(old)} → {_short(new)}"


def _names(classes: Mapping[str, list[str]]) -> object:
    """The classes as a person writes them: a list, or a mapping where labels are merged."""
    return list(classes) if all(labels == [name] for name, labels in classes.items()) else classes


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _short(value: object) -> str:
    text = "left out" if value is None else _text(value)
    return text if len(text) <= 40 else f"{text[:37]}…"
