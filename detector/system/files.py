"""Files and folders that appear whole or not at all; and what is read is a file."""

import errno
import json
import logging
import os
import shutil
import stat
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any, TypeVar

from detector.system.cores import cores

logger = logging.getLogger("detector")
KindT = TypeVar("KindT")
READ_ONLY = 0o444  # of what is never written to again; a folder's own mode says who may remove it
CACHES = (".cache", ".npy")  # what Ultralytics puts beside images and labels to be faster
_PIECE = 1 << 18  # bytes
_OTHERS = {stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}


def write_whole(target: Path, content: str | bytes, *, lasting: bool = True, mode: int | None = None) -> None:
    """Write `content` beside `target`, then rename: a reader, or a kill, never meets half a file.

    Nor does who comes after a power cut, if it is to be `lasting`; that waits for the disk. `mode` is that of the file.
    """
    scratch = target.with_name(f".{target.name}.{os.getpid()}-{os.urandom(4).hex()}")
    try:
        with scratch.open("wb") as file:
            if mode is not None:
                os.fchmod(file.fileno(), mode)
            file.write(content.encode() if isinstance(content, str) else content)
            if lasting:
                file.flush()
                os.fsync(file.fileno())
        scratch.replace(target)
    except BaseException:  # a full disk, say
        scratch.unlink(missing_ok=True)
        raise


def make_newest(file: Path, among: Iterable[Path]) -> None:
    """Let `file` be the one of `among` that changed last, whatever the clock says or said. A link is not followed."""
    latest = max((each.lstat().st_mtime_ns for each in among), default=0)
    now = max(time.time_ns(), latest + 1_000_000)
    try:
        os.utime(file, ns=(now, now), follow_symlinks=False)
    except PermissionError:  # only the owner of a file tells its time
        write_whole(file, file.read_bytes())
        os.utime(file, ns=(now, now))


def by_age(files: Iterable[Path]) -> list[Path]:
    """Those that changed last at the end."""
    return sorted(files, key=lambda file: file.lstat().st_mtime_ns)


def read_json(file: Path) -> Any:
    """What a file of ours says; None where there is none, and where it is empty or torn, of which the log is told."""
    try:
        return json.loads(file.read_bytes())
    except FileNotFoundError:
        return None
    except ValueError:
        logger.warning("%s can't be read, and counts as missing", file)
        return None


def read_as(kind: type[KindT], file: Path) -> KindT | None:
    """A dataclass from its fields in a file of ours, beside `schema`; None as `read_json`, or for other fields."""
    written = read_json(file)
    try:
        return written and kind(**{name: value for name, value in written.items() if name != "schema"})
    except (AttributeError, TypeError):
        logger.warning("%s can't be read, and counts as missing", file)
        return None


def unwritable(target: Path) -> str | None:
    """Why `target` can't be written as a whole file; None where it can. Devices and pipes stay what they are."""
    if not target.name:
        return "that names no file"
    if not target.parent.is_dir():
        return f"there is no folder {target.parent}"
    if target.exists() and not target.is_file():
        return "it is no regular file"
    return None if os.access(target.parent, os.W_OK) else f"{target.parent} can't be written to by this user"


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


def content_of(file: Path) -> bytes:
    """All that is in a file. Raises OSError for what is none: a pipe or a device may never end."""
    refuse_others(file)
    return file.read_bytes()


def refuse_others(file: Path) -> None:
    """Raise OSError, with words in its `strerror`, for a pipe, a socket or a device, or what is not there."""
    if kind := _OTHERS.get(stat.S_IFMT(file.stat().st_mode)):
        raise OSError(errno.EINVAL, f"it is {kind}, not a file", str(file))


def sha256_of(file: Path) -> str:
    """The SHA-256 of what is in a file. Raises OSError."""
    with file.open("rb") as content:
        return file_digest(content, "sha256").hexdigest()


def digest(file: Path) -> str:
    """A hash of what is in a file: the SHA-256 of the SHA-256 of each 256 KiB, so that every core takes part.

    Raises OSError for what is no file.
    """
    refuse_others(file)
    with file.open("rb", buffering=0) as opened, ThreadPoolExecutor(cores()) as pool:
        number = opened.fileno()
        starts = range(0, os.fstat(number).st_size, _PIECE)
        pieces = pool.map(lambda start: sha256(os.pread(number, _PIECE, start)).digest(), starts)
        return sha256(b"".join(pieces)).hexdigest()
