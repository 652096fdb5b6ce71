"""The files of a folder, in one walk that is quick on 100,000 of them. Nothing heavy is imported here.

The folder itself may be a link. In it, links are followed as far as they stay in it, each folder once: a data set of
somebody else's could name any file of this machine. What this project or another one made is never input: datasets/,
runs/ and models/ beside the pipeline, versions, stores, run folders, virtual environments, and whatever is hidden.
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
from detector.stages.pull._links import leads_out
from detector.stages.pull._made import Identity, identity, is_made, outputs
from detector.system.files import refuse_others
from detector.system.text import decode

_IMAGE = frozenset(IMAGE_ENDINGS)
_DESCRIBES = frozenset((".yaml", ".yml", ".data", ".names", ".labels"))
ENDINGS = (*IMAGE_ENDINGS, ".txt", *_DESCRIBES)  # of the files that count
_NEVER = frozenset(("__MACOSX", "__pycache__", "node_modules"))
_KEYS = re.compile(r"^[\"']?(names|nc)[\"']?\s*:", re.MULTILINE)  # of a data.yaml, whatever it is called


class Folder(NamedTuple):
    """What is in a folder, by paths relative to `root`, in order; `state` changes whenever one of the files does.

    `gone` are links to files that are not there, and pipes. `outside` are links to files that lie elsewhere, `left`
    those to folders: these are never read.
    """

    root: Path
    images: list[str]
    texts: list[str]
    describing: list[str]
    gone: frozenset[str]
    outside: frozenset[str]
    left: list[str]
    state: str

    @property
    def leading_out(self) -> list[str]:
        """Links out of the folder, in order."""
        return sorted([*self.outside, *self.left])


class _Listing(NamedTuple):
    """What a walk gathers: paths by kind, and a line for each file as it is now. `base` is where the folder lies."""

    base: str
    images: list[str]
    texts: list[str]
    describing: list[str]
    outside: set[str]
    left: list[str]
    gone: set[str]
    stamps: list[str]


def walk(root: Path, datasets: Path) -> Folder:
    """The files below `root`; `datasets` is this pipeline's folder of outputs. Raises UsageError for no folder."""
    if not root.is_dir():
        raise UsageError(f"pull.path: {root} is no folder")
    listing = _Listing(os.path.realpath(root), [], [], [], set(), [], set(), [])
    try:
        for relative, entries in _folders(root, outputs(datasets), listing):
            for entry in entries:
                _note(listing, f"{relative}{entry.name}", entry)
    except OSError as error:
        raise UsageError(f"pull.path: {error.filename or root} can't be read ({error.strerror})") from error
    state = hashlib.sha256(os.fsencode("".join(listing.stamps))).hexdigest()
    images, texts, describing = (sorted(files) for files in (listing.images, listing.texts, listing.describing))
    gone, outside, left = frozenset(listing.gone), frozenset(listing.outside), sorted(listing.left)
    return Folder(root, images, texts, describing, gone, outside, left, state)


def state_of(file: Path) -> str:
    """Changes whenever the file does."""
    with suppress(OSError):
        status = file.stat()
        return f" {status.st_size} {status.st_mtime_ns}"
    return " gone"


def _folders(root: Path, seen: set[Identity], listing: _Listing) -> Iterator[tuple[str, list[os.DirEntry[str]]]]:
    """Each folder once, as a prefix of its files' paths, and what is in it. Links are followed after all else."""
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
            if leads_out(entry, listing.base):
                listing.left.append(f"{relative}{entry.name}")
                listing.stamps.append(f"{relative}{entry.name} leads out\n")
            else:
                waiting = linked if entry.is_symlink() else unlinked
                waiting.append((f"{relative}{entry.name}/", entry.path))


def _is(kind: Callable[[], bool]) -> bool:
    """Whether an entry is of a kind; a link that leads to itself is of none."""
    try:
        return kind()
    except OSError:
        return False


def _note(listing: _Listing, path: str, entry: os.DirEntry[str]) -> None:
    """Put a file where it belongs; what is of no use here is left aside. Raises OSError for a text that is a pipe."""
    ending = os.path.splitext(entry.name)[1].lower()  # noqa: PTH122 - see above
    files = listing.images if ending in _IMAGE else listing.texts if ending == ".txt" else listing.describing
    if files is listing.describing and not (ending in _DESCRIBES and _describes(path, ending, entry)):
        return
    if _is(entry.is_dir):
        return
    if leads_out(entry, listing.base):
        listing.outside.add(path)
        listing.stamps.append(f"{path} leads out\n")
    elif _is(entry.is_file):
        status = entry.stat()
        listing.stamps.append(f"{path} {status.st_size} {status.st_mtime_ns}\n")
    elif files is listing.images:
        listing.gone.add(path)
        listing.stamps.append(f"{path} gone\n")
    else:
        if (file := Path(entry.path)).exists():
            refuse_others(file)
        return
    files.append(path)


def _describes(path: str, ending: str, entry: os.DirEntry[str]) -> bool:
    """Whether a YAML file is a data set's: by its usual name anywhere, at the top by its keys (no pipeline.yaml)."""
    if ending not in {".yaml", ".yml"} or entry.name.lower() in {"data.yaml", "data.yml", "dataset.yaml"}:
        return True
    if "/" in path or entry.is_symlink() or not _is(entry.is_file):
        return False
    return _KEYS.search(decode(Path(entry.path).read_bytes(), "replace")) is not None
