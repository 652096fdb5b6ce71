"""pipeline.yaml of a Darknet training: what was taken over, each with where it comes from, then what was not."""

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from detector.darknet.became import EVERYBODYS, Became, became
from detector.darknet.files import Files, find, names_in
from detector.darknet.told import told
from detector.errors import UsageError
from detector.system.text import plain_name

_LISTS = ("train.txt", "val.txt", "valid.txt", "test.txt")
_COMMENT = 50  # column


class Made(NamedTuple):
    """The text of pipeline.yaml, and what became of each key."""

    text: str
    rows: list[Became]
    files: Files


def made_from(root: Path, folder: Path) -> Made:
    """A pipeline for `folder`, from Darknet's files below `root`. Raises UsageError where there are none."""
    files = find(root)
    rows_told = told(files)
    values = {row.name: row.value for row in reversed(rows_told)}
    lists = any(values.get(split) for split in ("train", "valid")) or any((root / name).is_file() for name in _LISTS)
    rows = became(rows_told, files.pictures, lists)
    classes = _classes(files, values)
    head = [
        f"# Made from {', '.join(each.name for each in files[1:5] if isinstance(each, Path))} of {_plain(root.name)}.",
        f"name: {_name(values.get('name'), root)}",
        "task: detect",
        f"classes: {_yaml(classes)}    # the order gives the class ids, as in the label files",
        "",
        "pull:",
        "  using: yolo",
        f"  path: {_yaml(_path(root, folder))}",
    ]
    return Made("\n".join([*head, *_sections(rows), *_rest(rows), ""]), rows, files)


def _classes(files: Files, values: dict[str, Any]) -> list[str]:
    """The list of names, by which class ids count; or else what train_config.json says."""
    classes = names_in(files.names) if files.names else values.get("names")
    if not isinstance(classes, list) or not classes:
        raise UsageError(
            f"{files.root}: there is no list of class names; put an obj.names there, a name on each line in the order"
            " of the class ids"
        )
    return [str(name) for name in classes]


def _name(name: Any, root: Path) -> str:
    chosen = str(name) if name and name != EVERYBODYS else root.resolve().name
    return plain_name(chosen) or "darknet"


def _path(root: Path, folder: Path) -> str:
    """As it can be written in `folder`: relative where that stays below it."""
    path = os.path.relpath(root.resolve(), folder.resolve())
    return str(root.resolve()) if path.startswith("..") else path


def _sections(rows: Sequence[Became]) -> Iterator[str]:
    """Each section that something was written to."""
    places: dict[str, tuple[Any, list[Became]]] = {}
    for row in rows:
        for place, value in row.places.items():
            places.setdefault(place, (value, []))[1].append(row)
    split = {_last(place): value for place, (value, _) in places.items() if ".split." in place}
    if split:
        yield from ["", _line(f"convert: {{split: {_flow(split)}}}", places["convert.split.val"][1])]
    options = {place: value for place, value in places.items() if place.startswith("train.options.")}
    trained = {place: value for place, value in places.items() if place.startswith("train.") and place not in options}
    trained.setdefault("train.model", ("yolo26n.pt", []))
    yield from ["", "train:", *(_line(f"  {_last(place)}: {value}", said) for place, (value, said) in trained.items())]
    if options:
        yield "  options:"
        yield from (_line(f"    {_last(place)}: {value}", said) for place, (value, said) in options.items())


def _last(place: str) -> str:
    return place.rpartition(".")[2]


def _line(text: str, rows: Sequence[Became]) -> str:
    """A line of YAML, with the keys that it comes from."""
    if not rows:
        return text
    return f"{text:<{_COMMENT - 2}}  # {_plain(', '.join(f'{row.key} {_short(row.value)}' for row in rows))}"


def _rest(rows: Sequence[Became]) -> Iterator[str]:
    rest = [row for row in rows if not row.places]
    if rest:
        yield from ["", "# What else the files say, and what became of it:"]
        yield from (f"#   {_plain(f'{row.key} {_short(row.value)}'):<{_COMMENT - 6}}  {row.says}" for row in rest)


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 30 else f"{text[:29]}…"


def _plain(text: str) -> str:
    """On one line, whatever somebody wrote."""
    return " ".join(text.split())


def _yaml(value: Any) -> str:
    """JSON, which is YAML, too: whatever a name is, it stays text."""
    return json.dumps(value, ensure_ascii=False)


def _flow(values: dict[str, Any]) -> str:
    return "{" + ", ".join(f"{key}: {value}" for key, value in values.items()) + "}"
