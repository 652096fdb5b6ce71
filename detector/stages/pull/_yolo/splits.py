"""Which of a folder's pictures train, validate and test, as the folder itself says it.

What is written counts before what folders are called: `train:`, `val:` and `test:` of a data.yaml, `train =` and
`valid =` of an obj.data, the lists train.txt, val.txt (or valid.txt) and test.txt. Otherwise a folder named train,
valid or test says it, the nearest to the picture. A split that has the very pictures of another one is none.
"""

import posixpath
import re
import unicodedata
from collections.abc import Iterator
from functools import cache, cached_property
from typing import NamedTuple

from detector.errors import UsageError
from detector.stages.pull._yolo.walk import Folder
from detector.stages.pull._yolo.words import WORDS, Description, located, read
from detector.system.text import lines
from detector.terms import SPLITS

LISTS = {"train.txt": "train", "val.txt": "val", "valid.txt": "val", "test.txt": "test"}
_NAMED = re.compile(r"(?:obj_)?(train(?:ing)?|val(?:id(?:ation)?)?|test(?:ing)?)(?:_data|_?\d{4})?", re.IGNORECASE)
_FIRST = 3  # names in a message


class Splits(NamedTuple):
    """The split of each picture that is in one, what a person should know, and the files that are lists."""

    of: dict[str, str]
    notes: list[str]
    lists: frozenset[str]


class _Claim(NamedTuple):
    """That these pictures are of a split, and who says so."""

    source: str
    split: str
    images: list[str]


class _Places:
    """The pictures of the folder, by any path that may mean them."""

    def __init__(self, folder: Folder) -> None:
        self.images = dict.fromkeys(folder.images)
        self.texts = frozenset(folder.texts)
        self.below: dict[str, list[str]] = {}
        for image in folder.images:
            place = image
            while place:
                place = posixpath.dirname(place)
                self.below.setdefault(place or ".", []).append(image)
        self.known = {*self.below, *self.texts, *self.images}

    @cached_property
    def folded(self) -> dict[str, str | None]:
        """The pictures by their paths in small letters, composed; None where two of them are the same then."""
        folded: dict[str, str | None] = {}
        for image in self.images:
            key = _folded(image)
            folded[key] = None if key in folded else image
        return folded


def splits_in(folder: Folder, described: list[Description], alone: list[str]) -> Splits:
    """What the folder says; `alone` are its texts that are no picture's label file.

    Raises UsageError for a list that names what is not there, and for a picture in two splits.
    """
    places = _Places(folder)
    notes: list[str] = []
    lists = {file: LISTS[file.lower()] for file in alone if file.lower() in LISTS}
    claims = [*_described(described, places, lists, notes)]
    claims += [_Claim(file, split, _listed(folder, file, places)) for file, split in lists.items()]
    whole = _apart(_merged(claims) if claims else _by_folders(folder), notes)
    of = {image: each.split for each in whole for image in each.images}
    if of:
        counts = ", ".join(f"{len(set(each.images)):,} {each.split}" for each in whole)
        sources = _joined([each.source for each in whole])
        notes.insert(0, f"the folder has splits of its own, by {sources}: {counts}")
    return Splits(of, notes, frozenset(lists))


def _described(
    described: list[Description], places: _Places, lists: dict[str, str], notes: list[str]
) -> Iterator[_Claim]:
    """What each data.yaml and obj.data says; the lists that they name are noted in `lists`, and read as such."""
    for each in described:
        directory = posixpath.dirname(each.file)
        bases = (posixpath.join(directory, each.path), directory, "")
        for split, entries in each.splits.items():
            images: list[str] = []
            for entry in entries:
                place = located(entry, places.known, bases)
                if place is None:
                    notes.append(f"{each.file}: {split} is {entry}, which is not there")
                elif place in places.texts:
                    lists[place] = split
                else:
                    images += places.below.get(place, [place])
            if images:
                yield _Claim(each.file, split, images)


def _listed(folder: Folder, file: str, places: _Places) -> list[str]:
    """The pictures that a list names. Raises UsageError with those that are not there."""
    directory = posixpath.dirname(file)
    named = {line: _image(line, directory, places) for line in lines(read(folder, file))}
    if absent := [line for line, image in named.items() if image is None]:
        raise UsageError(
            f"{folder.root / file} names {_some(absent, 'picture')}, which {'is' if len(absent) == 1 else 'are'} not"
            f" below {folder.root}; put {'it' if len(absent) == 1 else 'them'} there, or take the"
            f" line{'s' * (len(absent) > 1)} out"
        )
    return [image for image in named.values() if image]


def _image(line: str, directory: str, places: _Places) -> str | None:
    """The picture that a line means; lists from other systems write capitals and accents in their own way."""
    bases = (directory, "") if directory else ("",)
    if image := located(line, places.images, bases):
        return image
    folded = located(_folded(line), places.folded, tuple(map(_folded, bases)))
    return places.folded[folded] if folded else None


def _folded(path: str) -> str:
    return unicodedata.normalize("NFC", path).lower()


def _some(names: list[str], noun: str) -> str:
    """`a.jpg`, or `7 pictures: a.jpg, b.jpg, c.jpg, …`."""
    if len(names) == 1:
        return names[0]
    return f"{len(names):,} {noun}s ({', '.join(names[:_FIRST])}{', …' if len(names) > _FIRST else ''})"


def _joined(sources: list[str]) -> str:
    """`a, b and c`, each once."""
    *first, last = dict.fromkeys(sources)
    return f"{', '.join(first)} and {last}" if first else last


def _by_folders(folder: Folder) -> list[_Claim]:
    by: dict[str, list[str]] = {}
    for image in folder.images:
        if split := _of_place(posixpath.dirname(image)):
            by.setdefault(split, []).append(image)
    return [_Claim("the names of its folders", split, by[split]) for split in SPLITS if split in by]


@cache
def _of_place(place: str) -> str | None:
    """The split that the innermost folder with such a name stands for."""
    words = (_NAMED.fullmatch(part) for part in reversed(place.split("/")))
    return next((WORDS[word[1].lower()] for word in words if word), None)


def _merged(claims: list[_Claim]) -> list[_Claim]:
    """One for each split, in the order of SPLITS."""
    merged = []
    for split in SPLITS:
        ours = [each for each in claims if each.split == split]
        if ours:
            images = dict.fromkeys(image for each in ours for image in each.images)
            merged.append(_Claim(_joined([each.source for each in ours]), split, [*images]))
    return merged


def _apart(claims: list[_Claim], notes: list[str]) -> list[_Claim]:
    """The splits that stand apart from those before them. Raises UsageError for a picture that is in two."""
    apart: list[_Claim] = []
    for each in claims:
        own = set(each.images)
        for other in apart:
            both = own.intersection(other.images)
            if both and both == own == set(other.images):
                notes.append(f"{each.source}: {each.split} has the very pictures of {other.split}, and so is none")
                break
            if both:
                where = each.source if each.source == other.source else f"{other.source} and {each.source}"
                raise UsageError(
                    f"{where}: {_some(sorted(both), 'picture')} {'is' if len(both) == 1 else 'are'} in {other.split}"
                    f" and in {each.split}; a picture has one split: take {'it' if len(both) == 1 else 'them'} out of"
                    " one"
                )
        else:
            apart.append(each)
    return apart
