"""Pixels: from any file a task may point to, to an upright, decodable file in the content store.

    datasets/<name>/store/ab/abcdef….jpg        named by the SHA-256 of its bytes

A file goes in as it is, but for two kinds. One whose EXIF tag turns it is written anew, upright and without the tag,
since every tool downstream has its own idea of that tag. And a JPEG ends where its picture ends: one with more behind
would be written anew by Ultralytics, with a loss.
"""

import hashlib
import struct
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from io import BytesIO
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from detector.system.cores import cores
from detector.system.files import READ_ONLY, content_of, write_whole
from detector.system.shards import Advance, refuse_absent

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

TakenT = TypeVar("TakenT")

MAX_PIXELS = 178_956_970  # Pillow's own bound against decompression bombs: 512 MiB of RGB
LEAST = 10  # pixels a side; Ultralytics leaves smaller images out
_JPEG_END = b"\xff\xd9"  # ITU T.81, annex B: end of image
MAX_BYTES = 512 << 20  # of a file: what so many pixels take without any compression
_ORIENTATION = 0x0112  # EXIF 2.3, tag 274
_PNG_END = b"IEND\xaeB`\x82"  # the last chunk's type and checksum (RFC 2083, section 4.1.4)
_PNG_EXIF = (b"eXIf", b"Raw profile type", b"XML:com.adobe.xmp")  # where a PNG says how it is turned
_JPEGS = {"JPEG", "MPO"}
_ENDINGS = {"JPEG": ".jpg", "MPO": ".jpg", "PNG": ".png", "BMP": ".bmp", "WEBP": ".webp", "TIFF": ".tif"}


class Pixels(NamedTuple):
    """What is known of one image file.

    `problem` is None, or a reason of detector.data.losses with `detail` in words; then the other fields are empty.
    Width and height are in pixels, upright.
    """

    sha256: str = ""
    extension: str = ""
    width: int = 0
    height: int = 0
    transposed: bool = False
    problem: str | None = None
    detail: str | None = None


def ingest(files: Sequence[Path | None], advance: Advance, store: Path) -> list[Pixels]:
    """Take `files` into `store`, decoding them in parallel; None stands for a file that was not found.

    Raises:
        UsageError: this machine, which may be an engine's, has none of them.
    """
    taken = []
    refuse_absent(file for file in files if file)
    with ThreadPoolExecutor(cores()) as pool:
        for pixels in pool.map(lambda file: ingest_one(file, store), files):
            taken.append(pixels)
            advance(1)
    return taken


def stored(store: Path, sha256: str, extension: str) -> Path:
    """Where the file of this content lies."""
    return store / sha256[:2] / f"{sha256}{extension}"


def ingest_one(file: Path | None, store: Path) -> Pixels:
    """Check that `file` decodes to its last row, turn it upright if need be, and put it into the store."""
    if file is None:
        return Pixels(problem="missing_image")
    content = _content(file)
    return content if isinstance(content, Pixels) else _opened(content, file.name, partial(_take, store=store))


def read(file: Path) -> "NDArray[np.uint8] | Pixels":
    """The picture in a file, as `decoded` gives it."""
    content = _content(file)
    return content if isinstance(content, Pixels) else decoded(content, file.name)


def decoded(content: bytes, name: str) -> "NDArray[np.uint8] | Pixels":
    """A picture as the store would have it, of shape (height, width, 3): blue, green, red. Or what is wrong with it."""
    return _opened(content, name, _pixels)


def as_yolo_sees(file: Path) -> "Image.Image":
    """A picture in colour and 8 bits, as YOLO reads it: of 16 bits, OpenCV keeps the upper 8.

    Pillow would show such a picture white, since it cuts every value at 255. Raises OSError where it can't be read.
    """
    from PIL import Image

    pixels = read(file)
    if isinstance(pixels, Pixels):
        raise OSError(pixels.detail)
    return Image.fromarray(pixels[..., ::-1])


def _content(file: Path) -> bytes | Pixels:
    try:
        if too_many := too_large(file.stat().st_size):
            return Pixels(problem="huge_image", detail=f"{file.name}: {too_many}")
        return content_of(file)
    except OSError as error:
        return Pixels(problem="broken_image", detail=f"{file.name}: {error}")


def _opened(content: bytes, name: str, use: "Callable[[Image.Image, bytes], TakenT]") -> TakenT | Pixels:
    """What `use` makes of the opened picture and its bytes; or what is wrong with it."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(BytesIO(content)) as image:
            return _refused(image, content, name) or use(image, content)
    except (UnidentifiedImageError, ImportError):  # the second, once Ultralytics has replaced Pillow's open
        return Pixels(problem="broken_image", detail=f"{name}: not an image")
    except Image.DecompressionBombError as error:
        return Pixels(problem="huge_image", detail=f"{name}: {error}")
    except (OSError, ValueError, SyntaxError) as error:  # what Pillow's decoders raise on broken data
        return Pixels(problem="broken_image", detail=f"{name}: {error}")


def too_large(size: int) -> str | None:
    """What to say of a file of `size` bytes that is larger than any image that is taken; None for any other."""
    return f"larger than {MAX_BYTES >> 20} MiB" if size > MAX_BYTES else None


def _refused(image: "Image.Image", content: bytes, name: str) -> Pixels | None:
    """Why a picture is not taken; None for one that is."""
    if image.width * image.height > MAX_PIXELS:
        return Pixels(problem="huge_image", detail=f"{name}: {image.width} x {image.height} pixels")
    if image.format == "TIFF" and _are_too_many(image):
        return Pixels(problem="huge_image", detail=f"{name}: more than {MAX_PIXELS:,} pixels on all pages")
    if image.format not in _ENDINGS:
        return Pixels(problem="broken_image", detail=f"{name}: {image.format} is no format that YOLO reads")
    if min(image.width, image.height) < LEAST:
        return Pixels(problem="tiny_image", detail=f"{name}: {image.width} x {image.height} pixels")
    if fault := _fault(image, content):
        return Pixels(problem="broken_image", detail=f"{name}: {fault}")
    return None


def _take(image: "Image.Image", content: bytes, store: Path) -> Pixels:
    if image.format not in _JPEGS:
        _read_by_yolo(image, content)
    ending = _ENDINGS[image.format or ""]
    turned = _is_turned(image, content)
    if turned:
        image, content = _upright(image, ending)
    elif ending == ".jpg" and not content.endswith(_JPEG_END):
        picture, end, _ = content.rpartition(_JPEG_END)
        content = (picture if end else content) + _JPEG_END
    sha256 = hashlib.sha256(content).hexdigest()
    _place(content, stored(store, sha256, ending))
    return Pixels(sha256, ending, image.width, image.height, turned)


def _pixels(image: "Image.Image", content: bytes) -> "NDArray[np.uint8]":
    if _is_turned(image, content):
        _, content = _upright(image, _ENDINGS[image.format or ""])
    return _read_by_yolo(image, content)


def _are_too_many(image: "Image.Image") -> bool:
    """Whether all pages together have more pixels than an image may have: whoever reads it reads them all.

    Raises ValueError where one of them can't be read.
    """
    from PIL import ImageSequence

    pages = (page.width * page.height for page in ImageSequence.Iterator(image))
    try:
        too_many = any(pixels > MAX_PIXELS for pixels in accumulate(pages))
    except (IndexError, KeyError, TypeError, struct.error) as error:  # what Pillow makes of a broken page
        raise ValueError("one of its pages can't be read") from error
    image.seek(0)
    return too_many


def _fault(image: "Image.Image", content: bytes) -> str | None:
    """Why it can't be read to its last row, in words. Raises what Pillow's decoders raise on broken data."""
    if image.format == "PNG" and _PNG_END not in content:  # the one end that no decoder looks for
        return "the file ends too early"
    if image.format in _JPEGS:  # OpenCV takes half of one for the whole
        image.load()
    return None


def _read_by_yolo(image: "Image.Image", content: bytes) -> "NDArray[np.uint8]":
    """What OpenCV decodes: it refuses what Pillow does, and some more. Raises ValueError, or what Pillow does."""
    from detector.data.colour import in_colour

    pixels = in_colour(content)
    if pixels is None:
        image.load()  # Pillow can often say what is wrong
        raise ValueError("OpenCV, which YOLO reads pictures with, can't decode it")
    return pixels


def _is_turned(image: "Image.Image", content: bytes) -> bool:
    if image.format == "PNG" and not any(key in content for key in _PNG_EXIF):
        return False  # Pillow would decode all of it to look behind the pixels
    return image.getexif().get(_ORIENTATION, 1) not in {0, 1}


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
    if target.exists() and target.read_bytes() == content:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    write_whole(target, content, lasting=False, mode=READ_ONLY)
