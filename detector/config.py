"""pipeline.yaml checked: the pipeline's own keys, and each backend's section by the backend's own schema.

Every fault is collected, then raised at once as ConfigError, with its place in the file.
"""

import importlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError, field_validator

from detector import stages
from detector.complaints import complaints, suggestion
from detector.errors import ConfigError, UsageError
from detector.notify import Notify
from detector.overrides import apply
from detector.positions import Document, Key, Keys, parse
from detector.stages import Backend, Section
from detector.task import Task

SECTIONS = (*stages.ORDER, "record")
DEFAULT_BACKENDS = {
    "convert": "yolo",
    "check": "fiftyone",
    "train": "ultralytics",
    "evaluate": "ultralytics",
    "promote": "better",
    "record": "mlflow",
}
DEFAULT_EXPORT = ({"using": "onnx"},)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def _refuse(wrong: bool, message: str) -> None:
    if wrong:
        raise ValueError(message)


def _as_classes(value: Any) -> Any:
    """A list names classes; a mapping also says which source labels mean each."""
    if isinstance(value, list):
        _refuse(any(not isinstance(item, str) for item in value), "each class is a word; put quotes around numbers")
        _refuse(len(set(value)) < len(value), "a class is named twice")
        return {item: (item,) for item in value}
    if isinstance(value, dict):
        return {name: [label] if isinstance(label, str) else label or [name] for name, label in value.items()}
    return value


ModelT = TypeVar("ModelT", bound=BaseModel)
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
        _refuse(not _NAME.fullmatch(name), "may hold letters, digits, `.`, `_` and `-`, since folders are named by it")
        return name

    @field_validator("classes")
    @classmethod
    def _labels_are_unique(cls, classes: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        _refuse(not classes, "name at least one class")
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

    def resolved(self) -> str:
        """The pipeline as YAML with every default and variable filled in, and every secret taken out."""
        dumped: dict[str, Any] = {"name": self.name, "task": self.task, "classes": _plain(self.classes)}
        dumped |= {step.name: _dump(step.options) for step in self.steps if step.stage != "export"}
        dumped["record"] = _dump(self.record)
        dumped["export"] = [_dump(step.options) for step in self.steps if step.stage == "export"]
        dumped |= {"notify": _dump(self.notify)} if self.notify else {}
        return yaml.safe_dump(dumped, sort_keys=False, allow_unicode=True, width=120)

    def secrets(self) -> set[str]:
        """The values that must never be shown or stored."""
        sections: list[Any] = [self.record, *(step.options for step in self.steps), self.notify or ()]
        values = [value for section in sections for _, value in section]
        return {value.get_secret_value() for value in values if isinstance(value, SecretStr)}


def _plain(classes: Mapping[str, tuple[str, ...]]) -> Any:
    unmerged = all(labels == (name,) for name, labels in classes.items())
    return list(classes) if unmerged else {name: list(labels) for name, labels in classes.items()}


def _dump(options: BaseModel) -> Any:
    """Plain data; pydantic itself prints stars for a SecretStr, and a password in a URL goes the same way."""
    return yaml.safe_load(re.sub(r"(://[^/@:\s]*:)[^/@\s\"]+@", r"\1***@", options.model_dump_json()))


def load(path: Path, overrides: Sequence[str] = (), environment: Mapping[str, str] = os.environ) -> Config:
    """Read, override and check a pipeline.yaml. Raises ConfigError with every fault, UsageError if unreadable."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text") from error
    except OSError as error:
        raise UsageError(f"{path} can't be read ({error.strerror}); `detector init` writes a first one") from error
    document = parse(text, environment)
    config = _check(document, overrides) if document.data is not None or not document.faults else None
    if document.faults or config is None:
        raise ConfigError(str(path), sorted(document.faults, key=lambda fault: (fault.line, fault.column)))
    return config


def _check(document: Document, overrides: Sequence[str]) -> Config | None:
    if not isinstance(document.data, dict):
        document.fault((), "a pipeline is a mapping of keys: name, task, classes, pull, train, …")
        return None
    for override in overrides:
        apply(document, override)
    data: dict[Key, Any] = document.data
    if isinstance(data.get("notify"), dict):
        _secrets_from_environment(document, Notify, ("notify",), data["notify"])
    head = _model(document, Head, (), {key: value for key, value in data.items() if key not in SECTIONS}, SECTIONS)
    sections = {keys: _section(document, keys, value) for keys, value in _entries(document, data)}
    steps = tuple(_step(keys, options) for keys, options in sections.items() if options and keys != ("record",))
    record = sections["record",]
    if head is None or record is None:
        return None
    config = Config(head.name, head.task, head.classes, steps, record, head.notify)
    for step in steps:
        for keys, message in stages.faults_of(step.backend, step.options, cast(stages.Pipeline, config)):
            document.fault((*step.keys, *keys), message)
    return config


def _step(keys: Keys, options: Section) -> Step:
    stage = str(keys[0])
    return Step(f"export.{options.using}" if stage == "export" else stage, stage, options, keys)


def _entries(document: Document, data: Mapping[Key, Any]) -> Iterator[tuple[Keys, Any]]:
    """Each section's place and raw data; `export` has one for each entry of its list."""
    for stage in SECTIONS:
        value = data.get(stage)
        if stage != "export":
            yield (stage,), value
        elif isinstance(value, list) or value is None:
            yield from (
                (("export", index), entry) for index, entry in enumerate(DEFAULT_EXPORT if value is None else value)
            )
        else:
            document.fault(("export",), "is a list, with one entry for each format: - {using: onnx}")


def _section(document: Document, keys: Keys, value: Any) -> Section | None:
    """One backend's options, checked by its own schema."""
    stage = str(keys[0])
    value = {} if value is None else value
    if not isinstance(value, dict):
        document.fault(keys, "is a mapping of keys: using: …")
        return None
    using = value.get("using", DEFAULT_BACKENDS.get(stage))
    known = backends(stage)
    if using not in known:
        what = f"no backend {using!r}" if using else "is missing"
        document.fault((*keys, "using"), f"{what}; there is {' | '.join(known)}{suggestion(using, known)}")
        return None
    options: type[Section] = importlib.import_module(f"{package(stage)}.{using}").Options
    _secrets_from_environment(document, options, keys, value)
    return _model(document, options, keys, {"using": using, **value})


def package(stage: str) -> str:
    """Where the backends of a section are."""
    return "detector.record" if stage == "record" else f"detector.stages.{stage}"


def backends(stage: str) -> list[str]:
    """The names that a section's `using` takes."""
    return ["mlflow"] if stage == "record" else stages.names(stage)


def _secrets_from_environment(document: Document, model: type[BaseModel], keys: Keys, value: Mapping[Key, Any]) -> None:
    for name, info in model.model_fields.items():
        if info.annotation is SecretStr and name in value and (*keys, name) not in document.from_environment:
            document.fault(
                (*keys, name),
                f"a secret comes from the environment only: write ${{{name.upper()}}} and set that variable",
            )


def _model(document: Document, model: type[ModelT], keys: Keys, value: Any, more: Sequence[str] = ()) -> ModelT | None:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        for inner, message in complaints(error, model, value, more):
            document.fault((*keys, *inner), message)
        return None
