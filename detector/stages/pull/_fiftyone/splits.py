"""Which word means train, val or test: in the name of a folder, of a file, or among tags."""

import posixpath
import re
from collections.abc import Iterable

_WORD = r"(train|val(?:id(?:ation)?)?|test)(?:ing|_?data|[-_]?\d{4})?"
_WHOLE = re.compile(_WORD, re.IGNORECASE)
_PART = re.compile(rf"(?:^|[^a-zA-Z]){_WORD}(?:$|[^a-zA-Z0-9])", re.IGNORECASE)


def split_of(word: str) -> str | None:
    """The split that a whole word means: train, train2017, valid, testing and so on."""
    matched = _WHOLE.fullmatch(word.strip())
    return _short(matched[1]) if matched else None


def split_of_path(path: str) -> str | None:
    """The split of a file by the nearest folder that says one."""
    folders = posixpath.dirname(path).split("/")
    return next((split for folder in reversed(folders) if (split := split_of(folder))), None)


def split_of_name(path: str) -> str | None:
    """The split of a file by a word of its own name (instances_val2017.json), otherwise by its folder."""
    matched = _PART.search(posixpath.splitext(posixpath.basename(path))[0])
    return _short(matched[1]) if matched else split_of_path(path)


def split_of_tags(tags: Iterable[str]) -> str | None:
    """The split that tags name, where they name one alone."""
    splits = {split for tag in tags if (split := split_of(tag))}
    return splits.pop() if len(splits) == 1 else None


def _short(word: str) -> str:
    return "val" if word.lower().startswith("val") else word.lower()
