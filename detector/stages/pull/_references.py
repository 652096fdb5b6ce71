"""The files that an export refers to."""

import hashlib
import json
import os
import re
import stat
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from detector.data.paths import ends
from detector.errors import UsageError
from detector.system.files import read_json, write_whole
from detector.system.many import TOGETHER, of_many

Files = dict[str, str | None]  # each reference in an export → the file that it means; None where there is none


class Looked(NamedTuple):
    """The file that each reference means, and a state that changes when a reference or its file does."""

    files: Files
    state: str


def files_of(sources: Callable[[], Iterable[str]], root: Path, index: Path) -> Looked:
    """The file below `root` of each reference that `sources` gives.

    They are kept in `index`; while that is there, `sources` is not asked. What was found stays; what was not may have
    come since, and what has gone may lie elsewhere now.
    """
    known = read_json(index)
    if not known:
        known = _resolved(sources(), root)
        index.parent.mkdir(parents=True, exist_ok=True)
        write_whole(index, json.dumps(known))
    state, lost = _looks(known)
    again = _resolved(lost, root)
    known = known | again
    return Looked(known, _looks(known)[0] if any(again.values()) else state)


def _looks(files: Files) -> tuple[str, list[str]]:
    """What changes when one of the files does, and the references whose file is not there."""
    items = [*files.items()]
    parts = [items[start : start + TOGETHER] for start in range(0, len(items), TOGETHER)]
    told = of_many(_looks_of, parts, len(items))
    return _digest([state for state, _ in told]), [source for _, lost in told for source in lost]


def _looks_of(part: Sequence[tuple[str, str | None]]) -> tuple[str, list[str]]:
    looks = [(source, _look(file)) for source, file in part]
    return _digest(looks), [source for source, look in looks if look is None]


def _digest(looks: object) -> str:
    return hashlib.sha256(repr(looks).encode()).hexdigest()


def _look(file: str | None) -> tuple[int, int] | None:
    """Its size in bytes, and the time of its last change in nanoseconds."""
    try:
        status = os.stat(file or "")  # noqa: PTH116 - a Path for each of 10,000 files takes longer
    except (OSError, ValueError):
        return None
    return (status.st_size, status.st_mtime_ns) if stat.S_ISREG(status.st_mode) else None


def _resolved(sources: Iterable[str], root: Path) -> Files:
    files = ((source, find(source, root)) for source in sources)
    return {source: str(file) if file else None for source, file in files}


def find(source: str, root: Path) -> Path | None:
    """The file that a task's reference means, below `root`; None when there is none.

    /data/local-files/?d=a/b.jpg and a/b.jpg mean root/a/b.jpg or root/b.jpg; /data/upload/3/x.jpg means
    root/upload/3/x.jpg, root/3/x.jpg or root/x.jpg, whichever is there first. Nothing outside `root` is ever found.
    """
    inside = root.resolve()
    try:
        existing = filter(os.path.isfile, (os.path.join(inside, candidate) for candidate in _candidates(source)))  # noqa: PTH118
        paths = (Path(path).resolve() for path in existing)  # links are followed last, since that takes longest
        return next((path for path in paths if path.is_relative_to(inside)), None)
    except (OSError, ValueError):  # what can be no path at all: a NUL in it, a name without end, half a character
        return None


def _candidates(source: str) -> Iterator[str]:
    """Relative paths to try: each as it is written, then by the other forms of its characters; shorter ends last."""
    for path in whole_paths(source):
        for end in ends(path):
            yield from dict.fromkeys((end, *(unicodedata.normalize(form, end) for form in ("NFC", "NFD"))))


def whole_paths(source: str) -> list[str]:
    """The paths that a reference may say: as it has them first, then percent-decoded, then with / for a back-slash."""
    parts = urlsplit(source)
    if "/data/local-files/" in parts.path:
        raw = source.partition("?d=")[2]  # a name may hold + & #, which a query has other uses for
        paths = [*parse_qs(parts.query).get("d", []), raw, unquote(raw)]
    else:
        paths = [source, parts.path, unquote(parts.path)]
    paths += [_posix(path) for path in paths if "\\" in path]
    return list(dict.fromkeys(path.removeprefix("/data/").lstrip("/") for path in paths))


def _posix(path: str) -> str:
    """A path as Windows writes it, with slashes, and from its drive's root on."""
    return re.sub("^[A-Za-z]:(?=/)", "", path.replace("\\", "/"))


def shared(files: Files, root: Path) -> dict[str, str]:
    """References that were shortened until they led to the picture of another, each with what there is to say.

    Raises UsageError where two or more were shortened to one file that none of them names whole: it may be the picture
    of any of them.
    """
    claims: dict[str, list[str]] = {}
    for source, file in files.items():
        if file:
            claims.setdefault(file, []).append(source)
    notes: dict[str, str] = {}
    nobodys: list[tuple[str, list[str]]] = []
    for file, sources in claims.items():
        if len(sources) > 1 and len({_plain(source) for source in sources}) > 1:
            inside = Path(file).relative_to(root.resolve()).as_posix()
            owner = next((source for source in sources if _plain(source) == unicodedata.normalize("NFC", inside)), "")
            if not owner:
                nobodys.append((inside, sources))
            others = [source for source in sources if owner and _plain(source) != _plain(owner)]
            notes |= {source: f"{source}: {inside} is the picture of {owner}" for source in others}
    if nobodys:
        raise _several_of_one(nobodys, root)
    return notes


def _several_of_one(nobodys: Sequence[tuple[str, Sequence[str]]], root: Path) -> UsageError:
    inside, (one, other, *_) = nobodys[0]
    more = f" ({len(nobodys):,} files are such)" if len(nobodys) > 1 else ""
    return UsageError(
        f"{one} and {other} both lead to {inside} below {root}{more}, and it can't be the picture of both; keep the"
        " folders that the references name, so that each has a file of its own"
    )


def _plain(source: str) -> str:
    """A reference without what does not tell two files apart."""
    return unicodedata.normalize("NFC", unquote(whole_paths(source)[-1]))


def none_found(sources: Sequence[str], root: Path) -> UsageError:
    """The error for an export of which not one picture was found."""
    count = "1 of 1 picture was" if len(sources) == 1 else f"{len(sources):,} of {len(sources):,} pictures were"
    shown = ", ".join(sources[:3]) + (", …" if len(sources) > 3 else "")
    where = f"below {root}" if root.is_dir() else f"below {root}, which is no folder"
    return UsageError(
        f"{count} not found: {shown}; looked {where}. Set pull.images to the folder that holds them, or pull from the"
        " server itself with using: label_studio"
    )
