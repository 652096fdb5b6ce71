"""Pulled annotations → a dataset version: a part of the images at a time, on every core, then what all of them are."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain, pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from detector.data import agreement, annotations
from detector.data.annotations import REGIONS, Annotations
from detector.data.geometry import Ints
from detector.data.places import STORE
from detector.errors import UsageError
from detector.stages import Job, Result
from detector.stages.convert._account import account
from detector.stages.convert._convert import convert
from detector.stages.convert._identity import image_lines, label_files, txt_hashes
from detector.stages.convert._labels import refuse_labels
from detector.stages.convert._leave_out import counted_once, leave_out
from detector.stages.convert._options import Options, Split
from detector.stages.convert._own import settle
from detector.stages.convert._publish import Version, make_folders, publish, write_files, write_table
from detector.stages.convert._rows import text
from detector.stages.convert._tables import Included, image_table, include, instance_table
from detector.stages.convert._too_little import refuse_too_little
from detector.system.files import scratch_folder
from detector.system.processes import on_every_core, parts_of
from detector.system.shards import Advance
from detector.terms import Task

IMAGES = 1_500  # at least that a process takes at a time: their columns fit its cache
IMAGES_WITH_MASKS = 20
PORTIONS = 4  # at least that another machine is sent at a time


class Rows(NamedTuple):
    """A part of the annotations: its rows of images, all of their tasks, and its rows of regions."""

    images: slice
    regions: slice


class Portion(NamedTuple):
    """A part of the annotations, whose regions count its own images from 0; it begins at this row of all images."""

    drawn: Annotations
    begin: int


class Into(NamedTuple):
    """What objects become, and where their files go."""

    task: Task
    classes: Mapping[str, tuple[str, ...]]
    split: Split
    folder: Path
    store: Path


class Part(NamedTuple):
    """What became of a part, of which the files are written."""

    instances: pa.Table
    included: Included
    losses: pa.Table
    lines: pa.Array  # for the version's id


def to_version(job: Job[Options]) -> Result:
    """Convert what was pulled, and publish it as a dataset version."""
    pulled = annotations.read(job.inputs["pull"].path)
    drawn, split_notes = settle(leave_out(pulled, job.options.leave_out), job.options.split)
    if job.pipeline.task == "segment" and job.options.boxes == "fail":
        _refuse_boxes(drawn)
    refuse_labels(drawn, job.pipeline.classes, job.options.several_labels, job.options.leave_out)
    portions = [Portion(_of(drawn, rows), rows.images.start) for rows in _rows(drawn)]
    with scratch_folder(job.datasets) as scratch:
        make_folders(scratch)
        into = Into(job.pipeline.task, job.pipeline.classes, job.options.split, scratch, job.datasets / STORE)
        converted = job.shards(partial(_converted, into=into), portions, lambda _: None, least=PORTIONS)
        parts = [*chain.from_iterable(converted)]
        instances = pa.concat_tables([part.instances for part in parts])
        with ThreadPoolExecutor(1) as beside:  # Arrow encodes without Python's lock
            written = beside.submit(write_table, instances, scratch / "instances.parquet")
            lines = [line for part in parts for line in part.lines.to_pylist()]
            images = image_table(drawn.images, [part.included for part in parts], txt_hashes(lines))
            lost = counted_once(pa.concat_tables([drawn.losses, *(part.losses for part in parts)]))
            done = account(job.pipeline.task, list(job.pipeline.classes), images, instances, lost)
            done["agreement"] = agreement.summary(pulled.agreement)
            refuse_too_little(done, job.options.split)
            return publish(job, scratch, Version(lines, images, written, done, split_notes))


def _refuse_boxes(drawn: Annotations) -> None:
    boxes = drawn.regions.filter(pc.equal(drawn.regions["type"], "rectangle"))
    if boxes.num_rows:
        tasks = drawn.images["task_id"].take(boxes["image"]).unique().to_pylist()
        which = "1 region is a rectangle" if boxes.num_rows == 1 else f"{boxes.num_rows:,} regions are rectangles"
        raise UsageError(
            f"{which} (task{'s' * (len(tasks) > 1)} {', '.join(map(str, tasks[:5]))}), and convert.boxes is"
            " `fail`; outline them in Label Studio, or set convert.boxes: polygon to take their corners"
        )


def _rows(drawn: Annotations) -> list[Rows]:
    """Parts of the annotations; the regions are in the order of their tasks, so those of a part are together."""
    task, image = drawn.images["task_id"].to_numpy(), drawn.regions["image"].to_numpy()
    masks = pc.any(pc.equal(drawn.regions["type"], "brush")).as_py()
    begins = np.flatnonzero(np.diff(task, prepend=task[:1] - 1))  # images that are the first of their task
    wanted = [part.start for part in parts_of(len(task), IMAGES_WITH_MASKS if masks else IMAGES)]
    images = np.unique(begins[np.searchsorted(begins, wanted, "right") - 1]) if len(task) else np.zeros(1, np.int64)
    regions = np.searchsorted(np.maximum.accumulate(image), images)
    return list(map(Rows, _slices(images, len(task)), _slices(regions, len(image))))


def _slices(starts: Ints, end: int) -> list[slice]:
    return [slice(start, stop) for start, stop in pairwise([*starts.tolist(), end])]


def _converted(portions: Sequence[Portion], _: Advance, into: Into) -> list[Part]:
    return on_every_core(lambda portion: _part(portion, into), portions)


def _part(portion: Portion, into: Into) -> Part:
    """Convert a part, and write its files."""
    part, segment = portion.drawn, into.task == "segment"
    objects, lost = convert(part, into.classes, segment)
    included, alone = include(part.images, objects, into.split)
    is_in = pc.is_valid(included.file)
    columns = {"file": included.file, "split": included.split, "sha256": part.images["sha256"]}
    images = pa.table(columns).filter(is_in)
    written = text(objects.class_ids, objects.numbers, objects.offsets)
    labels = label_files(written, objects.image, np.flatnonzero(is_in.to_numpy(zero_copy_only=False)))
    write_files(into.folder, images, labels, into.store)
    instances = instance_table(objects, part, portion.begin, segment)
    lines = pa.array(image_lines(images, labels), pa.string())
    return Part(instances, included, pa.concat_tables([lost, alone]), lines)


def _of(drawn: Annotations, rows: Rows) -> Annotations:
    """A part of the annotations, whose regions count its own images from 0."""
    images, regions = (
        table.slice(part.start, part.stop - part.start)
        for table, part in ((drawn.images, rows.images), (drawn.regions, rows.regions))
    )
    image = pc.subtract(regions["image"], pa.scalar(rows.images.start, pa.int32()))
    return Annotations(images, regions.set_column(0, REGIONS.field("image"), image), drawn.losses)
