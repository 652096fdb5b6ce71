"""Label Studio's task JSON → the annotation tables, a block of tasks at a time, on every core."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from io import FileIO
from itertools import accumulate
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from detector.data import losses
from detector.data.annotations import AGREEMENT, REGIONS, Annotations, table
from detector.data.losses import Loss
from detector.errors import UsageError
from detector.label_studio import formats, lenient
from detector.label_studio.columns import image_table, region_table
from detector.label_studio.label_config import canvases
from detector.label_studio.on_images import without_undrawable
from detector.label_studio.pieces import as_list, pieces, room
from detector.label_studio.policy import Policy
from detector.label_studio.reading import Drawn, How, Reading, read_task
from detector.label_studio.repeated import once_each, repeats
from detector.label_studio.structs import Task
from detector.system.garbage import paused
from detector.system.processes import on_every_core, parts_of

PART = 2_000  # tasks at least that a process takes at a time: fewer are not worth handing over
BLOCK = 250  # tasks decoded at a time: their objects stay in the processor's cache until they are columns
Decode = Callable[[Any, Reading], Iterable[Task]]  # a block → its tasks
PIECES = 8  # of an export at least that a process takes at a time


def annotations(export: Path, policy: Policy, config: str | bytes | None = None) -> Annotations:
    """The tables of a Label Studio JSON export, without pixels (sha256, extension, width and height are null).

    `config` is the labelling configuration (XML); without it a task's images are the data fields that look like
    images, and one counts as drawn on when its field has a region anywhere. Raises OSError, UsageError for what is no
    such export and, under the policy `fail`, for tasks with several annotations.
    """
    how = How(policy, canvases=canvases(config) if config else None)
    try:
        with export.open("rb", buffering=0) as file:
            drawn = _in_pieces(file, how)
    except UnicodeDecodeError as error:
        raise UsageError(f"the export is not UTF-8 text ({error.reason}); export it anew from Label Studio") from error
    return drawn if config else without_undrawable(drawn)


def _in_pieces(file: FileIO, how: How) -> Annotations:
    number, cut = file.fileno(), pieces(file.fileno())
    with paused(), suppress(msgspec.MsgspecError, RecursionError):
        if cut:
            memory = room(cut)
            drawn = _on_every_core(lambda piece, _: _piece(number, piece, memory), cut, PIECES, how)
            if not repeats(drawn.images):
                return drawn
    # Something is odd about it, or about where it was cut: task by task shows which.
    return _one_by_one(file.read(), how)


def _one_by_one(exported: bytes, how: How) -> Annotations:
    """As `annotations`, of what the fast decoder refused, or what has a task twice."""
    raw, repeated = once_each(formats.split(exported))
    drawn = tables(raw, how)
    if raw and not drawn.images.num_rows:
        raise formats.none(f"not one task can be read: {drawn.losses['detail'][0]}")
    return replace(drawn, losses=pa.concat_tables([drawn.losses, losses.table(repeated)]))


def tables(raw: Sequence[bytes | msgspec.Raw], how: How) -> Annotations:
    """As `annotations`, of tasks that are JSON each."""
    starts = range(0, max(len(raw), 1), BLOCK)
    with paused():
        return _on_every_core(
            lambda at, reading: _decoded(raw[at : at + BLOCK], at, reading), starts, PART // BLOCK, how
        )


def _on_every_core(decode: Decode, blocks: Sequence[Any], least: int, how: How) -> Annotations:
    """The tables of the tasks that `decode` finds in each block, in one."""
    losses.table([])  # Arrow loads pandas for its first column: once here, rather than in each process
    return _joined(on_every_core(lambda part: _read(decode, blocks[part], how), parts_of(len(blocks), least)))


def _read(decode: Decode, blocks: Sequence[Any], how: How) -> Annotations:
    """The tables of some blocks of tasks."""
    reading = Reading(how)
    regions = pa.concat_tables([_drawn(decode(block, reading), reading) for block in blocks])
    return Annotations(
        image_table(reading.images),
        regions.combine_chunks(),
        losses.table(reading.losses),
        table(reading.agreement, AGREEMENT),
    )


def _drawn(tasks: Iterable[Task], reading: Reading) -> pa.Table:
    """The regions of a block of tasks, whose objects are gone before those of the next come."""
    for task in tasks:
        read_task(task, reading)
    drawn, reading.drawn = reading.drawn, Drawn()
    return region_table(drawn)


def _piece(file: int, piece: slice, memory: memoryview) -> list[Task]:
    """The tasks in a piece of an export; the next one overwrites their `data`. Raises MsgspecError if it is none."""
    return msgspec.json.decode(as_list(file, piece, memory), type=list[Task])


def _decoded(raw: Sequence[bytes | msgspec.Raw], start: int, reading: Reading) -> Iterator[Task]:
    """The tasks, of which the first is number `start` of the export."""
    decoder = msgspec.json.Decoder(Task)
    for number, text in enumerate(raw, start + 1):
        if not text:
            continue  # it was there before
        try:
            task = decoder.decode(text)
            msgspec.json.decode(task.data)  # it is looked into later
        except (msgspec.MsgspecError, RecursionError):
            try:
                task = lenient.read(bytes(text))
            except lenient.NotATask as error:
                why = f"task number {number} of the export: {error}"
                reading.losses.append(Loss("excluded", "task", "unreadable_task", number, None, why))
                continue
        yield task


def _joined(parts: list[Annotations]) -> Annotations:
    """One after the other; the regions of each count its own images from 0."""
    before = accumulate((part.images.num_rows for part in parts), initial=0)
    regions = [_moved(part.regions, ahead) for part, ahead in zip(parts, before, strict=False)]
    images, lost, agreement = (
        pa.concat_tables(getattr(part, name) for part in parts) for name in ("images", "losses", "agreement")
    )
    return Annotations(images, pa.concat_tables(regions), lost, agreement)


def _moved(regions: pa.Table, ahead: int) -> pa.Table:
    """The regions, with so many images ahead of theirs."""
    image = pc.add(regions["image"], pa.scalar(ahead, pa.int32()))
    return regions.set_column(0, REGIONS.field("image"), image)
