"""Pictures of 16 bits that leave the upper ones empty. YOLO keeps the upper 8 bits, and so sees next to nothing.

A camera of 10, 12 or 14 bits that is saved as it is makes such files.
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from detector.data.images import as_yolo_sees
from detector.system.cores import cores

DARK = 1 << 6  # of 256 levels: what is left of 14 bits
_PNG_DEPTH = 24  # where a PNG has its bits per sample (RFC 2083, section 4.1.1)
_TIFF_DEPTH = 258  # BitsPerSample (TIFF 6.0, section 8)


def dark(folder: Path, files: Iterable[str]) -> Iterator[str]:
    """Those of the `files` in `folder` that have 16 bits and use 14 or fewer; one that can't be read is not judged."""
    deep = [file for file in files if file.endswith((".png", ".tif"))]
    with ThreadPoolExecutor(cores()) as pool:
        judged = pool.map(lambda file: _is_dark(folder / file), deep)
        yield from (file for file, is_dark in zip(deep, judged, strict=True) if is_dark)


def _is_dark(file: Path) -> bool:
    try:
        return _bits(file) == 16 and int(np.asarray(as_yolo_sees(file)).max()) < DARK
    except (OSError, ValueError, SyntaxError, ImportError):  # as in detector.data.images: broken data
        return False


def _bits(file: Path) -> int:
    """Per sample, by the file's header."""
    if file.suffix == ".png":
        with file.open("rb") as opened:
            header = opened.read(_PNG_DEPTH + 1)
        return header[_PNG_DEPTH] if len(header) > _PNG_DEPTH else 0
    from PIL import Image, TiffImagePlugin

    with Image.open(file) as image:
        return max(image.tag_v2.get(_TIFF_DEPTH, (1,))) if isinstance(image, TiffImagePlugin.TiffImageFile) else 8
