"""Pictures of what an image was annotated with beside what a model sees on it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from detector.data.drawing import Shape, with_shapes, write
from detector.data.images import as_yolo_sees

if TYPE_CHECKING:
    from PIL.Image import Image

PAPER, INK, FAINT = "#14171A", "#F2F4F5", "#9AA4AB"
SIDE, MARGIN, TEXT = 560, 18, 14  # pixels: of a shown image's longer side, between things, of letters


def compare(image: Path, title: str, truth: Sequence[Shape], seen: Sequence[Shape]) -> "Image":
    """The image twice, side by side: as annotated, and as the model sees it. Mistakes stand out in red."""
    from PIL import Image, ImageDraw, ImageOps

    photo = ImageOps.contain(as_yolo_sees(image), (SIDE, SIDE), Image.Resampling.LANCZOS)
    top = MARGIN * 2 + TEXT * 3
    page = Image.new("RGB", (photo.width * 2 + MARGIN * 3, photo.height + top + MARGIN), PAPER)
    ink = ImageDraw.Draw(page)
    write(ink, (MARGIN, MARGIN), title, INK, TEXT + 2)
    for column, (caption, shapes) in enumerate((("annotated", truth), ("predicted", seen))):
        left = MARGIN + column * (photo.width + MARGIN)
        write(ink, (left, top - TEXT - 6), f"{caption}: {len(shapes)}", FAINT, TEXT)
        page.paste(with_shapes(photo, shapes, TEXT - 2), (left, top))
    return page
