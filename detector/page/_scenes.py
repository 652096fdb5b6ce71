"""Images won and lost, the champion beside the new weights: one photograph, and what each makes of it drawn on top."""

from collections.abc import Iterator, Sequence
from typing import Any

from detector.data.comparison import Image, Mark, Marks
from detector.data.dataset import Dataset
from detector.page._pictures import embedded

WIDEST = 520  # pixels; a scene is shown at half the page


def scenes(images: Sequence[Image], dataset: Dataset, name: str) -> list[dict[str, Any]]:
    """Each image as a photograph with two sides; `name` tells its photographs from others on the page."""
    kept = [image for image in images if dataset.image_path(image.file).is_file()]
    return [_scene(image, dataset, f"{name}{at}") for at, image in enumerate(kept)]


def _scene(image: Image, dataset: Dataset, name: str) -> dict[str, Any]:
    photo = embedded(dataset.image_path(image.file), image.file.rpartition("/")[2], WIDEST)
    sides = [
        {"title": title, "marks": list(_drawn(marks, photo.width, photo.height, dataset.classes)), "told": _told(marks)}
        for title, marks in (("the champion", image.before), ("these weights", image.after))
    ]
    return {"id": name, "photo": photo, "sides": sides}


def _told(marks: Marks) -> str:
    return f"{len(marks.missed)} missed, {len(marks.false)} false, {len(marks.right)} right"


def _drawn(marks: Marks, width: int, height: int, classes: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The right ones first, so that mistakes lie on top; only mistakes are named."""
    for kind in ("right", "missed", "false"):
        for mark in getattr(marks, kind):
            points = [(x * width, y * height) for x, y in zip(mark.outline[::2], mark.outline[1::2], strict=True)]
            text = None if kind == "right" else _label(mark, classes)
            yield {
                "kind": kind,
                "points": " ".join(f"{x:.1f},{y:.1f}" for x, y in points),
                **_text(points, text, width),
            }


def _label(mark: Mark, classes: Sequence[str]) -> str:
    name = classes[mark.class_id]
    short = name if len(name) <= 24 else f"{name[:23]}…"
    return short if mark.score is None else f"{short} {mark.score:.2f}"


def _text(points: list[tuple[float, float]], text: str | None, width: int) -> dict[str, Any]:
    """Above the shape, or inside it at the top of the picture; it ends at the right edge where it would leave it."""
    left, top = min(x for x, _ in points), min(y for _, y in points)
    at_end = left > width * 0.7
    right = min(max(x for x, _ in points), width - 2)
    return {
        "text": text,
        "x": round(right if at_end else max(left, 2), 1),
        "y": round(top - 3 if top > 14 else top + 12, 1),
        "anchor": "end" if at_end else "start",
    }
