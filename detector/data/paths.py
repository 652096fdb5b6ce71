"""Paths of pictures: how they end, and what they are called from another folder or machine."""

from collections.abc import Iterator

IMAGE_ENDINGS = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".gif", ".avif", ".heic", ".mpo", ".pfm")


def ends(path: str) -> Iterator[str]:
    """a/b/c.jpg, then b/c.jpg, then c.jpg."""
    while path:
        yield path
        path = path.partition("/")[2]
