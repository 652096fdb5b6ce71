"""pipeline.yaml checked: the pipeline's own keys, and each backend's section by the backend's own schema.

Every fault is collected, then raised at once as ConfigError, with its place in the file.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import BaseModel, SecretStr, ValidationError

from detector import stages
from detector.config.document import Document, Key, Keys, Variables, dotted, parse
from detector.config.notify import Notify
from detector.config.overrides import apply
from detector.config.pipeline import Config, Head, Step
from detector.config.sections import DEFAULT_BACKENDS, DEFAULT_EXPORT, SECTIONS, backends, options_of
from detector.config.validation import complaints
from detector.engine import Machines
from detector.errors import ConfigError, UsageError, did_you_mean
from detector.secrets import protect, protect_address
from detector.stages import Section
from detector.system.files import content_of

LARGEST = 1_000_000  # bytes of a file; more than any pipeline has
ModelT = TypeVar("ModelT", bound=BaseModel)


def load(
    path: Path, overrides: Sequence[str] = (), environment: Mapping[str, str] = os.environ, shown: Path | None = None
) -> Config:
    """Read, override and check a pipeline.yaml; paths in it are relative to the working folder.

    `shown` is what a person calls the file.

    Raises:
        ConfigError: with every fault.
        UsageError: it can't be read.
    """
    named = shown or path
    try:
        if (size := path.stat().st_size) > LARGEST:
            raise UsageError(f"{named} has {size:,} bytes; a pipeline has {LARGEST:,} at most")
        text = content_of(path).decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{named} is not UTF-8 text") from error
    except OSError as error:
        raise UsageError(f"{named} can't be read ({error.strerror}); `detector init` writes a first one") from error
    document = parse(text, environment)
    config = _check(document, overrides, environment) if document.data is not None or not document.faults else None
    if document.faults or config is None:
        raise ConfigError(str(named), sorted(document.faults, key=lambda fault: (fault.line, fault.column)))
    return config


def name_of(path: Path) -> str | None:
    """The pipeline's name, also where something else in the file is wrong; None where that can't be told."""
    document = _parsed(path)
    name = document.data.get("name") if document else None
    return name if isinstance(name, str) and name else None


def engine_of(path: Path, overrides: Sequence[str]) -> Machines | None:
    """The machines that the pipeline asks for, also where something else in the file is wrong; None for this one.

    Raises:
        ConfigError: with every fault of that section.
    """
    document = _parsed(path)
    if document is None:
        return None
    for override in overrides:
        apply(document, override, os.environ)
    value = document.data.get("engine")
    machines = None if value is None else _section(document, ("engine",), value)
    if faults := [fault for fault in document.faults if not fault.path or fault.path.startswith("engine")]:
        raise ConfigError(str(path), faults)
    return cast(Machines | None, machines)


def _parsed(path: Path) -> Document | None:
    """The file, if it is a mapping of keys that can be read."""
    try:
        readable = path.is_file() and path.stat().st_size <= LARGEST
        document = parse(content_of(path).decode("utf-8"), os.environ) if readable else None
    except (OSError, UnicodeDecodeError):
        return None
    return document if document and isinstance(document.data, dict) else None


def _check(document: Document, overrides: Sequence[str], environment: Mapping[str, str]) -> Config | None:
    if not isinstance(document.data, dict):
        document.fault((), "a pipeline is a mapping of keys: name, task, classes, pull, train, …")
        return None
    for override in overrides:
        apply(document, override, environment)
    _protect(document.data)
    data: dict[Key, Any] = document.data
    if isinstance(data.get("notify"), dict):
        _secrets_from_environment(document, Notify, ("notify",), data["notify"])
    head = _model(document, Head, (), {key: value for key, value in data.items() if key not in SECTIONS}, SECTIONS)
    sections = {keys: _section(document, keys, value) for keys, value in _entries(document, data)}
    record, engine = sections.pop(("record",)), cast(Machines | None, sections.pop(("engine",), None))
    steps = tuple(_step(keys, options) for keys, options in sections.items() if options)
    if head is None or record is None:
        return None
    _refuse_twice(document, steps)
    config = Config(head.name, head.task, head.classes, steps, record, head.notify, engine)
    for step in steps:
        for keys, message in stages.faults_of(step.backend, step.options, cast(stages.Pipeline, config)):
            document.fault((*step.keys, *keys), message)
    return config


def _step(keys: Keys, options: Section) -> Step:
    stage = str(keys[0])
    return Step(f"export.{options.variant}" if stage == "export" else stage, stage, options, keys)


def _refuse_twice(document: Document, steps: Sequence[Step]) -> None:
    """Two entries of `export` that would write the same file."""
    first: dict[str, Step] = {}
    for step in steps:
        other = first.setdefault(step.name, step)
        if other is not step:
            document.fault(step.keys, f"makes the same file as {dotted(other.keys)}; leave one of them out")


def _entries(document: Document, data: Mapping[Key, Any]) -> Iterator[tuple[Keys, Any]]:
    """Each section's place and raw data; `export` has one for each entry of its list."""
    for stage in SECTIONS:
        value = data.get(stage)
        if stage == "engine" and value is None:
            continue  # this machine
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
        problem = f"no backend {using!r}" if using else "is missing"
        document.fault((*keys, "using"), f"{problem}; there is {' | '.join(known)}{did_you_mean(using, known)}")
        return None
    options = options_of(stage, using)
    _secrets_from_environment(document, options, keys, value)
    return _model(document, options, keys, {"using": using, **value})


def _protect(data: Any) -> None:
    """Whatever is wrong with the file, no password in an address of it is shown."""
    if isinstance(data, str):
        protect_address(data)
    elif isinstance(data, dict | list):
        for value in data.values() if isinstance(data, dict) else data:
            _protect(value)


def _secrets_from_environment(document: Document, model: type[BaseModel], keys: Keys, value: Mapping[Key, Any]) -> None:
    """Protect the values of secret options; one that stands in the file, or on a command line, is a fault."""
    for name, info in model.model_fields.items():
        secret = value.get(name)
        if info.annotation is not SecretStr or secret is None:
            continue
        protect(str(secret))
        document.without_default((*keys, name))
        variables = document.variables.get((*keys, name), Variables())
        for default in variables.defaults:
            protect(default)
        if variables.defaults or (str(secret) and not variables.given) or not variables.names:
            variable = next(iter(variables.names), name.upper())
            document.fault(
                (*keys, name), f"a secret comes from the environment only: write ${{{variable}}} and export {variable}"
            )


def _model(document: Document, model: type[ModelT], keys: Keys, value: Any, more: Sequence[str] = ()) -> ModelT | None:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        known = {fault.path for fault in document.faults}  # a variable that is not set is no address either
        for inner, message in complaints(error, model, value, more):
            if dotted((*keys, *inner)) not in known:
                document.fault((*keys, *inner), message)
        return None
