"""How a dataset version appears: whole, by rename, or not at all. Its files are read-only."""

import errno
import json
import os
import shutil
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from detector.data.images import stored
from detector.stages import Job, Result
from detector.stages.convert._account import Account, card, sentences
from detector.stages.convert._identity import identify, named_as_there
from detector.stages.convert._restore import restore
from detector.system.files import READ_ONLY, make_newest
from detector.terms import SPLITS, counted

ASIDE = "changed"  # in the step's own folder: what somebody made of a version's files


class Version(NamedTuple):
    """What becomes a dataset version, beside its files."""

    lines: Sequence[str]  # what it is, a line for each image in it
    images: pa.Table
    instances: Future[None]  # their table, when it is written
    account: Account
    split_notes: list[str]  # what a person should know of its splits


def make_folders(folder: Path) -> None:
    """Where a version's files will be."""
    for split in SPLITS:
        (folder / "labels" / split).mkdir(parents=True)
        (folder / "images" / split).mkdir(parents=True)


def write_files(folder: Path, images: pa.Table, labels: Sequence[bytes], store: Path) -> None:
    """The txt and the picture of each image."""
    write_labels(folder / "labels", images["file"].to_pylist(), labels)
    link_images(folder / "images", images, store)


def publish(job: Job[Any], scratch: Path, content: Version) -> Result:
    """Make a version of what is in `scratch`, or of one that is there what it should be; point `latest` at it."""
    head, done = [job.pipeline.task, list(job.pipeline.classes)], content.account
    version = identify(head, content.lines)
    done["test_set"] = identify(head, [line for line in content.lines if line.startswith("test ")])
    folder, images = job.datasets / version, content.images
    exists = folder.exists()
    if exists:
        images = named_as_there(images, content.lines, folder)
    _describe(scratch, job.pipeline.name, version, done)
    write_table(images, scratch / "images.parquet")
    content.instances.result()
    for file in (file for file in scratch.iterdir() if file.is_file()):
        file.chmod(READ_ONLY)
    if exists:
        names = zip(*(table["file"].drop_null().to_pylist() for table in (content.images, images)), strict=True)
        _tell(job, restore(folder, scratch, list(names), job.folder / ASIDE))
        _refresh(folder, scratch)
    else:
        scratch.rename(folder)
    _point_latest(job.datasets, version)
    return _result(folder, done, content.split_notes)


def _describe(folder: Path, name: str, version: str, done: Account) -> None:
    """What Ultralytics, programs and people read first."""
    contents = {
        "data.yaml": data_yaml(done["classes"]),
        "conversion.json": json.dumps(done, indent=1, ensure_ascii=False),
        "card.md": card(name, version, done),
    }
    for file, content in contents.items():
        (folder / file).write_text(content, encoding="utf-8")


def write_table(table: pa.Table, file: Path) -> None:
    """As Parquet; only columns that repeat themselves are worth a dictionary, and coordinates never get smaller."""
    names = table.column_names
    plain = [field.name for field in table.schema if pa.types.is_floating(field.type)]
    plain += ["polygon.list.element", *(name for name in names if name == "data")]
    pq.write_table(
        table,
        file,
        use_dictionary=[name for name in ("split", "status", "annotator") if name in names],
        compression=dict.fromkeys(names, "snappy") | dict.fromkeys(plain, "none"),
        write_statistics=[name for name in names if name not in plain],
    )


def _tell(job: Job[Any], wrong: Sequence[str]) -> None:
    if wrong:
        files = f"{wrong[0]} and {counted(len(wrong) - 1, 'other file')}" if wrong[1:] else wrong[0]
        job.report.say(f"mended in the version: {files}; what was there is in {job.folder / ASIDE}")


def _refresh(folder: Path, scratch: Path) -> None:
    """The tables and the accounts: who drew what, and links, may change while the content stays the same."""
    for file in ("images.parquet", "instances.parquet", "conversion.json", "card.md"):
        (scratch / file).replace(folder / file)


def _point_latest(datasets: Path, version: str) -> None:
    scratch = datasets / f".latest-{os.getpid()}"
    scratch.unlink(missing_ok=True)
    scratch.symlink_to(version)
    make_newest(scratch, datasets.parent.glob("*/latest"))  # which data set was worked on last
    scratch.replace(datasets / "latest")


def _result(folder: Path, done: Account, notes: list[str]) -> Result:
    kept = done["kept"]
    splits = ", ".join(f"{count:,} {split}" for split, count in kept["images_in"].items())
    figures = {"images": kept["images"], "backgrounds": kept["backgrounds"], "objects": kept["objects"]}
    figures |= {action: sum(map(len, done[action].values())) for action in ("dropped", "changed", "excluded")}
    figures |= {f"objects/{name}": count for name, count in kept["objects_of"].items()}
    summary = f"version {folder.name}: {kept['objects']:,} objects on {kept['images']:,} images ({splits})"
    files = [folder / name for name in ("card.md", "conversion.json", "data.yaml")]
    return Result(folder, folder.name, summary, figures, {"dataset": files}, [*notes, *sentences(done)], kept["images"])


def write_labels(folder: Path, files: Sequence[str], labels: Sequence[bytes]) -> None:
    """<split>/<stem>.txt for each image. Raw descriptors, since this is most of a conversion's time."""
    directory = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for name, label in zip(files, labels, strict=True):
            _write(f"{name.rpartition('.')[0]}.txt", label, directory)
    finally:
        os.close(directory)


def _write(name: str, label: bytes, directory: int) -> None:
    try:
        opened = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, READ_ONLY, dir_fd=directory)
    except FileExistsError:  # by a machine that was lost while it made this part
        _write(scratch := _beside(name), label, directory)
        os.replace(scratch, name, src_dir_fd=directory, dst_dir_fd=directory)
        return
    written = os.write(opened, label)
    os.close(opened)
    if written < len(label):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), name)


def _beside(name: str) -> str:
    place, _, last = name.rpartition("/")
    return f"{place}/.{os.urandom(8).hex()}-{last}"


def link_images(folder: Path, images: pa.Table, store: Path) -> None:
    """<split>/<stem>.<ext> as hard links into the store; copies where the file system has none."""
    for file, sha256 in zip(images["file"].to_pylist(), images["sha256"].to_pylist(), strict=True):
        _link(stored(store, sha256, f".{file.rpartition('.')[2]}"), folder / file)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except FileExistsError:  # by a machine that was lost while it made this part
        scratch = target.parent / _beside(target.name).lstrip("/")
        _link(source, scratch)
        scratch.replace(target)
        scratch.unlink(missing_ok=True)  # of two links to one file, neither replaces the other
    except OSError:
        shutil.copyfile(source, target)


def data_yaml(classes: Sequence[str]) -> str:
    """The file that Ultralytics trains from; without `path`, everything is relative to its own folder."""
    places = {split: f"images/{split}" for split in SPLITS}
    return yaml.safe_dump({**places, "names": dict(enumerate(classes))}, sort_keys=False, allow_unicode=True)
