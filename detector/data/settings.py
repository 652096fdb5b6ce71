"""How the settings of two runs differ: the pipeline.yaml that each run's folder keeps, as it was run."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

FILE = "pipeline.yaml"


def differing(before: Path | None, after: Path | None) -> dict[str, list[Any]]:
    """What differs between the pipelines of two runs' folders, by its place in the file: before and after.

    Nothing where one is not here any more.
    """
    old, new = _flat(before), _flat(after)
    if not old or not new:
        return {}
    return {
        key: [old.get(key), new.get(key)] for key in sorted(old.keys() | new.keys()) if old.get(key) != new.get(key)
    }


def _flat(run: Path | None) -> dict[str, Any]:
    file = run / FILE if run else None
    if file is None or not file.exists():
        return {}
    return dict(_leaves(yaml.safe_load(file.read_text(encoding="utf-8")), ""))


def _leaves(value: Any, place: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _leaves(inner, f"{place}.{key}" if place else str(key))
    else:
        yield place, value
