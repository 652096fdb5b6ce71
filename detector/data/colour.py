"""Pictures decoded as YOLO decodes them."""

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]  # (height, width, 3), blue, green, red


def in_colour(content: bytes) -> Pixels | None:
    """A picture of shape (height, width, 3), blue, green, red, as YOLO decodes it; None where it can't."""
    import cv2

    encoded = np.frombuffer(content or b"\0", np.uint8)
    pixels = cv2.imdecode(encoded, cv2.IMREAD_COLOR)
    if pixels is None:  # some TIFFs are read as pages alone
        _, pages = cv2.imdecodemulti(encoded, cv2.IMREAD_COLOR)
        pixels = next(iter(pages or ()), None)
    return None if pixels is None else np.asarray(pixels, np.uint8)
