"""Pictures that their EXIF tag turns: whether their annotations refer to what is stored, or to what is shown.

What a tool draws on is upright: browsers, CVAT, FiftyOne's App and OpenCV turn a picture as its tag says. Others, such
as PIL, don't. The size that an annotation file states tells which: only of a picture that is stored lying it has width
and height the other way round. Where the size can't tell (a square, a half turn), upright is meant.

Orientations are those of EXIF 2.3, tag 274.
"""

from pathlib import Path

import numpy as np

from detector.data.geometry import Floats
from detector.data.masks import Mask

UNTURNED = 1
_TAG = 0x0112


def stored_lying(stated: tuple[int, int] | None, shown: tuple[int, int], transposed: bool) -> bool:
    """Whether a stated size is that of the picture as it is stored, which is shown with its sides exchanged."""
    return transposed and stated is not None and stated != shown and stated == shown[::-1]


def orientation_of(file: Path) -> int:
    """The orientation of a picture whose tag exchanges its sides: 5 to 8."""
    from PIL import Image

    with Image.open(file) as image:
        return int(image.getexif().get(_TAG, UNTURNED))


def turn_points(points: Floats, orientation: int) -> Floats:
    """Points (k, 2), shares of the stored picture's sides, as shares of the upright picture's."""
    if orientation == UNTURNED:
        return points
    x, y = points.T
    turned = {5: (y, x), 6: (1 - y, x), 7: (1 - y, 1 - x), 8: (y, 1 - x)}.get(orientation, (x, y))
    return np.stack(turned, axis=1)


def turn_mask(mask: Mask, orientation: int) -> Mask:
    """A mask of the stored picture as one of the upright picture."""
    if orientation in {5, 7}:
        mask = mask.T
    return np.rot90(mask, {6: -1, 7: 2, 8: 1}.get(orientation, 0))
