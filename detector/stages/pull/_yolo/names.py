"""What the class ids of a folder mean: its own lists say so, and the names lead to the classes of pipeline.yaml."""

import posixpath
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from detector.errors import UsageError
from detector.stages.pull._yolo.walk import Folder
from detector.stages.pull._yolo.words import Description, located, of_yaml, read, refuse_link_out
from detector.system.reading import text_of
from detector.system.text import lines

Classes = Mapping[str, tuple[str, ...]]  # name → the labels that mean it
_LISTS = frozenset(("classes.txt", "_darknet.labels"))
_SHOWN = 12  # names in a message


class Names(NamedTuple):
    """Class id → label; where that is from, in words; and what a person should know of it."""

    labels: dict[int, str]
    source: str
    notes: list[str]
    files: frozenset[str]  # lists of names, which are no label files


def names_in(folder: Folder, described: list[Description], classes: Classes) -> Names:
    """The meaning of the ids by the folder's own lists; without one they count through `classes`.

    Raises UsageError where lists contradict each other, or have no name in common with `classes`.
    """
    lists, files = _lists(folder, described)
    if not lists:
        return Names({at: labels[0] for at, labels in enumerate(classes.values())}, "classes", [], files)
    (first, labels), *others = lists.items()
    for other, differing in others:
        if differing != labels:
            raise UsageError(
                f"{folder.root}: {first} has {shown(labels)}, but {other} has {shown(differing)}; which of them the"
                f" class ids count through can't be known: remove one, or name the right one as pull.names"
            )
    return Names(labels, first, _compared(labels, first, folder.root, classes), files)


def names_of(file: Path, folder: Folder) -> Names:
    """The names in the file that pull.names says: a line each, or `names` of a data.yaml.

    Raises UsageError, too, for one in the folder that is a link out of it.
    """
    if file.absolute().is_relative_to(folder.root.absolute()):
        refuse_link_out(folder, file)
    text = text_of(file)
    is_yaml = file.suffix.lower() in {".yaml", ".yml"}
    labels = of_yaml(text, file, file.name).names if is_yaml else dict(enumerate(lines(text)))
    if not labels:
        raise UsageError(f"pull.names: there is no name in {file}")
    own = [path for path in folder.texts if path.endswith(file.name) and (folder.root / path).samefile(file)]
    return Names(labels, file.name, [], frozenset([*own, *_named(folder)]))


def _named(folder: Folder) -> list[str]:
    """The files of the folder that by their name are lists of names."""
    files = [*folder.describing, *folder.texts]
    return [path for path in files if path.lower().endswith(".names") or _base(path) in _LISTS]


def _base(path: str) -> str:
    return posixpath.basename(path).lower()


def _lists(folder: Folder, described: list[Description]) -> tuple[dict[str, dict[int, str]], frozenset[str]]:
    """Every list of names in the folder by its file, without the empty ones; and the files that hold nothing else."""
    known = {*folder.describing, *folder.texts}
    files = dict.fromkeys(_named(folder))
    for each in described:
        if each.names_file and (file := located(each.names_file, known, (posixpath.dirname(each.file), ""))):
            files[file] = None
    lists = {each.file: each.names for each in described}
    lists |= {file: dict(enumerate(lines(read(folder, file)))) for file in files}
    return {file: names for file, names in lists.items() if names}, frozenset(files)


def _compared(labels: dict[int, str], file: str, root: Path, classes: Classes) -> list[str]:
    """What is to be said of a list beside the classes of pipeline.yaml, which alone give the ids of what is made."""
    ids = {label: index for index, merged in enumerate(classes.values()) for label in merged}
    orders = f"{file} has {shown(labels)}, pipeline.yaml has {shown(dict(enumerate(classes)))}"
    if ids.keys().isdisjoint(labels.values()):
        raise UsageError(
            f"{root}: {orders}: no name is the same. Write the folder's names as labels of your classes, such as"
            f" classes: {{{next(iter(classes))}: [{next(iter(labels.values()))!r}]}}, or give another list as"
            " pull.names"
        )
    if all(ids.get(label) == index for index, label in labels.items()):
        return [f"class names are those of {file}"]
    return [f"class ids are taken by name: {orders}"]


def shown(labels: Mapping[int, str]) -> str:
    """[Cup, Plate], or {1: Cup, 5: Plate} where ids are left out."""
    if list(labels) != list(range(len(labels))):
        return "{" + _joined([f"{key}: {name}" for key, name in labels.items()]) + "}"
    return f"[{_joined(list(labels.values()))}]"


def _joined(words: list[str]) -> str:
    more = f", … {len(words) - _SHOWN} more" if len(words) > _SHOWN else ""
    return ", ".join(words[:_SHOWN]) + more
