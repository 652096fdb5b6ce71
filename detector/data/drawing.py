"""Objects drawn on pictures, for people to look at."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from detector.data.colours import FALSE, of_class
from detector.data.lettering import Name, places
from detector.system import fonts

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

DARK, LIGHT = "#14171A", "#FFFFFF"  # letters on a colour


@dataclass(frozen=True)
class Shape:
    """One object on an image: its outline as x, y points (K, 2) in 0 … 1, and whether it is a mistake."""

    class_id: int
    label: str
    outline: Any
    wrong: bool = False


def with_shapes(photo: "Image", shapes: Sequence[Shape], letters: int = 12) -> "Image":
    """A copy of the photo with the shapes drawn, the mistakes last and so on top; `letters` pixels high.

    What is on top has its name first: no name lies on another, and one without room is left out.
    """
    from PIL import ImageDraw

    drawn = photo.copy()
    ink = ImageDraw.Draw(drawn, "RGBA")
    ordered = sorted(shapes, key=lambda shape: shape.wrong)
    for shape in ordered:
        _outline(ink, shape, photo.size, letters)
    top = ordered[::-1]
    names = [_name(ink, each, photo.size, letters) for each in top]
    for shape, name, place in zip(top, names, places(names, photo.size), strict=True):
        if place is not None:
            _label(ink, shape, name, place, letters)
    return drawn


def _outline(ink: "ImageDraw", shape: Shape, size: tuple[int, int], letters: int) -> None:
    points = [(x * size[0], y * size[1]) for x, y in shape.outline]
    ink.polygon(points, fill=f"{_colour(shape)}{'2A' if shape.wrong else '1C'}")
    line = max(1, round(letters / 6))
    ink.line([*points, *points[:2]], fill=_colour(shape), width=line + shape.wrong, joint="curve")


def _name(ink: "ImageDraw", shape: Shape, size: tuple[int, int], letters: int) -> Name:
    across, down = (
        [at * side for at in each] for each, side in zip(zip(*shape.outline, strict=True), size, strict=True)
    )
    around = (min(across) - 1, min(down), max(across), max(down))
    return Name(around, _width(ink, shape.label, letters) + 8, letters + 5)


def _label(ink: "ImageDraw", shape: Shape, name: Name, place: tuple[float, float], letters: int) -> None:
    """Its name, on its colour."""
    left, top = place
    ink.rectangle((left, top, left + name.width, top + name.height), fill=_colour(shape))
    write(ink, (left + 4, top + 1), shape.label, LIGHT if shape.wrong else DARK, letters)


def _colour(shape: Shape) -> str:
    return FALSE if shape.wrong else of_class(shape.class_id)


def write(ink: "ImageDraw", place: tuple[float, float], text: str, colour: str, size: int) -> None:
    """The text from its upper left corner on, each part in a font that has its letters, all on one line."""
    left, top = place
    base = top + _font(fonts.own(), size).getmetrics()[0]
    for part, file in fonts.pieces(text):
        ink.text((left, base), part, colour, _font(file, size), anchor="ls")
        left += ink.textlength(part, _font(file, size))


def _width(ink: "ImageDraw", text: str, size: int) -> float:
    return sum(ink.textlength(part, _font(file, size)) for part, file in fonts.pieces(text))


@cache
def _font(file: Path, size: int) -> Any:
    from PIL import ImageFont

    return ImageFont.truetype(file, size)
