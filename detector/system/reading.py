"""A text file that a person wrote, or one sentence on why it can't be read."""

from pathlib import Path

from detector.errors import UsageError
from detector.system.files import content_of
from detector.system.text import decode


def text_of(file: Path, of: str = "") -> str:
    """The text. Raises UsageError where it is none, or can't be read; `of` says before the file's name who names it."""
    try:
        return decode(content_of(file))
    except UnicodeDecodeError as error:
        raise UsageError(f"{of}{file} is not UTF-8 text; save it as UTF-8") from error
    except OSError as error:
        raise UsageError(f"{of}{file} can't be read ({error.strerror})") from error
