"""Pixels: from any file a task may point to, to an upright, decodable file in the content store.

    datasets/<name>/store/ab/abcdef….jpg        named by the SHA-256 of its bytes

A file goes in as it is. Only one whose EXIF tag turns it is written anew, upright and without the tag, since every
tool downstream has its own idea of that tag.
"""

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from detector.files import write_whole
from detector.report import Report

if TYPE_CHECKING:
    from PIL import Image

MAX_PIXELS = 178_956_970  # Pillow's own bound against decompression bombs: 512 MiB of RGB
_ORIENTATION = 0x0112  # EXIF 2.3, tag 274
_PNG_END = b"IEND\xaeB`\x82"  # the last chunk's type and checksum (RFC 2083, section 4.1.4)
_ENDINGS = {"JPEG": ".jpg", "MPO": ".jpg", "PNG": ".png", "BMP": ".bmp", "WEBP": ".webp", "TIFF": ".tif"}


class Pixels(NamedTuple):
    """What is known of one image file.

    `problem` is None, or a reason of detector.losses with `detail` in words; then the other fields are empty.
    Width and height are in pixels, upright.
    """

    sha256: str = ""
    extension: str = ""
    width: int = 0
    height: int = 0
    transposed: bool = False
    problem: str | None = None
    detail: str | None = None


def ingest(files: Sequence[Path | None], store: Path, report: Report) -> list[Pixels]:
    """Take `files` into `store`, decoding them in parallel; None stands for a file that was not found."""
    taken = []
    with report.progress("images", len(files)) as advance, ThreadPoolExecutor(os.cpu_count()) as pool:
        for pixels in pool.map(lambda file: ingest_one(file, store), files):
            taken.append(pixels)
            advance(1)
    return taken


def stored(store: Path, sha256: str, extension: str) -> Path:
    """Where the file of this content lies."""
    return store / sha256[:2] / f"{sha256}{extension}"


def ingest_one(file: Path | None, store: Path) -> Pixels:
    """Check that `file` decodes to its last row, turn it upright if need be, and put it into the store."""
    from PIL import Image, UnidentifiedImageError

    if file is None:
        return Pixels(problem="missing_image")
    try:
        content = file.read_bytes()
        with Image.open(BytesIO(content)) as image:
            return _take(image, content, store, file.name)
    except (UnidentifiedImageError, ImportError):  # the second, once Ultralytics has replaced Pillow's open
        return Pixels(problem="broken_image", detail=f"{file.name}: not an image")
    except Image.DecompressionBombError as error:
        return Pixels(problem="huge_image", detail=f"{file.name}: {error}")
    except (OSError, ValueError, SyntaxError) as error:  # what Pillow's decoders raise on broken data
        return Pixels(problem="broken_image", detail=f"{file.name}: {error}")


def _take(image: "Image.Image", content: bytes, store: Path, name: str) -> Pixels:
    if image.width * image.height > MAX_PIXELS:
        return Pixels(problem="huge_image", detail=f"{name}: {image.width} x {image.height} pixels")
    ending = _ENDINGS.get(image.format or "")
    if ending is None:
        return Pixels(problem="broken_image", detail=f"{name}: {image.format} is no format that YOLO reads")
    image.load()
    if image.format == "PNG" and _PNG_END not in content:  # the one end that Pillow does not look for
        return Pixels(problem="broken_image", detail=f"{name}: the file ends too early")
    if ending != ".jpg" and not _is_read_by_yolo(content):
        return Pixels(problem="broken_image", detail=f"{name}: OpenCV, which YOLO reads pictures with, can't decode it")
    turned = image.getexif().get(_ORIENTATION, 1) not in {0, 1}
    if turned:
        image, content = _upright(image, ending)
    sha256 = hashlib.sha256(content).hexdigest()
    _place(content, stored(store, sha256, ending))
    return Pixels(sha256, ending, image.width, image.height, turned)


def _is_read_by_yolo(content: bytes) -> bool:
    """Whether OpenCV decodes what Pillow does: of damaged files that are no JPEG, it does not take all."""
    import cv2
    import numpy as np

    encoded = np.frombuffer(content, np.uint8)
    return cv2.imdecode(encoded, cv2.IMREAD_COLOR) is not None or bool(cv2.imdecodemulti(encoded, cv2.IMREAD_COLOR)[0])


def _upright(image: "Image.Image", ending: str) -> tuple["Image.Image", bytes]:
    """The image turned as its EXIF tag says, and its file without the tag."""
    from PIL import ImageOps

    turned = ImageOps.exif_transpose(image)
    buffer = BytesIO()
    if ending == ".jpg":
        turned.save(buffer, "JPEG", quality=95, subsampling=0)
    else:
        turned.save(buffer, image.format)
    return turned, buffer.getvalue()


def _place(content: bytes, target: Path) -> None:
    """Write whole or not at all; the same content may arrive from two threads at once."""
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    write_whole(target, content)
