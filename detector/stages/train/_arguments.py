"""Ultralytics' training arguments and their types, from its installed source.

It is read as text: importing it takes seconds, and a pipeline file is to be judged in a moment.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import yaml

from detector.errors import did_you_mean
from detector.stages.train._installed import text_of
from detector.stages.train._values import value_fault

Faults = Iterator[tuple[tuple[str | int, ...], str]]

OURS = {  # arguments that follow from the rest of pipeline.yaml, and what to set instead
    "model": "set train.model",
    "epochs": "set train.epochs",
    "imgsz": "set train.image_size",
    "batch": "set train.batch",
    "patience": "set train.patience",
    "seed": "set train.seed",
    **dict.fromkeys(("augment", "augmentations"), "list the transforms in train.augment"),
    "data": "the dataset version is what convert made",
    "task": "set task, at the top of the file",
    "classes": "set classes, at the top of the file",
    "device": "set train.device",
    "mode": "it is a training",
    "save": "checkpoints are always kept",
    "split": "training is watched on val; set evaluate.split for the rest",
    "single_cls": "merge the labels into one class at the top of the file, classes: {object: [A, B]}",
    "pretrained": "set train.model to weights (.pt) or to an architecture (.yaml), and train.warm_start",
    **dict.fromkeys(("project", "name", "exist_ok", "save_dir"), "results go to the run's own folder"),
    **dict.fromkeys(("resume", "cfg", "source", "distill_model"), "it is not supported here"),
}


def training_faults(options: Mapping[str, Any]) -> Faults:
    """What is wrong with Ultralytics training arguments: unknown, set elsewhere, or with a value that can't be."""
    known = _training_arguments()
    for name, value in options.items():
        if name in OURS:
            yield (name,), f"can't be set here: {OURS[name]}"
        elif name not in known:
            yield (name,), f"is not an argument of Ultralytics{did_you_mean(name, known - OURS.keys())}"
        elif name == "cache" and value == "disk":
            yield (name,), "would write into the dataset version, which never changes; use ram"
        elif value is None:
            if name not in _optional():
                yield (name,), "needs a value; leave it out for the default"
        elif message := _type_fault(name, value) or value_fault(name, value, options):
            yield (name,), message


def _type_fault(name: str, value: Any) -> str | None:
    kind = kind_of(name)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind is None or name == "fraction":
        return None
    if kind == "BOOL":
        return None if isinstance(value, bool) else "must be true or false"
    if kind == "STR":
        return None if isinstance(value, str) else "must be text"
    if not number:
        return f"must be a number{_as_number(value)}"
    if kind == "INT":
        whole = isinstance(value, int) or value.is_integer()
        return None if whole else "must be a whole number"
    return None if kind == "FLOAT" or 0 <= value <= 1 else "must be from 0 to 1"


def _as_number(value: Any) -> str:
    """YAML 1.1 takes 1e-3 for text: a number needs its dot."""
    try:
        return f"; YAML reads {value} as text, write {float(value)}" if isinstance(value, str) else ""
    except ValueError:
        return ""


def kind_of(name: str) -> str | None:
    """FLOAT, FRACTION (0 to 1), INT, BOOL or STR; None for an argument that Ultralytics does not check itself."""
    return _kinds().get(name)


def default_of(name: str) -> Any:
    """What Ultralytics takes where an argument is left out; None where it has no default."""
    return _defaults().get(name)


@cache
def _defaults() -> dict[str, Any]:
    return dict(yaml.safe_load(text_of("ultralytics", "cfg/default.yaml")))


@cache
def _training_arguments() -> frozenset[str]:
    return frozenset(re.findall(r"^(\w+):", text_of("ultralytics", "cfg/default.yaml"), re.MULTILINE))


@cache
def _optional() -> frozenset[str]:
    """The arguments without a default, which may be empty."""
    return frozenset(re.findall(r"^(\w+): *(?:#|$)", text_of("ultralytics", "cfg/default.yaml"), re.MULTILINE))


@cache
def _kinds() -> dict[str, str]:
    """Argument name to FLOAT, FRACTION (0 to 1), INT, BOOL or STR, for those that Ultralytics checks itself."""
    text = text_of("ultralytics", "cfg/__init__.py")
    sets = re.findall(r"^CFG_(\w+)_KEYS = frozenset\(\s*(\{.*?\})\s*\)", text, re.MULTILINE | re.DOTALL)
    return {name: kind for kind, names in sets for name in ast.literal_eval(names)}
