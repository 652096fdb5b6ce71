"""The files of a folder, and the picture that a name in an annotation file means."""

import hashlib
import os
import posixpath
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote

from detector.data.paths import IMAGE_ENDINGS, ends
from detector.errors import UsageError
from detector.stages.pull._fiftyone.splits import split_of_path
from detector.stages.pull._links import leads_out
from detector.stages.pull._made import Identity, identity, is_made, outputs

_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Folder:
    """The files below `root` by their relative paths, in order; `state` changes whenever one of them does.

    `outside` are those of them that are links to elsewhere, `left` such links to folders: neither is ever read.
    """

    root: Path
    files: list[str]
    outside: frozenset[str]
    left: list[str]
    state: str

    @property
    def leading_out(self) -> list[str]:
        """Links out of the folder, in order."""
        return sorted([*self.outside, *self.left])

    @cached_property
    def images(self) -> list[str]:
        """The pictures."""
        return self.ending(*IMAGE_ENDINGS)

    def ending(self, *endings: str) -> list[str]:
        """The files with one of these endings, in capitals or not."""
        return [file for file in self.files if file.lower().endswith(endings)]

    def read(self, file: str) -> bytes:
        """What is in one of the files, without a byte order mark. Raises UsageError for a link out, or what fails."""
        if file in self.outside:
            raise UsageError(f"{self.root / file} is a link that leads out of {self.root}; put the file itself there")
        try:
            return (self.root / file).read_bytes().removeprefix(_BOM)
        except OSError as error:
            raise UsageError(f"{self.root / file} can't be read ({error.strerror})") from error

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        named: dict[str, list[str]] = {}
        for image in self.images:
            named.setdefault(_folded(posixpath.basename(image)), []).append(image)
        return named

    def picture(self, name: str, near: Sequence[str], split: str | None = None) -> str | None:
        """The picture that `name` means: at its path below one of the folders `near`, or the only one that ends so.

        Of several that end so, the one below a folder that is called as `split` counts.
        """
        for spelled in dict.fromkeys((name, unquote(name))):
            plain = spelled.replace("\\", "/")
            for place in near:
                path = _folded(posixpath.normpath(posixpath.join(place, plain)))
                if same := [image for image in self._candidates(path) if _folded(image) == path]:
                    return same[0]
            if image := self._ending_so(plain, split):
                return image
        return None

    def _candidates(self, path: str) -> list[str]:
        return self._by_name.get(posixpath.basename(path), [])

    def called(self, stem: str, near: Sequence[str], split: str | None = None) -> str | None:
        """The picture whose name without its ending is `stem`: in the first folder of `near`, or the only one."""
        named = self._by_stem.get(_folded(stem), [])
        for place in near:
            if images := [image for image in named if posixpath.dirname(image) == place.removeprefix(".")]:
                return images[0]
        named = named if len(named) < 2 else [image for image in named if split_of_path(image) == split]
        return named[0] if len(named) == 1 else None

    @cached_property
    def _by_stem(self) -> dict[str, list[str]]:
        named: dict[str, list[str]] = {}
        for image in self.images:
            named.setdefault(_folded(posixpath.splitext(posixpath.basename(image))[0]), []).append(image)
        return named

    def _ending_so(self, name: str, split: str | None) -> str | None:
        for end in ends(_folded(name).lstrip("/")):
            matching = [image for image in self._candidates(end) if f"/{_folded(image)}".endswith(f"/{end}")]
            if len(matching) > 1:
                matching = [image for image in matching if split_of_path(image) == split]
            if len(matching) == 1:
                return matching[0]
        return None


def _folded(path: str) -> str:
    return path if path.isascii() else unicodedata.normalize("NFC", path)


def folder_of(root: Path, datasets: Path) -> Folder:
    """What is below `root`, without what runs of this project made. Raises UsageError when there is no such folder."""
    if not root.is_dir():
        hint = "pull.path is a folder, not one of its files" if root.is_file() else "pull.path names the folder"
        raise UsageError(f"pull.path: {root} is no folder; {hint} that holds pictures and labels")
    content, base = hashlib.sha256(), os.path.realpath(root)
    entries = sorted(_entries(root, outputs(datasets), base), key=lambda item: item[0])
    files = [(path, entry) for path, entry in entries if not entry.is_dir()]
    outside = frozenset(path for path, entry in files if leads_out(entry, base))
    for path, entry in entries:
        content.update(os.fsencode(f"{path} {_stamp(entry, base)}\n"))
    left = [path for path, entry in entries if entry.is_dir()]
    return Folder(root, [path for path, _ in files], outside, left, content.hexdigest())


def _entries(root: Path, output_folders: set[Identity], base: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Each file, and each link to a folder that lies elsewhere.

    Hidden ones and what was made are left aside, links to folders inside are followed once.
    """
    waiting, seen = [""], set[Identity]()
    while waiting:
        relative = waiting.pop()
        place = identity(root / relative)
        if place in seen or (relative and place in output_folders):
            continue
        seen.add(place)
        with os.scandir(root / relative) as scanned:
            entries = [entry for entry in scanned if entry.name[0] != "." and _is_there(entry)]
        if relative and is_made({entry.name for entry in entries}):
            continue
        for entry in entries:
            path = f"{relative}{entry.name}"
            if not entry.is_dir() or leads_out(entry, base):
                yield path, entry
            else:
                waiting.insert(0 if entry.is_symlink() else len(waiting), f"{path}/")  # links after all else


def _stamp(entry: os.DirEntry[str], base: str) -> str:
    """What changes whenever a file does."""
    if leads_out(entry, base):
        return "leads out"
    status = entry.stat()
    return f"{status.st_size} {status.st_mtime_ns}"


def _is_there(entry: os.DirEntry[str]) -> bool:
    """Whether it is a file or a folder: no pipe, and no link that leads nowhere, or to itself."""
    try:
        return entry.is_file() or entry.is_dir()
    except OSError:
        return False
