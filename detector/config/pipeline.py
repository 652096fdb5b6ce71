"""A pipeline.yaml that has been checked: its own keys, and a step for everything that a run does."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from detector import stages
from detector.config.document import Keys
from detector.config.notify import Notify
from detector.engine import Machines
from detector.secrets import cleaned
from detector.stages import Backend, Section
from detector.terms import Task

LONGEST_NAME = 100  # characters: MLflow's names of metrics have 250, and a class is a part of them
_UNPRINTABLE = {"Cc", "Cs", "Zl", "Zp"}  # Unicode's categories of control characters, and of line breaks
_CALLED = {
    "\n": "a line break",
    "\r": "a line break",
    "\u2028": "a line break",
    "\u2029": "a line break",
    "\t": "a tab",
}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def _shown(name: str) -> str:
    """A name in quotes, cut short, with what can't be printed written out."""
    text = repr(name)
    return text if len(text) <= 40 else f"{text[:37]}…{text[0]}"


def _refuse(wrong: bool, message: str) -> None:
    if wrong:
        raise ValueError(message)


def _name_fault(name: str) -> str | None:
    """What is wrong with the name of a class: it is printed, put into files, and names metrics."""
    if not name.strip():
        return "is blank"
    if odd := next((letter for letter in name if unicodedata.category(letter) in _UNPRINTABLE), None):
        return f"has {_CALLED.get(odd, 'a control character')} in it"
    if len(name) > LONGEST_NAME:
        return f"has {len(name)} characters, and {LONGEST_NAME} is the most"
    return None


def _as_classes(value: Any) -> Any:
    """A list names classes; a mapping also says which source labels mean each."""
    if isinstance(value, list):
        _refuse(any(not isinstance(item, str) for item in value), "each class is a word; put quotes around numbers")
        _refuse(len(set(value)) < len(value), "a class is named twice")
        return {item: (item,) for item in value}
    if isinstance(value, dict):
        return {name: [label] if isinstance(label, str) else label or [name] for name, label in value.items()}
    return value


Classes = Annotated[dict[str, tuple[str, ...]], BeforeValidator(_as_classes)]


class Head(BaseModel):
    """The keys of the pipeline itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str = Field(description="names the data set, the MLflow experiment and the registered model")
    task: Task = Field(description="detect: boxes; segment: outlines")
    classes: Classes = Field(
        description="class names in the order of their YOLO ids; a mapping also merges source labels into a class"
    )

    notify: Notify | None = Field(None, description="a webhook that is told how a run ended")

    @field_validator("name")
    @classmethod
    def _is_a_folder_name(cls, name: str) -> str:
        _refuse(len(name) > LONGEST_NAME, f"has {len(name)} characters, and {LONGEST_NAME} is the most")
        _refuse(not _NAME.fullmatch(name), "may hold letters, digits, `.`, `_` and `-`, since folders are named by it")
        return name

    @field_validator("classes")
    @classmethod
    def _labels_are_unique(cls, classes: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        _refuse(not classes, "name at least one class")
        for name in classes:
            fault = _name_fault(name)
            _refuse(fault is not None, f"the class {_shown(name)} {fault}")
        labels = [label for merged in classes.values() for label in merged]
        twice = sorted({label for label in labels if labels.count(label) > 1})
        _refuse(bool(twice), f"the label {', '.join(twice)} belongs to more than one class")
        return classes


@dataclass(frozen=True)
class Step:
    """One thing that a run does: a stage, or one entry of `export`. `keys` is its place in the file."""

    name: str
    stage: str
    options: Section
    keys: Keys

    @property
    def backend(self) -> Backend:
        """The module that does it."""
        return stages.load(self.stage, self.options.using)


@dataclass(frozen=True)
class Config:
    """A whole pipeline.yaml, checked."""

    name: str
    task: Task
    classes: Mapping[str, tuple[str, ...]]
    steps: tuple[Step, ...]
    record: Section
    notify: Notify | None = None
    engine: Machines | None = None

    @property
    def measured_on(self) -> str:
        """The split that `evaluate` measures on."""
        return str(next(step.options for step in self.steps if step.stage == "evaluate").model_dump()["split"])

    def resolved(self) -> str:
        """The pipeline as YAML with every default and variable filled in, and every secret taken out."""
        dumped: dict[str, Any] = {"name": self.name, "task": self.task, "classes": _plain(self.classes)}
        dumped |= {step.name: _dump(step.options) for step in self.steps if step.stage != "export"}
        dumped["record"] = _dump(self.record)
        dumped["export"] = [_dump(step.options) for step in self.steps if step.stage == "export"]
        dumped |= {"notify": _dump(self.notify)} if self.notify else {}
        dumped |= {"engine": _dump(self.engine)} if self.engine else {}
        return yaml.safe_dump(dumped, sort_keys=False, allow_unicode=True, width=120)


def _plain(classes: Mapping[str, tuple[str, ...]]) -> Any:
    unmerged = all(labels == (name,) for name, labels in classes.items())
    return list(classes) if unmerged else {name: list(labels) for name, labels in classes.items()}


def _dump(options: BaseModel) -> Any:
    """Plain data; pydantic itself prints stars for a SecretStr, and what is secret in an address goes the same way."""
    return cleaned(options.model_dump(mode="json"))
