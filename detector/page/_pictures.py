"""Pictures inside a page."""

import base64
import io
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from detector.data.images import as_yolo_sees

if TYPE_CHECKING:
    from PIL.Image import Image


class Picture(NamedTuple):
    """A picture as an address that holds it."""

    source: str
    width: int
    height: int


def embedded(file: Path, widest: int) -> Picture:
    """The picture in `file`, at most `widest` pixels wide and high, as WebP in a data address."""
    small = as_yolo_sees(file)
    small.thumbnail((widest, widest))
    return as_address(small)


def as_address(photo: "Image") -> Picture:
    """The photo as WebP in a data address."""
    content = io.BytesIO()
    photo.save(content, "webp", quality=82)
    return Picture(f"data:image/webp;base64,{base64.b64encode(content.getvalue()).decode()}", *photo.size)
