"""A YOLO folder as tables: which txt belongs to which image, and what its rows say.

Row: `class x y width height`, centre and size, or `class x0 y0 x1 y1 …` for an outline; numbers are shares of the
image's width and height. Format: https://docs.ultralytics.com/datasets/detect and …/segment.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from detector.data import losses
from detector.data.annotations import IMAGES, REGIONS, Annotations
from detector.data.losses import Loss
from detector.data.paths import IMAGE_ENDINGS, ends
from detector.errors import UsageError

LISTS = {"train.txt": "train", "val.txt": "val", "valid.txt": "val", "test.txt": "test"}


class Row(NamedTuple):
    """One line of a txt: the class id and its numbers, or what is wrong with it."""

    class_id: int
    numbers: tuple[float, ...]
    wrong: str | None = None


def files_below(root: Path) -> Iterator[str]:
    """Every file in the folder. Raises UsageError when there is no such folder."""
    if not root.is_dir():
        raise UsageError(f"pull.path: {root} is no folder")
    for folder, _, files in os.walk(root):
        yield from (f"{folder}/{file}" for file in files)


def state_of(files: Iterable[str]) -> str:
    """Changes whenever one of the files does."""
    content = hashlib.sha256()
    for file in files:
        with suppress(FileNotFoundError):
            status = os.stat(file)  # noqa: PTH116 - a Path for each of many files takes longer than this
            content.update(f"{file} {status.st_size} {status.st_mtime_ns}\n".encode())
    return content.hexdigest()


def images_in(root: Path) -> list[Path]:
    """The pictures in the folder, in the order of their paths. Raises UsageError when there is none."""
    images = [file for file in sorted(map(Path, files_below(root))) if file.suffix.lower() in IMAGE_ENDINGS]
    if not images:
        raise UsageError(f"pull.path: there is no image below {root}")
    return images


def names_of(file: Path) -> list[str]:
    """The class names in a file, a line each."""
    try:
        return [line.strip() for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    except OSError as error:
        raise UsageError(f"pull.names: {file} can't be read ({error.strerror})") from error


def tables(images: Sequence[Path], names: Sequence[str], root: Path, *, without_txt: str) -> Annotations:
    """The tables, without pixels. Task ids count through the images, from 1."""
    splits = _splits(root, images)
    image_rows: list[tuple[Any, ...]] = []
    region_rows: list[dict[str, Any]] = []
    found: list[Loss] = []
    for at, image in enumerate(images):
        task = at + 1
        relative = image.relative_to(root).as_posix()
        txt = label_file(image, root)
        rows = parse(txt.read_text(encoding="utf-8", errors="replace")) if txt else []
        status = "annotated" if rows else "background"
        if txt is None and without_txt == "exclude":
            status = "excluded"
            found.append(Loss("excluded", "task", "unlabelled", task, None, relative))
        data = json.dumps({"split": splits[image]} if image in splits else {})
        image_rows.append((task, "image", status, relative, None, data, None, None, None, None))
        for line, row in enumerate(rows, 1):
            region = f"{relative}:{line}"
            if row.wrong:
                found.append(Loss("dropped", "region", "malformed_row", task, region, row.wrong))
            else:
                region_rows.append(_region(at, region, row, names))
    columns = [
        pa.array(column, field.type) for column, field in zip(zip(*image_rows, strict=True), IMAGES, strict=True)
    ]
    return Annotations(pa.table(columns, IMAGES), pa.Table.from_pylist(region_rows, REGIONS), losses.table(found))


def label_file(image: Path, root: Path) -> Path | None:
    """The txt of an image: beside it, in labels/ where it is in images/, or in labels/yolo/."""
    candidates = [image.with_suffix(".txt")]
    parts = image.relative_to(root).with_suffix(".txt").parts
    if "images" in parts[:-1]:
        at = len(parts) - 2 - parts[-2::-1].index("images")
        candidates.append(root.joinpath(*parts[:at], "labels", *parts[at + 1 :]))
        candidates.append(root.joinpath(*parts[:at], "labels", "yolo", *parts[at + 1 :]))
    return next((file for file in candidates if file.is_file()), None)


def parse(text: str) -> list[Row]:
    """The rows of a txt; blank lines are none."""
    return [_parse_row(line) for line in text.splitlines() if line.strip()]


def _parse_row(line: str) -> Row:
    words = line.split()
    try:
        class_id, numbers = int(words[0]), tuple(float(word) for word in words[1:])
    except ValueError:
        return Row(-1, (), f"not numbers: {line.strip()[:60]}")
    if len(numbers) == 4 or (len(numbers) >= 6 and len(numbers) % 2 == 0):
        return Row(class_id, numbers)
    return Row(-1, (), f"{len(words)} numbers: a box has 5, an outline an odd number from 7")


def _region(image: int, region: str, row: Row, names: Sequence[str]) -> dict[str, Any]:
    if not 0 <= row.class_id < len(names):
        raise UsageError(
            f"{region}: class {row.class_id}, but there are {len(names)} names; give the names file as pull.names"
        )
    made = {"image": image, "annotation_id": 0, "region_id": region, "labels": [names[row.class_id]], "rotation": 0.0}
    percent = [number * 100 for number in row.numbers]
    if len(percent) > 4:
        return {**made, "type": "polygon", "points": percent}
    x, y, width, height = percent
    return {**made, "type": "rectangle", "x": x - width / 2, "y": y - height / 2, "width": width, "height": height}


def _splits(root: Path, images: Sequence[Path]) -> dict[Path, str]:
    """The split of each image that a list names; lists may have been written on another machine, so ends count."""
    known = {image.relative_to(root).as_posix(): image for image in images}
    splits = {}
    for name, split in LISTS.items():
        lines = (root / name).read_text(encoding="utf-8").split("\n") if (root / name).is_file() else []
        for line in filter(None, map(str.strip, lines)):
            image = next((known[end] for end in ends(line.replace("\\", "/")) if end in known), None)
            if image is None:
                raise UsageError(f"{root / name} names {line}, which is not below {root}")
            splits[image] = split
    return splits
