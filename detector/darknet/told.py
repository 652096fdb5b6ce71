"""Each key of Darknet's files and its value, as one list. BMW's keys are known by Darknet's own names, too."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from detector.darknet.files import Files
from detector.errors import UsageError
from detector.system.reading import text_of
from detector.system.text import lines

LAYERS = "layers"  # the sections of a .cfg that describe the network, counted
_BMW = {
    "data.classes": "names",
    "data.name": "name",
    "model.model_name": "model",
    "model.batch_size": "batch",
    "model.train_image_width": "width",
    "model.train_image_height": "height",
    "model.custom_weights.name": "weights",
    "model.generate_custom_anchors": "anchors",
}


class Told(NamedTuple):
    """A key as it is written, its value, and the name by which its meaning is known."""

    file: str
    key: str
    value: Any
    name: str


def told(files: Files) -> list[Told]:
    """All keys: those of train_config.json first, from which BMW's tool writes the others.

    Raises UsageError where a file can't be understood.
    """
    rows: list[Told] = []
    for file, read in ((files.train_config, _train_config), (files.data, _data), (files.cfg, _cfg)):
        rows += read(file) if file else ()
    return rows


def _train_config(file: Path) -> Iterator[Told]:
    try:
        content = json.loads(text_of(file))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{file} is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise UsageError(f"{file} holds no object; it should have `data`, `model` and `training`")
    unused = {"yolov3": "yolov4_config", "yolov4": "yolov3_config"}.get(
        str(_at(content, "model", "model_name"))[:6], ""
    )
    for key, value in _flat(content, ""):
        if not unused or f".{unused}." not in f".{key}.":
            yield Told(file.name, key, value, _BMW.get(key, key.rpartition(".")[2]))


def _at(content: Any, *path: str) -> Any:
    for key in path:
        content = content.get(key) if isinstance(content, Mapping) else None
    return content


def _flat(value: Any, place: str) -> Iterator[tuple[str, Any]]:
    """Each value by its dotted key. What serves the training's own web pages is one row for each page."""
    if isinstance(value, Mapping) and not place.startswith("training."):
        for key, inner in value.items():
            yield from _flat(inner, f"{place}.{key}" if place else str(key))
    else:
        yield place, value


def _data(file: Path) -> Iterator[Told]:
    for key, value in _pairs(lines(text_of(file))):
        yield Told(file.name, key, value, {"names": "names_file"}.get(key, key))


def _cfg(file: Path) -> Iterator[Told]:
    """The keys of [net], those of the first [yolo], and how many sections describe the network."""
    sections = _sections(lines(text_of(file)))
    by_name = dict(reversed(sections))
    if not {"net", "network"} & by_name.keys():
        raise UsageError(f"{file} has no [net] section, which a Darknet configuration begins with")
    for key, value in by_name.get("net", by_name.get("network", [])):
        yield Told(file.name, key, value, key)
    for key, value in by_name.get("yolo", []):
        yield Told(file.name, f"yolo.{key}", value, {"classes": "count", "scale_x_y": "loss"}.get(key, key))
    yield Told(file.name, "sections after [net]:", len(sections) - 1, LAYERS)


def _sections(text: list[str]) -> list[tuple[str, list[tuple[str, str]]]]:
    sections: list[tuple[str, list[str]]] = []
    for line in text:
        if line.startswith("["):
            sections.append((line.strip("[] ").lower(), []))
        elif sections:
            sections[-1][1].append(line)
    return [(name, list(_pairs(inner))) for name, inner in sections]


def _pairs(text: list[str]) -> Iterator[tuple[str, str]]:
    for line in text:
        key, equals, value = line.partition("=")
        if equals and line[0] not in "#;":
            yield key.strip().lower(), value.partition("#")[0].strip()
