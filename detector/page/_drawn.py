"""What models make of a photograph, drawn on it: every shape, and the names of the mistakes where there is room."""

from collections.abc import Iterator, Sequence
from typing import Any

from detector.data.comparison import Mark, Marks
from detector.data.lettering import Name, places
from detector.page._pictures import Picture
from detector.system.wrapping import cells

LETTER = 0.66  # a letter's width by its height, on average: browsers have different fonts
LINE = 1.3  # a line's height by that of its letters
EDGE = 2  # units beside a name, for its own dark edge
LONGEST = 16  # letters of a class on a photograph
Points = list[tuple[float, float]]


def drawn(marks: Marks, photo: Picture, letters: float, classes: Sequence[str]) -> dict[str, Any]:
    """The `shapes`, the right ones first, so that mistakes lie on top; the `names` of those; how many there are.

    `letters` is their height in units of the photo.
    """
    mistakes = [(kind, mark, _points(mark, photo)) for kind in ("missed", "false") for mark in getattr(marks, kind)]
    shapes = [("right", mark, _points(mark, photo)) for mark in marks.right] + mistakes
    return {
        "shapes": [(kind, " ".join(f"{x:.1f},{y:.1f}" for x, y in points)) for kind, _, points in shapes],
        "names": list(_names(mistakes, photo, letters, classes)),
        **{kind: len(getattr(marks, kind)) for kind in ("missed", "false", "right")},
    }


def _points(mark: Mark, photo: Picture) -> Points:
    return [(x * photo.width, y * photo.height) for x, y in zip(mark.outline[::2], mark.outline[1::2], strict=True)]


def _names(
    mistakes: Sequence[tuple[str, Mark, Points]], photo: Picture, letters: float, classes: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """Each name that has room: its kind, where its letters stand, what it says."""
    texts = [_text(mark, classes) for _, mark, _ in mistakes]
    names = [_name(text, points, letters) for text, (*_, points) in zip(texts, mistakes, strict=True)]
    for place, text, (kind, *_) in zip(places(names, (photo.width, photo.height)), texts, mistakes, strict=True):
        if place is not None:
            yield {"kind": kind, "x": round(place[0] + EDGE, 1), "y": round(place[1] + letters, 1), "text": text}


def _name(text: str, points: Points, letters: float) -> Name:
    across, down = zip(*points, strict=True)
    around = (min(across), min(down), max(across), max(down))
    return Name(around, cells(text) * letters * LETTER + 2 * EDGE, letters * LINE)


def _text(mark: Mark, classes: Sequence[str]) -> str:
    name = classes[mark.class_id]
    short = name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
    return short if mark.score is None else f"{short} {mark.score:.2f}"
