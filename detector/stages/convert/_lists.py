"""Splits from list files, as Darknet's train.txt has them."""

from pathlib import Path

from detector.errors import UsageError
from detector.stages.convert._options import Split
from detector.system.files import content_of
from detector.system.text import decode, lines


def read_lists(split: Split) -> dict[str, str]:
    """The split that the lists give to each image that they name. Raises UsageError for one that is in two splits.

    What a line says is never told: in a data set of somebody else's the list may be a link to any file.
    """
    listed: dict[str, str] = {}
    for name, file in (split.lists or {}).items():
        for number, line in enumerate(lines(_read(file)), 1):
            image = line.replace("\\", "/")
            if listed.setdefault(image, name) != name:
                raise UsageError(
                    f"convert.split.lists: image {number:,} of {file} ({name}) is in the list of {listed[image]}, too;"
                    " take it out of one"
                )
    return listed


def _read(file: Path) -> str:
    try:
        return decode(content_of(file))
    except UnicodeDecodeError as error:
        raise UsageError(f"convert.split.lists: {file} is not UTF-8 text; save it as UTF-8") from error
    except OSError as error:
        raise UsageError(f"convert.split.lists: {file} can't be read ({error.strerror})") from error
