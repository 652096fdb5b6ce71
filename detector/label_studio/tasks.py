"""Label Studio's task JSON → the annotation tables, a block of tasks at a time, on every core."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from io import FileIO
from itertools import accumulate
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from detector.data import losses
from detector.data.annotations import REGIONS, Annotations
from detector.errors import DetectorError, UsageError
from detector.label_studio.columns import image_table, region_table
from detector.label_studio.label_config import image_fields
from detector.label_studio.pieces import as_list, pieces, room
from detector.label_studio.policy import Policy
from detector.label_studio.reading import Drawn, How, Reading, read_task
from detector.label_studio.structs import Task
from detector.system.garbage import paused
from detector.system.processes import on_every_core, parts_of

PART = 2_000  # tasks at least that a process takes at a time: fewer are not worth handing over
BLOCK = 250  # tasks decoded at a time: their objects stay in the processor's cache until they are columns
Decode = Callable[[Any], Iterable[Task]]  # a block → its tasks
PIECES = 8  # of an export at least that a process takes at a time


def annotations(export: Path, policy: Policy, config: str | None = None) -> Annotations:
    """The tables of a Label Studio JSON export, without pixels (sha256, extension, width and height are null).

    `config` is the labelling configuration (XML); without it a task's images are the data fields that look like
    images. Raises OSError, UsageError for what is no such export and, under the policy `fail`, for tasks with several
    annotations.
    """
    how = How(policy, fields=image_fields(config) if config else None)
    try:
        with export.open("rb", buffering=0) as file:
            return _in_pieces(file, how)
    except UnicodeDecodeError as error:
        raise UsageError(f"the export is not UTF-8 text ({error.reason}); export it anew from Label Studio") from error


def _in_pieces(file: FileIO, how: How) -> Annotations:
    number, cut = file.fileno(), pieces(file.fileno())
    with paused(), suppress(msgspec.MsgspecError):
        if cut:
            memory = room(cut)
            return _on_every_core(lambda piece: _piece(number, piece, memory), cut, PIECES, how)
    # Something is wrong with it, or with where it was cut: task by task shows which.
    return tables(_split(file.read()), how)


def tables(raw: Sequence[bytes | msgspec.Raw], how: How) -> Annotations:
    """As `annotations`, of tasks that are JSON each."""
    starts = range(0, max(len(raw), 1), BLOCK)
    with paused():
        return _on_every_core(lambda at: _decoded(raw[at : at + BLOCK], at), starts, PART // BLOCK, how)


def _on_every_core(decode: Decode, blocks: Sequence[Any], least: int, how: How) -> Annotations:
    """The tables of the tasks that `decode` finds in each block, in one."""
    losses.table([])  # Arrow loads pandas for its first column: once here, rather than in each process
    return _joined(on_every_core(lambda part: _read(decode, blocks[part], how), parts_of(len(blocks), least)))


def _read(decode: Decode, blocks: Sequence[Any], how: How) -> Annotations:
    """The tables of some blocks of tasks."""
    reading = Reading(how)
    regions = pa.concat_tables([_drawn(decode(block), reading) for block in blocks])
    return Annotations(image_table(reading.images), regions.combine_chunks(), losses.table(reading.losses))


def _drawn(tasks: Iterable[Task], reading: Reading) -> pa.Table:
    """The regions of a block of tasks, whose objects are gone before those of the next come."""
    for task in tasks:
        read_task(task, reading)
    drawn, reading.drawn = reading.drawn, Drawn()
    return region_table(drawn)


def _piece(file: int, piece: slice, memory: memoryview) -> list[Task]:
    """The tasks in a piece of an export; the next one overwrites their `data`. Raises MsgspecError if it is none."""
    return msgspec.json.decode(as_list(file, piece, memory), type=list[Task])


def _split(exported: bytes) -> list[msgspec.Raw]:
    try:
        return msgspec.json.decode(exported, type=list[msgspec.Raw])
    except msgspec.MsgspecError as error:
        raise UsageError(
            f"this is no Label Studio JSON export ({error}); in Label Studio choose Export, then JSON"
        ) from error


def _decoded(raw: Sequence[bytes | msgspec.Raw], start: int) -> Iterator[Task]:
    """The tasks, of which the first is number `start` of the export."""
    decoder = msgspec.json.Decoder(Task)
    for number, text in enumerate(raw, start):
        try:
            yield decoder.decode(text)
        except msgspec.MsgspecError as error:
            hint = "; it looks like JSON-MIN: export as JSON" if "`annotations`" in str(error) else ""
            raise DetectorError(f"task number {number + 1} of the export can't be read: {error}{hint}") from error


def _joined(parts: list[Annotations]) -> Annotations:
    """One after the other; the regions of each count its own images from 0."""
    before = accumulate((part.images.num_rows for part in parts), initial=0)
    regions = [_moved(part.regions, ahead) for part, ahead in zip(parts, before, strict=False)]
    images, lost = (pa.concat_tables(getattr(part, name) for part in parts) for name in ("images", "losses"))
    return Annotations(images, pa.concat_tables(regions), lost)


def _moved(regions: pa.Table, ahead: int) -> pa.Table:
    """The regions, with so many images ahead of theirs."""
    image = pc.add(regions["image"], pa.scalar(ahead, pa.int32()))
    return regions.set_column(0, REGIONS.field("image"), image)
