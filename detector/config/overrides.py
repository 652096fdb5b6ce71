"""`--set KEY=VALUE`: a value of pipeline.yaml, replaced before the file is checked."""

import re
from typing import Any

import yaml

from detector.config.document import Document, Key, check_depth
from detector.errors import UsageError, shortened

_SETTING = re.compile(r"(\w[\w-]*)|\[(\d+)\]")


def apply(document: Document, override: str) -> None:
    """Apply one `train.epochs=3`; the value is YAML. Raises UsageError for what can't be set."""
    name, equals, text = override.partition("=")
    override = shortened(override)  # as messages have it
    keys = tuple(int(index) if index else word for word, index in _SETTING.findall(name))
    if not equals or not keys:
        raise UsageError(f"--set {override}: write it as --set train.epochs=3")
    try:
        check_depth(text)
        value = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:
        raise UsageError(f"--set {override}: the value is not YAML") from error
    place = document.data
    for key in keys[:-1]:
        place = _descend(place, key, override)
    _descend(place, keys[-1], override, value)
    document.marks = {at: mark for at, mark in document.marks.items() if at[: len(keys)] != keys} | {keys: (0, 0)}


def _descend(place: Any, key: Key, override: str, *value: Any) -> Any:
    """The value under `key`, made where it is missing; or set to `value` when one is given."""
    if isinstance(place, list) and isinstance(key, int) and key < len(place):
        place[key] = value[0] if value else place[key]
        return place[key]
    if not isinstance(place, dict) or isinstance(key, int):
        raise UsageError(f"--set {override}: there is nothing to set at `{key}`")
    if value or place.get(key) is None:
        place[key] = value[0] if value else {}
    return place[key]
