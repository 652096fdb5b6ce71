"""The size that masks are compared at, so that a large picture costs no more than a small one."""

LARGEST = 640  # pixels of the longer side; a larger picture is made so large


def raster(width: int, height: int) -> tuple[int, int]:
    """The raster of a picture of this size in pixels: (height, width)."""
    scale = min(1.0, LARGEST / max(width, height))
    return max(1, round(height * scale)), max(1, round(width * scale))
