"""What a training that was cut short goes on from, and how a kill spoils none of its weights.

weights/checkpoint.pt     the epoch before, with its optimizer; gone when the training is done
weights/best.pt           the best epoch so far
weights/last.pt           the epoch before

Each appears whole or not at all. The checkpoint is never one of the last epoch: Ultralytics can't go on from there to
what comes after it, so that epoch is done again.
"""

import math
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from detector.data.epochs import table_of
from detector.data.trained import ImageSize
from detector.system.files import write_whole


def checkpoint(folder: Path) -> Path:
    """Where the checkpoint of the training in `folder` is, while there is one."""
    return folder / "weights/checkpoint.pt"


def keep_whole(trainer: Any, size: ImageSize) -> None:
    """Make an Ultralytics trainer write its weights aside and rename them, and keep a checkpoint of every epoch.

    Each says `size` for its `imgsz`; the trainer itself knows no more than the longer side.
    """
    save, finish = trainer.save_model, trainer.final_eval

    def save_whole() -> bool:
        with _aside(trainer), _as_kept(trainer.args, size):
            saved: bool = save()
            if not trainer.stop:
                _link(trainer.last, checkpoint(trainer.save_dir))
        return saved

    def finish_whole() -> None:
        places = trainer.last, trainer.best
        with _aside(trainer):
            for place, aside in zip(places, (trainer.last, trainer.best), strict=True):
                if place.exists():
                    shutil.copyfile(place, aside)
            finish()

    trainer.save_model, trainer.final_eval = save_whole, finish_whole


@contextmanager
def _as_kept(arguments: Any, size: ImageSize) -> Iterator[None]:
    """Inside, both sides, and no Albumentations objects: a checkpoint holds what loads without running code from it."""
    used = arguments.augmentations, arguments.imgsz
    arguments.augmentations, arguments.imgsz = None, size if isinstance(size, int) else list(size)
    try:
        yield
    finally:
        arguments.augmentations, arguments.imgsz = used


@contextmanager
def _aside(trainer: Any) -> Iterator[None]:
    """Inside, the trainer's weights have other names; they get their own when the block ends well, the best first.

    Were the last renamed first, a kill in between would lose the best: its epoch would not come again.
    """
    places = trainer.last, trainer.best
    trainer.last, trainer.best = (place.with_name(f".{place.name}") for place in places)
    try:
        yield
        for aside, place in ((trainer.best, places[1]), (trainer.last, places[0])):
            if aside.exists():
                aside.replace(place)
    finally:
        trainer.last, trainer.best = places


def _link(file: Path, place: Path) -> None:
    fresh = place.with_name(f".{place.name}")
    fresh.unlink(missing_ok=True)
    os.link(file, fresh)
    fresh.replace(place)


def forget_after(epochs: int, folder: Path) -> None:
    """Cut the table of epochs off where the checkpoint stands: what comes after is done again."""
    table = table_of(folder)
    if table.exists():
        head, *rows = table.read_text().splitlines(keepends=True) or [""]
        write_whole(table, head + "".join(row for row in rows if _epoch(row) <= epochs))
        shutil.copystat(checkpoint(folder), table)  # it is as old, which `epochs_done` asks


def epochs_done(folder: Path) -> int:
    """How many epochs the checkpoint in `folder` has, without reading it: a row that is younger has none yet."""
    table = table_of(folder)
    rows = table.read_text().splitlines()[1:] if table.exists() else []
    if rows and table.stat().st_mtime_ns > checkpoint(folder).stat().st_mtime_ns:
        rows.pop()
    return int(max((number for row in rows if (number := _epoch(row)) < math.inf), default=0))


def _epoch(row: str) -> float:
    number = row.partition(",")[0].strip()
    return int(number) if number.isdigit() else math.inf  # a line that a kill tore
