"""What a folder says of itself: data.yaml as Ultralytics reads it, obj.data as Darknet does, and the lists of both.

Nothing in these files is a path of this machine: what they name is looked for among the files of the folder, from
where the file stands or by any end of a path that was written elsewhere. So nothing outside is ever read.
"""

import posixpath
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from detector.data.paths import ends
from detector.errors import UsageError
from detector.stages.pull._yolo.walk import Folder
from detector.system.reading import text_of
from detector.system.text import lines

WORDS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation"), "val"),
    **dict.fromkeys(("test", "testing"), "test"),
}
_LARGEST = 1 << 20  # bytes of a description: a .data or .names that is larger is something else
_UP = re.compile(r"^(\.{0,2}/)+")


class Description(NamedTuple):
    """What a data.yaml or an obj.data says: class ids and names, or the file of these; and each split's places."""

    file: str
    names: dict[int, str]
    names_file: str | None
    splits: dict[str, list[str]]
    path: str  # what its places are relative to, from where it stands


def descriptions(folder: Folder) -> list[Description]:
    """Every data.yaml and obj.data in the folder. Raises UsageError for one that can't be understood."""
    return list(_descriptions(folder))


def _descriptions(folder: Folder) -> Iterator[Description]:
    for file in folder.describing:
        if file.lower().endswith((".yaml", ".yml")):
            yield of_yaml(read(folder, file), folder.root / file, file)
        elif file.lower().endswith(".data") and (folder.root / file).stat().st_size < _LARGEST:
            yield _of_data(folder, file)


def read(folder: Folder, file: str) -> str:
    """The text of a file in the folder. Raises UsageError where it is a link out of it, or no text."""
    refuse_link_out(folder, folder.root / file)
    return text_of(folder.root / file)


def refuse_link_out(folder: Folder, file: Path) -> None:
    """Raise UsageError for a file in the folder that is a link out of it, or lies behind one."""
    if not file.resolve().is_relative_to(folder.root.resolve()):
        raise UsageError(f"{file} is a link that leads out of {folder.root}; put the file itself there")


def located(entry: str, known: Collection[str], places: Collection[str]) -> str | None:
    """The path among `known` that an entry means: from one of the `places`, or by an end of it; `.` is the top."""
    entry = entry.replace("\\", "/")
    for place in places:
        if (path := posixpath.normpath(posixpath.join(place, entry))) in known:
            return path
    bare = _UP.sub("", posixpath.normpath(entry))
    tails = (end for end in ends(bare) if end == bare or end.lower() not in {"images", "labels"})  # too common a name
    return next((end for end in tails if end in known), None)


def of_yaml(text: str, place: Path, file: str) -> Description:
    """What a data.yaml says; `place` is where it lies, for messages. Raises UsageError where it can't be understood."""
    try:
        data = yaml.load(text, yaml.BaseLoader)  # noqa: S506 - all of it stays text: a class called `no` is no False
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        problem = str(getattr(error, "problem", None) or "too deep")
        raise UsageError(f"{place} can't be read as YAML ({problem}); mend it") from error
    if not isinstance(data, dict):
        return Description(file, {}, None, {}, "")
    if data.get("kpt_shape"):
        raise UsageError(f"{place} is of a pose data set (kpt_shape): its rows hold keypoints, which are not read here")
    names = data.get("names") or {}
    path = data.get("path")
    return Description(
        file,
        {} if isinstance(names, str) else _names(names, place),
        names if isinstance(names, str) else None,
        {WORDS[key]: _entries(value, f"{place}: {key}") for key, value in data.items() if key in WORDS and value},
        path if isinstance(path, str) else "",
    )


def _names(names: Any, place: Path) -> dict[int, str]:
    """A list of names, or a mapping of ids to names."""
    pairs = dict(enumerate(names)) if isinstance(names, list) else names
    try:
        ids = {int(key): value for key, value in pairs.items()}
    except ValueError as error:
        raise UsageError(f"{place}: names has keys that are no class ids; write 0: …, 1: … or a list") from error
    if not all(isinstance(value, str) for value in ids.values()):
        raise UsageError(f"{place}: names holds something that is no word; write a name for each class")
    return {key: ids[key].strip() for key in sorted(ids)}


def _entries(value: Any, place: str) -> list[str]:
    """The places of a split: one, or a list of them."""
    entries = value if isinstance(value, list) else [value]
    if not all(isinstance(entry, str) for entry in entries):
        raise UsageError(f"{place} holds something that is no path; write a folder, a list file, or several")
    return [entry for entry in map(str.strip, entries) if entry]


def _of_data(folder: Folder, file: str) -> Description:
    """Darknet's `key = value` lines; a .data of another kind says nothing."""
    try:
        text = read(folder, file)
    except UsageError:
        if posixpath.basename(file).lower() == "obj.data":
            raise
        text = ""
    pairs = (line.split("=", 1) for line in lines(text) if "=" in line and line[0] != "#")
    data = {key.strip().lower(): value.strip() for key, value in pairs}
    splits = {split: [data[key]] for key, split in WORDS.items() if data.get(key)}
    return Description(file, {}, data.get("names") or None, splits, "")
