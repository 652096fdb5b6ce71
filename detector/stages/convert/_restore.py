"""A version that is there already: each of its files is what it was made as, or is made so again."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from detector.system.files import CACHES
from detector.terms import SPLITS


def restore(folder: Path, scratch: Path, names: Sequence[tuple[str, str]], aside: Path) -> list[str]:
    """Put files of the same version, made anew in `scratch`, in the place of those that are not what they should be.

    `names` are pairs of an image's name in `scratch` and in the version, as <split>/<stem>.<ext>. What was there is
    moved to `aside`. Gives the places in the version that were wrong.
    """
    made = dict(_places(names))
    wrong = [place for place, file in made.items() if not _same(folder / place, scratch / file)]
    more = [place for place in _there(folder) if place not in made]
    for place in [*wrong, *more]:
        _move(folder / place, aside / place)
    for place in wrong:
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (scratch / made[place]).replace(folder / place)
    return [*wrong, *more]


def _places(names: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Each place in the version, and the file in the scratch folder that belongs there."""
    for mine, theirs in names:
        yield f"images/{theirs}", f"images/{mine}"
        yield f"labels/{_stem(theirs)}.txt", f"labels/{_stem(mine)}.txt"
    yield "data.yaml", "data.yaml"


def _stem(file: str) -> str:
    return file.rpartition(".")[0]


def _same(one: Path, other: Path) -> bool:
    try:
        mine, theirs = one.stat(), other.stat()
        same_file = (mine.st_dev, mine.st_ino) == (theirs.st_dev, theirs.st_ino)
        return same_file or (mine.st_size == theirs.st_size and one.read_bytes() == other.read_bytes())
    except OSError:
        return False


def _there(folder: Path) -> Iterator[str]:
    """What lies among the images and labels; not the caches of Ultralytics."""
    for place in (f"{kind}/{split}" for kind in ("images", "labels") for split in SPLITS):
        names = sorted(file.name for file in (folder / place).glob("*"))
        yield from (f"{place}/{name}" for name in names if not name.endswith(CACHES))


def _move(file: Path, aside: Path) -> None:
    if file.is_symlink() or file.exists():
        aside.parent.mkdir(parents=True, exist_ok=True)
        file.rename(aside)
