"""Paths of pictures: how they end, and what they are called from another folder or machine."""

from collections.abc import Iterator

IMAGE_ENDINGS = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".webp", ".tif", ".tiff", ".mpo"),
    *(".gif", ".avif", ".heic", ".heif", ".jp2", ".dng", ".pfm"),  # pictures that are no use, and so are counted
)


def ends(path: str) -> Iterator[str]:
    """a/b/c.jpg, then b/c.jpg, then c.jpg."""
    while path:
        yield path
        path = path.partition("/")[2]
