"""Pictures of what an image was annotated with beside what a model sees on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from detector.data.colours import FALSE, of_class
from detector.data.images import as_yolo_sees
from detector.system import fonts

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

PAPER, INK, FAINT = "#14171A", "#F2F4F5", "#9AA4AB"
SIDE, MARGIN, TEXT = 560, 18, 14  # pixels: of a shown image's longer side, between things, of letters


@dataclass(frozen=True)
class Shape:
    """One object on an image: its outline as x, y points (K, 2) in 0 … 1, and whether it is a mistake."""

    class_id: int
    label: str
    outline: Any
    wrong: bool = False


def compare(image: Path, title: str, truth: Sequence[Shape], seen: Sequence[Shape]) -> "Image":
    """The image twice, side by side: as annotated, and as the model sees it. Mistakes stand out in red."""
    from PIL import Image, ImageDraw, ImageOps

    photo = ImageOps.contain(as_yolo_sees(image), (SIDE, SIDE), Image.Resampling.LANCZOS)
    top = MARGIN * 2 + TEXT * 3
    page = Image.new("RGB", (photo.width * 2 + MARGIN * 3, photo.height + top + MARGIN), PAPER)
    ink = ImageDraw.Draw(page)
    _write(ink, (MARGIN, MARGIN), title, INK, TEXT + 2)
    for column, (caption, shapes) in enumerate((("annotated", truth), ("predicted", seen))):
        left = MARGIN + column * (photo.width + MARGIN)
        _write(ink, (left, top - TEXT - 6), f"{caption}: {len(shapes)}", FAINT, TEXT)
        page.paste(_with_shapes(photo, shapes), (left, top))
    return page


def _with_shapes(photo: "Image", shapes: Sequence[Shape]) -> "Image":
    """A copy of the photo with the shapes drawn, the mistakes last and so on top."""
    from PIL import ImageDraw

    drawn = photo.copy()
    veil = ImageDraw.Draw(drawn, "RGBA")
    for shape in sorted(shapes, key=lambda shape: shape.wrong):
        _draw(veil, shape, photo.size)
    return drawn


def _draw(ink: "ImageDraw", shape: Shape, size: tuple[int, int]) -> None:
    colour = FALSE if shape.wrong else of_class(shape.class_id)
    points = [(x * size[0], y * size[1]) for x, y in shape.outline]
    ink.polygon(points, fill=f"{colour}{'2A' if shape.wrong else '1C'}")
    ink.line([*points, *points[:2]], fill=colour, width=3 if shape.wrong else 2, joint="curve")
    left, top = min(x for x, _ in points), min(y for _, y in points)
    width, height = _width(ink, shape.label, TEXT - 2) + 8, TEXT + 3
    left = min(max(left - 1, 0), max(size[0] - width, 0))
    top = top - height if top >= height else top
    ink.rectangle((left, top, left + width, top + height), fill=colour)
    _write(ink, (left + 4, top + 1), shape.label, "#FFFFFF" if shape.wrong else PAPER, TEXT - 2)


def _write(ink: "ImageDraw", place: tuple[float, float], text: str, colour: str, size: int) -> None:
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
