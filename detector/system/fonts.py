"""Fonts with the letters of a name: the one that matplotlib brings along, or one that this machine has."""

import itertools
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

LIKELY = ("cjk", "fallback", "unicode", "wqy", "noto", "droid")  # in the names of fonts with letters of many scripts
STYLES = ("bold", "italic", "oblique", "light", "thin", "black", "mono", "serif")
SUCH = "fonts-wqy-microhei or fonts-noto-cjk"  # packages of Debian and Ubuntu
SOME = 5  # names
INVISIBLE = {"Cc", "Cf", "Zs", "Zl", "Zp"}  # Unicode categories without a shape of their own


def own() -> Path:
    """DejaVu Sans, which has the letters of Latin, Greek, Cyrillic, Arabic and more, but no Chinese ones."""
    import matplotlib as mpl

    return Path(mpl.get_data_path()) / "fonts/ttf/DejaVuSans.ttf"


def pieces(text: str) -> Iterator[tuple[str, Path]]:
    """The text in parts, each with a font that has its letters; our own font where none has."""
    for file, letters in itertools.groupby(text, lambda letter: _file_with(letter) or own()):
        yield "".join(letters), file


def unknown(names: Iterable[str]) -> list[str]:
    """Those names that have a letter which no font here has."""
    foreign = (name for name in dict.fromkeys(names) if not name.isascii())
    return [name for name in foreign if any(_file_with(letter) is None for letter in name)]


def missing(names: Iterable[str], where: str) -> str | None:
    """The sentence that says which names are not readable in the pictures `where`; None where all are."""
    boxes = unknown(names)
    if not boxes:
        return None
    some = ", ".join(boxes[:SOME]) + (f" and {len(boxes) - SOME} more" if boxes[SOME:] else "")
    return f"no font on this machine has the letters of {some}: {where} they are boxes; install one, such as {SUCH}"


def font_for(names: Iterable[str]) -> Path:
    """A font with every letter of the names; our own where none has them all."""
    letters = {ord(letter) for letter in "".join(names) if _is_drawn(letter)} | set(b"0123456789.")
    return next((file for file in _files() if letters <= _letters(file)), own())


@cache
def _file_with(letter: str) -> Path | None:
    if not _is_drawn(letter):
        return own()
    return next((file for file in _files() if ord(letter) in _letters(file)), None)


def _is_drawn(letter: str) -> bool:
    return unicodedata.category(letter) not in INVISIBLE


def _files() -> Iterator[Path]:
    """Our own font, then those of this machine, the likeliest first; they are looked for when one is needed."""
    yield own()
    yield from _installed()


@cache
def _installed() -> list[Path]:
    from matplotlib import font_manager

    def unlikely(file: Path) -> tuple[bool, bool, str]:
        name = file.name.lower()
        return not any(word in name for word in LIKELY), any(word in name for word in STYLES), str(file)

    return sorted(map(Path, font_manager.findSystemFonts()), key=unlikely)


@cache
def _letters(file: Path) -> frozenset[int]:
    """The code points that a font has; none where it can't be read or has pictures of one size only."""
    from matplotlib.ft2font import FT2Font

    try:
        font = FT2Font(file)
    except (OSError, RuntimeError):
        return frozenset()
    return frozenset(font.get_charmap()) if font.scalable else frozenset()
