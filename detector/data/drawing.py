"""Objects drawn on pictures, for people to look at."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

# Okabe and Ito's palette for any eye, https://jfly.uni-koeln.de/color/, brightened for dark photographs
COLOURS = ("#56B4E9", "#F0A500", "#2BC48A", "#E58CC0", "#F0E442", "#4C8DFF", "#FF8A5B")
WRONG = "#FF3B30"
DARK, LIGHT = "#14171A", "#FFFFFF"  # letters on a colour


@dataclass(frozen=True)
class Shape:
    """One object on an image: its outline as x, y points (K, 2) in 0 … 1, and whether it is a mistake."""

    class_id: int
    label: str
    outline: Any
    wrong: bool = False


def with_shapes(photo: "Image", shapes: Sequence[Shape], letters: int = 12) -> "Image":
    """A copy of the photo with the shapes drawn, the mistakes last and so on top; `letters` pixels high."""
    from PIL import ImageDraw

    drawn = photo.copy()
    ink = ImageDraw.Draw(drawn, "RGBA")
    for shape in sorted(shapes, key=lambda shape: shape.wrong):
        _draw(ink, shape, photo.size, letters)
    return drawn


def _draw(ink: "ImageDraw", shape: Shape, size: tuple[int, int], letters: int) -> None:
    colour = WRONG if shape.wrong else COLOURS[shape.class_id % len(COLOURS)]
    points = [(x * size[0], y * size[1]) for x, y in shape.outline]
    ink.polygon(points, fill=f"{colour}{'2A' if shape.wrong else '1C'}")
    line = max(1, round(letters / 6))
    ink.line([*points, *points[:2]], fill=colour, width=line + shape.wrong, joint="curve")
    of = font(letters)
    left, top = min(x for x, _ in points), min(y for _, y in points)
    width, height = ink.textlength(shape.label, of) + 8, letters + 5
    left = min(max(left - 1, 0), max(size[0] - width, 0))
    top = top - height if top >= height else top
    ink.rectangle((left, top, left + width, top + height), fill=colour)
    ink.text((left + 4, top + 1), shape.label, LIGHT if shape.wrong else DARK, of)


@cache
def font(size: int) -> Any:
    """A font with letters of many scripts, which matplotlib brings along."""
    import matplotlib as mpl
    from PIL import ImageFont

    return ImageFont.truetype(Path(mpl.get_data_path()) / "fonts/ttf/DejaVuSans.ttf", size)
