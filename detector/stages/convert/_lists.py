"""Splits from list files, as Darknet's train.txt has them."""

from detector.errors import UsageError
from detector.stages.convert._options import Split
from detector.system.reading import text_of
from detector.system.text import lines


def read_lists(split: Split) -> dict[str, str]:
    """The split that the lists give to each image that they name. Raises UsageError for one that is in two splits.

    What a line says is never told: in a data set of somebody else's the list may be a link to any file.
    """
    listed: dict[str, str] = {}
    for name, file in (split.lists or {}).items():
        for number, line in enumerate(lines(text_of(file, "convert.split.lists: ")), 1):
            image = line.replace("\\", "/")
            if listed.setdefault(image, name) != name:
                raise UsageError(
                    f"convert.split.lists: image {number:,} of {file} ({name}) is in the list of {listed[image]}, too;"
                    " take it out of one"
                )
    return listed
