"""`--set KEY=VALUE`: a value of pipeline.yaml, replaced before the file is checked.

A command line is no place for a secret: the list of processes, the shell's history and records show it. `${NAME}` in a
value is a variable, as it is in the file.
"""

import re
from collections.abc import Mapping
from typing import Any

from detector.config.document import DEEPEST, TOO_MUCH, Document, Key, dotted, parse
from detector.errors import UsageError, shortened
from detector.secrets import in_clear

_SETTING = re.compile(r"(\w[\w-]*)|\[(\d+)\]")


def apply(document: Document, override: str, environment: Mapping[str, str]) -> None:
    """Apply one `train.epochs=3`; the value is YAML. Raises UsageError for what can't be set."""
    name, equals, text = override.partition("=")
    keys = tuple(int(index) if index else word for word, index in _SETTING.findall(name))
    if not equals or not keys:
        raise UsageError("--set takes KEY=VALUE: write it as --set train.epochs=3")
    if len(keys) > DEEPEST:
        raise UsageError(f"--set {shortened(name)}: {TOO_MUCH}")
    given = parse(text, environment)
    if any(not fault.path and fault.message.startswith("not YAML") for fault in given.faults):
        raise UsageError(f"--set {dotted(keys)}=…: the value is not YAML")
    place = document.data
    for key in keys[:-1]:
        place = _descend(place, key, dotted(keys))
    _descend(place, keys[-1], dotted(keys), given.data)
    document.marks = {at: mark for at, mark in document.marks.items() if at[: len(keys)] != keys} | {keys: (0, 0)}
    document.variables = {at: each for at, each in document.variables.items() if at[: len(keys)] != keys}
    document.variables |= {(*keys, *at): each for at, each in given.variables.items()}
    for fault in given.faults:
        document.fault(keys, fault.message)
    if in_clear(text):
        document.fault(keys, "has a secret in it, and a command line shows it: write ${NAME} for it and export NAME")


def _descend(place: Any, key: Key, name: str, *value: Any) -> Any:
    """The value under `key`, made where it is missing; or set to `value` when one is given."""
    if isinstance(place, list) and isinstance(key, int) and key < len(place):
        place[key] = value[0] if value else place[key]
        return place[key]
    if not isinstance(place, dict) or isinstance(key, int):
        raise UsageError(f"--set {name}: there is nothing to set at `{key}`")
    if value or place.get(key) is None:
        place[key] = value[0] if value else {}
    return place[key]
