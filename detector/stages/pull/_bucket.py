"""A folder in a bucket of S3, Google Cloud Storage or Azure: what is in it now, and a copy of that on this disk.

The copy is in datasets/<name>/pulled/buckets/<12 hex digits of the address>/. An object whose size and time are those
of its copy is not fetched again.
"""

import os
import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from pydantic import PlainValidator

from detector.errors import UsageError
from detector.stages.pull._storage import CREDENTIALS, opened, parts_of_azure, told
from detector.system.files import write_whole
from detector.system.progress import Progress

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem

    from detector.stages import Job

FORM = r"^(s3|gs|abfss)://[^/\s]"
_AT_ONCE = 16  # objects


def _place(value: object) -> str | Path:
    if not isinstance(value, str | Path):
        raise ValueError("should be the path of a folder")  # noqa: TRY004 - pydantic tells of a ValueError alone
    return _without_keys(str(value)) if is_address(value) else Path(value)


def _without_keys(address: str) -> str:
    scheme, _, place = address.partition("://")
    if "@" in place.split("/")[0] and scheme != "abfss":
        raise ValueError(f"has credentials in it; export {CREDENTIALS[scheme]} and its like instead")
    if "?" in address:
        raise ValueError("is an address of a folder, without a query; the environment says the rest")
    if scheme == "abfss":
        parts_of_azure(address)
    return address.rstrip("/")


Place = Annotated[Path | str, PlainValidator(_place, json_schema_input_type=Path)]  # an address, or a folder here


class Object(NamedTuple):
    """A file in the folder, by its path there; the time is of its last change, in nanoseconds."""

    path: str
    size: int
    time: int


def is_address(place: object) -> bool:
    """Whether an option names a folder in a bucket, and none of this machine."""
    return isinstance(place, str) and re.match(FORM, place) is not None


def objects_of(address: str, endings: Iterable[str]) -> list[Object]:
    """The objects in the folder and below it whose names end so.

    Raises:
        UsageError: there is no such folder, or it can't be read.
        TryAgain: the server can't be reached.
    """
    from pyarrow.fs import FileSelector, FileType

    wanted = tuple(endings)
    with told(address):
        system, folder = opened(address)
        found = system.get_file_info(FileSelector(folder, recursive=True))
    files = [each for each in found if each.type == FileType.File and each.path.lower().endswith(wanted)]
    objects = [Object(each.path.removeprefix(folder).lstrip("/"), each.size, each.mtime_ns or 0) for each in files]
    for each in objects:
        _refuse_odd(each.path, address)
    return sorted(objects)


def state_of(objects: Iterable[Object]) -> str:
    """Changes whenever one of them does."""
    return sha256("".join(f"{each}\n" for each in objects).encode(errors="surrogatepass")).hexdigest()


def copy_of(address: str, endings: Iterable[str], job: "Job[Any]") -> Path:
    """The folder of the copy, brought up to date with what `look` saw, or with what is there now. Raises as above."""
    seen = job.source and job.source.content
    objects = seen if isinstance(seen, list) else objects_of(address, endings)
    return _copied(address, objects, job.datasets, job.report.progress)


def _copied(address: str, objects: list[Object], datasets: Path, progress: Progress) -> Path:
    """The folder of the copy, brought up to date: it holds these objects and nothing else."""
    folder = datasets / "pulled" / "buckets" / sha256(address.encode()).hexdigest()[:12]
    folder.mkdir(parents=True, exist_ok=True)
    _remove(folder, {each.path for each in objects})
    missing = [each for each in objects if not _is_there(folder / each.path, each)]
    for place in {(folder / each.path).parent for each in missing}:
        place.mkdir(parents=True, exist_ok=True)
    with told(address):
        system, base = opened(address)
    with progress("fetch", len(missing)) as advance, ThreadPoolExecutor(_AT_ONCE) as pool:
        for _ in pool.map(lambda each: _fetch(system, base, each, folder, address), missing):
            advance(1)
    return folder


def _fetch(system: "FileSystem", base: str, wanted: Object, folder: Path, address: str) -> None:
    with told(address), system.open_input_stream(f"{base}/{wanted.path}") as stream:
        content = stream.read()
    target = folder / wanted.path
    write_whole(target, content, lasting=False)
    os.utime(target, ns=(wanted.time, wanted.time))


def _is_there(file: Path, wanted: Object) -> bool:
    try:
        status = file.stat()
    except OSError:
        return False
    return (status.st_size, status.st_mtime_ns) == (wanted.size, wanted.time)


def _remove(folder: Path, wanted: set[str]) -> None:
    """What is no object any more."""
    for place, _, names in os.walk(folder, topdown=False):
        for name in names:
            if (file := Path(place, name)).relative_to(folder).as_posix() not in wanted:
                file.unlink()
        if place != str(folder) and not os.listdir(place):  # noqa: PTH208 - a name is enough
            Path(place).rmdir()


def _refuse_odd(path: str, address: str) -> None:
    """An object whose name is no path below a folder."""
    parts = path.split("/")
    if not {"", ".", ".."}.isdisjoint(parts) or "\0" in path or PurePosixPath(path).is_absolute():
        raise UsageError(f"{address}: the object {path!r} can be no file; rename it, or name a folder below it")
