"""Files that appear whole or not at all."""

import os
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
