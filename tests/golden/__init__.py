"""Texts that people read, kept as files. `UPDATE_GOLDEN=1 pytest …` writes them anew: read the diff."""

import os
from pathlib import Path


def matches(file: Path, text: str) -> None:
    """Assert that `text` is what the golden file says."""
    if os.environ.get("UPDATE_GOLDEN"):
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")
