"""The pictures into the store, then the tables, as every source ends."""

from typing import Any

from detector.data.images import Pixels
from detector.stages import Job, Result
from detector.stages.pull._attach import attach, finish, taken_in
from detector.stages.pull._fiftyone.shapes import Drawn, is_taken, tables
from detector.stages.pull._fiftyone.upright import orientation_of, stored_lying
from detector.system.garbage import paused


def take(job: Job[Any], drawn: Drawn, source: str) -> Result:
    """Take in the pictures of what is drawn, and write it."""
    rows = [at for at, picture in enumerate(drawn.pictures) if is_taken(picture)]
    files = [file if (file := drawn.pictures[row].file) and file.is_file() else None for row in rows]
    pixels = dict(zip(rows, taken_in(files, job), strict=True))
    turned = _turned(drawn, pixels)
    with paused():
        return finish(attach(tables(drawn, pixels, turned), pixels), job, source, drawn.notes, ids=False)


def _turned(drawn: Drawn, pixels: dict[int, Pixels]) -> dict[int, int]:
    """The orientation of each picture whose shapes refer to it as it is stored."""
    turned = {}
    for row, known in pixels.items():
        file, size = drawn.pictures[row].file, drawn.pictures[row].size
        if drawn.of_stored and file and stored_lying(size, (known.width, known.height), known.transposed):
            turned[row] = orientation_of(file)
    return turned
