"""The hash of a large file, which is read again only when it may have changed.

    <kept>/<12 hex digits of its path>.digest     how it looked, its hash, and a check of the two

How it looked is its size, the times of its last change of content and of state, and its inode. The time of state moves
with every change, and no program sets it. Within one tick of that clock a file may change twice, so the hash of one
that changed a moment ago is not kept.
"""

import time
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from detector.system.files import digest, write_whole

_A_MOMENT = 2_000_000_000  # nanoseconds; the coarsest clock of a file system in use has 2 s


def digest_of(file: Path, kept: Path) -> str:
    """`digest` of a file, as it is known in the folder `kept`, or else read. Raises OSError for what is no file."""
    known = kept / f"{_short(str(file))[:12]}.digest"
    look, changed = _look(file)
    with suppress(OSError, ValueError):
        seen, content, check = known.read_text().split()
        if seen == look and check == _short(seen + content):
            return content
    content = digest(file)
    if time.time_ns() - changed > _A_MOMENT and _look(file)[0] == look:
        with suppress(OSError):  # a folder that may not be written to
            kept.mkdir(parents=True, exist_ok=True)
            write_whole(known, f"{look} {content} {_short(look + content)}\n", lasting=False)
    return content


def _look(file: Path) -> tuple[str, int]:
    status = file.stat()
    return f"{status.st_size}-{status.st_mtime_ns}-{status.st_ctime_ns}-{status.st_ino}", status.st_ctime_ns


def _short(text: str) -> str:
    return sha256(text.encode(errors="surrogateescape")).hexdigest()[:16]
