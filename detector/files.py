"""Files and folders that appear whole or not at all."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def write_whole(target: Path, content: str | bytes) -> None:
    """Write `content` beside `target`, then rename: a reader, or a kill, never meets half a file."""
    scratch = target.with_name(f".{target.name}.{os.getpid()}-{os.urandom(4).hex()}")
    try:
        scratch.write_bytes(content.encode() if isinstance(content, str) else content)
        scratch.replace(target)
    except BaseException:  # a full disk, say
        scratch.unlink(missing_ok=True)
        raise


@contextmanager
def scratch_folder(parent: Path) -> Iterator[Path]:
    """A hidden, empty folder in `parent` to build something in: renamed when it is whole, gone afterwards if it isn't.

    What a killed process left of the kind goes first: one run at a time works in `parent`.
    """
    for left in parent.glob(".[0-9]*"):
        shutil.rmtree(left, ignore_errors=True)
    folder = parent / f".{os.getpid()}"
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
