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
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import msgspec

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks import exports
from detector.images import Pixels
from detector.label_studio.structs import Task
from detector.label_studio.tasks import annotations
from detector.stages import Job, load
from detector.stages.convert import _publish
from detector.stages.pull._attach import attach, finish, wanted

ROUNDS = 3


def ours(export: Path, folder: Path, task: str) -> None:
    """Read, choose, convert, split, hash, write files, tables and account."""
    pipeline = SimpleNamespace(name="bench", task=task, classes={name: (name,) for name in exports.CLASSES})
    drawn = annotations(export, "latest")
    pulled = finish(attach(drawn, _pixels(drawn)), folder, "bench")
    backend = load("convert", "yolo")
    backend.run(Job(pipeline, backend.Options(), {"pull": pulled}, folder, folder / "run", None, None))


def _pixels(drawn) -> dict[int, Pixels]:
    """Sizes as annotated, and a stand-in for the hash of the pixels that nobody reads here."""
    width, height = (drawn.regions[name][0].as_py() for name in ("original_width", "original_height"))
    rows = wanted(drawn)
    hashes = random.Random(0).randbytes(32 * len(rows)).hex()
    return {row: Pixels(hashes[64 * at : 64 * at + 64], ".jpg", width, height) for at, row in enumerate(rows)}


def theirs(export: Path, folder: Path, _: str) -> None:
    """label_studio_sdk's Converter to YOLO."""
    from label_studio_sdk.converter import Converter

    converter = Converter(exports.CONFIG, str(folder), download_resources=False)
    converter.convert_to_yolo(str(export), str(folder), is_dir=False)


def floor(export: Path, folder: Path, texts: list[bytes]) -> None:
    """What no converter can do without: decode, and write."""
    gc.disable()
    msgspec.json.decode(export.read_bytes(), type=list[Task])
    gc.enable()
    for number, text in enumerate(texts):
        opened = os.open(folder / f"{number:08d}.txt", os.O_WRONLY | os.O_CREAT, 0o644)
        os.write(opened, text)
        os.close(opened)


def seconds(work: Callable[..., None], *given: object, root: Path) -> float:
    """Wall time of one call in an empty folder."""
    folder = Path(tempfile.mkdtemp(dir=root))
    gc.collect()
    started = time.perf_counter()
    with contextlib.redirect_stdout(sys.stderr):
        work(given[0], folder, given[1])
    taken = time.perf_counter() - started
    shutil.rmtree(folder)
    return taken


def written(export: Path, task: str, root: Path) -> list[bytes]:
    """The label files that ours writes, for the floor to write again."""
    folder = Path(tempfile.mkdtemp(dir=root))
    ours(export, folder, task)
    texts = [file.read_bytes() for file in folder.glob("*/labels/*/*.txt")]
    shutil.rmtree(folder)
    return texts


def compare(name: str, export: Path, task: str, root: Path, objects: int, with_theirs: bool = True) -> None:
    """Alternate the sides for some rounds, and print the medians of their ratios as a JSON line."""
    texts = written(export, task, root)
    rounds = [
        (
            seconds(ours, export, task, root=root),
            seconds(theirs, export, task, root=root) if with_theirs else float("nan"),
            seconds(floor, export, texts, root=root),
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
    print(json.dumps({**line, "folder": str(root)}), flush=True)


def without_images() -> None:
    """Leave the pictures out of a version: there are none."""
    _publish.link_images = lambda *_: None


def main() -> None:
    without_images()
    logging.disable(logging.WARNING)
    root = Path(os.environ.get("DETECTOR_BENCH_FOLDER", "/dev/shm"))
    with tempfile.TemporaryDirectory(dir=root) as scratch:
        export = Path(scratch) / "export.json"
        exports.write(export, 20_000, 10, exports.boxes, (1920, 1080))
        compare("convert_boxes", export, "detect", Path(scratch), 200_000)
        exports.write(export, 5_000, 5, exports.polygons, (1920, 1080))
        compare("convert_polygons", export, "segment", Path(scratch), 25_000)
        exports.write(export, 2_000, 3, exports.brushes, (1024, 1024))
        compare("convert_brush", export, "segment", Path(scratch), 6_000, with_theirs=False)


if __name__ == "__main__":
    main()
