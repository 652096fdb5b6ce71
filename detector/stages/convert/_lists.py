"""Splits from list files, as Darknet's train.txt has them."""

from pathlib import Path

from detector.errors import UsageError
from detector.stages.convert._options import Split
from detector.system.text import decode, lines


def read_lists(split: Split) -> dict[str, str]:
    """The split that the lists give to each image that they name. Raises UsageError for one that is in two splits."""
    listed: dict[str, str] = {}
    for name, file in (split.lists or {}).items():
        for line in lines(_read(file)):
            image = line.replace("\\", "/")
            if listed.setdefault(image, name) != name:
                raise UsageError(
                    f"convert.split.lists: {image} is in {listed[image]} and in {name}; take it out of one"
                )
    return listed


def _read(file: Path) -> str:
    try:
        return decode(file.read_bytes())
    except UnicodeDecodeError as error:
        raise UsageError(f"convert.split.lists: {file} is not UTF-8 text; save it as UTF-8") from error
    except OSError as error:
        raise UsageError(f"convert.split.lists: {file} can't be read ({error.strerror})") from error
