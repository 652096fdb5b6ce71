"""What a path may be called by somebody who sees it from another folder, or another machine."""

from collections.abc import Iterator


def ends(path: str) -> Iterator[str]:
    """a/b/c.jpg, then b/c.jpg, then c.jpg."""
    while path:
        yield path
        path = path.partition("/")[2]
