"""Conversion to YOLO: ours, Label Studio's own Converter, and the floor, on the same export and the same file system.

No image is read or written on either side: ours takes each image's size from the annotations. Ours does more in its
time (splits, version hash, tables, account). The floor decodes the JSON into typed structs with the garbage collector
off, and writes the same bytes to as many files. Set DETECTOR_BENCH_FOLDER to measure on another file system.
"""

import contextlib
import gc
import json
import logging
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import msgspec

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks import exports
from detector.data.images import Pixels
from detector.label_studio.structs import Task
from detector.label_studio.tasks import annotations
from detector.stages import load
from detector.stages.convert import _publish
from detector.stages.pull._attach import attach, finish
from tests.support.jobs import Pipeline, make_job

ROUNDS = 5


class Export(NamedTuple):
    """A Label Studio export to convert for a task of YOLO's."""

    path: Path
    task: str
    pixels: dict[int, Pixels]
    labels: Sequence[bytes] = ()  # the label files that it becomes


Side = Callable[[Export, Path], None]


def ours(export: Export, folder: Path) -> None:
    """Read, choose, convert, split, hash, write files, tables and account."""
    pipeline = Pipeline("bench", export.task, exports.CLASSES)
    source, backend = load("pull", "label_studio_export"), load("convert", "yolo")
    job = make_job(source.Options(path=export.path), pipeline, datasets=folder, folder=folder / "pull")
    pulled = finish(attach(annotations(export.path, "latest"), export.pixels), job, "bench", ids=True)
    backend.run(make_job(backend.Options(), pipeline, {"pull": pulled}, datasets=folder, folder=folder / "run"))


def theirs(export: Export, folder: Path) -> None:
    """label_studio_sdk's Converter to YOLO."""
    from label_studio_sdk.converter import Converter

    converter = Converter(exports.CONFIG, str(folder), download_resources=False)
    converter.convert_to_yolo(str(export.path), str(folder), is_dir=False)


def floor(export: Export, folder: Path) -> None:
    """What no converter can do without: decode, and write."""
    gc.disable()
    msgspec.json.decode(export.path.read_bytes(), type=list[Task])
    gc.enable()
    for number, label in enumerate(export.labels):
        opened = os.open(folder / f"{number:08d}.txt", os.O_WRONLY | os.O_CREAT, 0o644)
        os.write(opened, label)
        os.close(opened)


def sized(tasks: int, size: tuple[int, int]) -> dict[int, Pixels]:
    """The size of each task's image, and a stand-in for the hash of the pixels that nobody reads here."""
    hashes = random.Random(0).randbytes(32 * tasks).hex()
    return {task: Pixels(hashes[64 * task : 64 * task + 64], ".jpg", *size) for task in range(tasks)}


def seconds(side: Side, export: Export) -> float:
    """Wall time in a process of its own, of the second time: the first imports, and fills caches."""
    with ProcessPoolExecutor(1, get_context("fork")) as alone:
        alone.submit(timed, side, export).result()
        return alone.submit(timed, side, export).result()


def timed(side: Side, export: Export) -> float:
    """Wall time of one call in an empty folder."""
    with tempfile.TemporaryDirectory(dir=export.path.parent) as folder, contextlib.redirect_stdout(sys.stderr):
        gc.collect()
        started = time.perf_counter()
        side(export, Path(folder))
        return time.perf_counter() - started


def converted(export: Export) -> list[bytes]:
    """The label files that ours writes, for the floor to write again."""
    with tempfile.TemporaryDirectory(dir=export.path.parent) as folder:
        ours(export, Path(folder))
        return [file.read_bytes() for file in Path(folder).glob("*/labels/*/*.txt")]


def compare(name: str, export: Export, objects: int, with_theirs: bool = True) -> None:
    """Alternate the sides for some rounds, and print the medians of their ratios as a JSON line."""
    with ProcessPoolExecutor(1, get_context("fork")) as alone:
        export = export._replace(labels=alone.submit(converted, export).result())
    rounds = [
        (
            seconds(ours, export),
            seconds(theirs, export) if with_theirs else float("nan"),
            seconds(floor, export),
        )
        for _ in range(ROUNDS)
    ]
    mine, other, least = (statistics.median(column) for column in zip(*rounds, strict=True))
    line = {"name": name, "seconds": round(mine, 3), "objects_per_second": round(objects / mine)}
    if with_theirs:
        line |= {
            "ratio": round(statistics.median(b / a for a, b, _ in rounds), 1),
            "converter_seconds": round(other, 2),
        }
    line |= {"floor_ratio": round(statistics.median(a / c for a, _, c in rounds), 2), "floor_seconds": round(least, 3)}
    print(json.dumps({**line, "folder": str(export.path.parent)}), flush=True)


def without_images() -> None:
    """Leave the pictures out of a version: there are none."""
    _publish.link_images = lambda *_: None


def main() -> None:
    without_images()
    logging.disable(logging.WARNING)
    root = Path(os.environ.get("DETECTOR_BENCH_FOLDER", "/dev/shm"))
    cases = [
        ("convert_boxes", "detect", 20_000, 10, exports.boxes, (1920, 1080)),
        ("convert_polygons", "segment", 5_000, 5, exports.polygons, (1920, 1080)),
        ("convert_brush", "segment", 2_000, 3, exports.brushes, (1024, 1024)),
    ]
    for name, task, tasks, each, draw, size in cases:
        with tempfile.TemporaryDirectory(dir=root) as scratch:
            export = Export(Path(scratch, "export.json"), task, sized(tasks, size))
            exports.write(export.path, tasks, each, draw, size)
            compare(name, export, tasks * each, with_theirs=name != "convert_brush")


if __name__ == "__main__":
    main()
