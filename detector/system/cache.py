"""Where this user keeps what may be deleted at any time: fetched weights, settings of libraries."""

import os
import tempfile
from pathlib import Path


def _home() -> Path:
    try:
        return Path.home() / ".cache"
    except RuntimeError:  # a user without an entry in /etc/passwd, and without HOME
        return Path(tempfile.gettempdir()) / f"cache-{os.getuid()}"


CACHE = (Path(os.environ["XDG_CACHE_HOME"]) if os.environ.get("XDG_CACHE_HOME") else _home()) / "detector"
