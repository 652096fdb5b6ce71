"""What somebody removed while it was in use: whoever used it can only end, and say what is gone."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from detector.errors import DetectorError, TryAgain, causes


def refuse_removed(used: Iterable[Path]) -> None:
    """Raise TryAgain if one of these is not there any more."""
    if gone := _first_gone(used):
        raise TryAgain(_told(gone))


@contextmanager
def told_if_removed(used: Callable[[], Iterable[Path]], folders: Iterable[Path] = ()) -> Iterator[None]:
    """Raise TryAgain in place of a failure that comes of a removal: of what is `used`, or of any file in `folders`."""
    try:
        yield
    except Exception as error:
        if gone := _first_gone(used()) or _asked_for_in_vain(error, [*folders]):
            raise TryAgain(_told(gone)) from error
        raise


def _first_gone(paths: Iterable[Path]) -> Path | None:
    """The outermost folder that is gone of the first path that is."""
    return next((each for path in paths for each in (*reversed(path.parents), path) if not each.exists()), None)


def _asked_for_in_vain(error: Exception, folders: list[Path]) -> Path | None:
    """The file in one of `folders` that was not found, where that is what nobody foresaw."""
    if isinstance(error, DetectorError):
        return None
    named = (Path(cause.filename) for cause in causes(error) if isinstance(cause, FileNotFoundError) and cause.filename)
    inside = (path for path in named if any(path.absolute().is_relative_to(folder.absolute()) for folder in folders))
    return _first_gone(inside)


def _told(gone: Path) -> str:
    return f"{gone} was removed while it was in use; run again, and what was lost with it is made anew"
