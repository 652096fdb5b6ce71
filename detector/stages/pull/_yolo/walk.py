"""The files of a folder, in one walk that is quick on 100,000 of them. Nothing heavy is imported here.

Links to folders are followed, wherever they lead, each folder once. What this project or another one made is never
input: datasets/, runs/ and models/ beside the pipeline, versions, stores, run folders, virtual environments, and
whatever is hidden.
"""

import hashlib
import os
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from detector.data.paths import IMAGE_ENDINGS
from detector.errors import UsageError
from detector.stages.pull._made import Identity, identity, is_made, outputs
from detector.system.text import decode

_IMAGE = frozenset(IMAGE_ENDINGS)
_DESCRIBES = frozenset((".yaml", ".yml", ".data", ".names", ".labels"))
_NEVER = frozenset(("__MACOSX", "__pycache__", "node_modules"))
_KEYS = re.compile(r"^[\"']?(names|nc)[\"']?\s*:", re.MULTILINE)  # of a data.yaml, whatever it is called


class Folder(NamedTuple):
    """What is in a folder, by paths relative to `root`, in order; `state` changes whenever one of the files does.

    `gone` are links to files that are not there, `outside` links of texts to files that are not in the folder: these
    are never read.
    """

    root: Path
    images: list[str]
    texts: list[str]
    describing: list[str]
    gone: frozenset[str]
    outside: frozenset[str]
    state: str


class _Listing(NamedTuple):
    """What a walk gathers: paths by kind, texts that are links, and a line for each file as it is now."""

    images: list[str]
    texts: list[str]
    describing: list[str]
    links: list[str]
    gone: set[str]
    stamps: list[str]


def walk(root: Path, datasets: Path) -> Folder:
    """The files below `root`; `datasets` is this pipeline's folder of outputs. Raises UsageError for no folder."""
    if not root.is_dir():
        raise UsageError(f"pull.path: {root} is no folder")
    listing = _Listing([], [], [], [], set(), [])
    bases = [os.path.realpath(root)]
    try:
        for relative, entries in _folders(root, outputs(datasets), bases):
            for entry in entries:
                _note(listing, f"{relative}{entry.name}", entry)
    except OSError as error:
        raise UsageError(f"pull.path: {error.filename or root} can't be read ({error.strerror})") from error
    state = hashlib.sha256(os.fsencode("".join(listing.stamps))).hexdigest()
    outside = frozenset(link for link in listing.links if not _is_inside(os.path.realpath(root / link), bases))
    images, texts, describing = (sorted(files) for files in (listing.images, listing.texts, listing.describing))
    return Folder(root, images, texts, describing, frozenset(listing.gone), outside, state)


def state_of(file: Path) -> str:
    """Changes whenever the file does."""
    with suppress(OSError):
        status = file.stat()
        return f" {status.st_size} {status.st_mtime_ns}"
    return " gone"


def _folders(root: Path, seen: set[Identity], bases: list[str]) -> Iterator[tuple[str, list[os.DirEntry[str]]]]:
    """Each folder once, as a prefix of its files' paths, and what is in it. Links are followed after all else.

    `bases` grows by where they lead. One that leads up to what holds the folder is a circle.
    """
    unlinked, linked = [("", str(root))], list[tuple[str, str]]()
    while unlinked or linked:
        relative, path = unlinked.pop() if unlinked else linked.pop(0)
        place = identity(path)
        if relative and place in seen:
            continue
        seen.add(place)
        with os.scandir(path) as scanned:
            entries = sorted((entry for entry in scanned if entry.name[0] != "."), key=lambda entry: entry.name)
        names = {entry.name for entry in entries}
        if relative and is_made(names):
            continue
        yield relative, entries
        for entry in entries:
            if entry.name in _NEVER or not _is(entry.is_dir):
                continue
            if not entry.is_symlink():
                unlinked.append((f"{relative}{entry.name}/", entry.path))
            elif not any(_is_inside(base, [real := os.path.realpath(entry.path)]) for base in bases):
                bases.append(real)
                linked.append((f"{relative}{entry.name}/", entry.path))


def _is(kind: Callable[[], bool]) -> bool:
    """Whether an entry is of a kind; a link that leads to itself is of none."""
    try:
        return kind()
    except OSError:
        return False


def _is_inside(path: str, bases: list[str]) -> bool:
    return any(path == base or path.startswith(f"{base.rstrip('/')}/") for base in bases)


def _note(listing: _Listing, path: str, entry: os.DirEntry[str]) -> None:
    """Put a file where it belongs; what is no file, or of no use here, is left aside."""
    ending = os.path.splitext(entry.name)[1].lower()  # noqa: PTH122 - see above
    files = listing.images if ending in _IMAGE else listing.texts if ending == ".txt" else listing.describing
    if files is listing.describing and not (ending in _DESCRIBES and _describes(path, ending, entry)):
        return
    is_link = entry.is_symlink()
    if _is(entry.is_file):
        status = entry.stat()
        listing.stamps.append(f"{path} {status.st_size} {status.st_mtime_ns}\n")
    elif is_link and files is listing.images and not _is(entry.is_dir):
        listing.gone.add(path)
        listing.stamps.append(f"{path} gone\n")
    else:
        return
    files.append(path)
    if is_link and files is not listing.images:
        listing.links.append(path)


def _describes(path: str, ending: str, entry: os.DirEntry[str]) -> bool:
    """Whether a YAML file is a data set's: by its usual name anywhere, at the top by its keys (no pipeline.yaml)."""
    if ending not in {".yaml", ".yml"} or entry.name.lower() in {"data.yaml", "data.yml", "dataset.yaml"}:
        return True
    if "/" in path or entry.is_symlink() or not _is(entry.is_file):
        return False
    return _KEYS.search(decode(Path(entry.path).read_bytes(), "replace")) is not None
