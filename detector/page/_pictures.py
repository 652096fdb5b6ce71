"""Pictures inside a page."""

import base64
import io
from pathlib import Path
from typing import NamedTuple


class Picture(NamedTuple):
    """A picture as an address that holds it, and what it shows in words."""

    source: str
    title: str
    width: int
    height: int


def embedded(file: Path, title: str, widest: int) -> Picture:
    """The picture in `file`, at most `widest` pixels wide and high, as WebP in a data address."""
    from PIL import Image

    with Image.open(file) as image:
        small = image.convert("RGB")
    small.thumbnail((widest, widest))
    content = io.BytesIO()
    small.save(content, "webp", quality=82)
    return Picture(f"data:image/webp;base64,{base64.b64encode(content.getvalue()).decode()}", title, *small.size)
