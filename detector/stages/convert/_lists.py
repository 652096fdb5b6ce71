"""Splits from list files, as Darknet's train.txt has them."""

from pathlib import Path

from detector.errors import UsageError
from detector.stages.convert._options import Split


def read_lists(split: Split) -> dict[str, str]:
    """The split that the lists give to each image that they name. Raises UsageError for one that is in two splits."""
    listed: dict[str, str] = {}
    for name, file in (split.lists or {}).items():
        for line in filter(None, map(str.strip, _read(file).splitlines())):
            image = line.replace("\\", "/")
            if listed.setdefault(image, name) != name:
                raise UsageError(
                    f"convert.split.lists: {image} is in {listed[image]} and in {name}; take it out of one"
                )
    return listed


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"convert.split.lists: {file} can't be read ({error.strerror})") from error
