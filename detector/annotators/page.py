"""review.html: pictures of the likeliest label mistakes. It needs no network and no other file."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from detector.annotators.memory import SAME, Box, overlap
from detector.annotators.review import Mistake, worst_by_image
from detector.annotators.suspicions import KINDS
from detector.annotators.viewed import Reviewed
from detector.data.drawing import Shape, with_shapes
from detector.data.images import as_yolo_sees
from detector.measure.outlines import corners
from detector.measure.split import Part
from detector.page import as_address, opens, templates, told_of
from detector.system.files import write_whole

if TYPE_CHECKING:
    from PIL.Image import Image

IMAGES = 24  # on the page
SIDE = 560  # pixels: of a shown image's longer side
LETTERS = 12


def write(page: Path, of: Reviewed, parts: Mapping[str, Part], mistakes: Sequence[Mistake], said: str) -> None:
    """Write the page of these mistakes, the likeliest first, and of where the annotators differ."""
    worst = list(worst_by_image(mistakes).values())[:IMAGES]
    context = {
        "name": of.name,
        "run": f"run {of.run.name}",
        "dataset": of.dataset.version,
        "said": said,
        "annotators": told_of(of.agreement),
        "images": [_image(of, parts[own[0].split], own) for own in worst],
    }
    write_whole(page, templates().get_template("review.html.j2").render(context))


def _image(of: Reviewed, part: Part, own: Sequence[Mistake]) -> dict[str, Any]:
    from PIL import ImageOps

    first = own[0]
    position = int(np.flatnonzero(part.rows == first.image)[0])
    photo = ImageOps.contain(as_yolo_sees(of.dataset.image_path(first.file)), (SIDE, SIDE))
    score = of.evaluation.measured.score
    seen = part.seen.filter(pc.greater_equal(part.seen["score"], min(score, *(each.score or 1.0 for each in own))))
    boxes = [each.box for each in own]
    sides = (_drawn(photo, table, position, of.dataset.classes, boxes) for table in (part.objects, seen))
    return {
        "task": first.task,
        "link": first.link if opens(first.link) else None,
        "file": first.file,
        "lines": [line(each) for each in own],
        "pictures": [as_address(side) for side in sides],
    }


def _drawn(photo: "Image", table: pa.Table, image: int, classes: Sequence[str], wrong: Sequence[Box]) -> "Image":
    """The photo with the rows of one image, in red those where a mistake is."""
    rows = table.filter(pc.equal(table["image"], image)).to_pylist()
    return with_shapes(photo, list(_shapes(rows, classes, wrong)), LETTERS)


def _shapes(rows: Sequence[dict[str, Any]], classes: Sequence[str], wrong: Sequence[Box]) -> Iterator[Shape]:
    for row in rows:
        box = (row["x"], row["y"], row["width"], row["height"])
        points = row.get("polygon") or corners(*box)
        label = classes[row["class_id"]] + (f" {row['score']:.2f}" if "score" in row else "")
        outline = np.reshape(points, (-1, 2))
        yield Shape(row["class_id"], label, outline, any(overlap(box, each) >= SAME for each in wrong))


def line(of: Mistake) -> str:
    """What is likely wrong, for a person."""
    said = (
        f"the model says {of.seen} ({of.score:.2f})" if of.seen and of.score is not None else "the model sees nothing"
    )
    label = f"labelled {of.label}" if of.label else "not labelled"
    return f"{of.likely:.2f} {KINDS[of.kind]}: {label}, {said}"
