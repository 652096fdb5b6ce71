"""The champion as files, for whoever deploys it: no MLflow is needed. They are what was deployed, or made again.

models/<name>/
    champion -> 3-5f1e0c7a    a link, so that all of it is replaced at once
    3-5f1e0c7a/               version, and 8 hex digits of what is in it; the one before stays until the next
        champion.json         {"schema": 1, "model": "<name>", "version": "3", "run": "20261124T…",
                               "files": {"onnx/<name>.onnx": "<sha256>", …}}
        <name>.pt             the weights
        evaluation.json       what was measured of them (see detector.data.evaluation)
        onnx/, tensorrt_rtx/, …    what each export made, with its sidecars
"""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

from detector.data import champion
from detector.data.places import MODELS, RESULTS
from detector.system.files import read_as, read_json, scratch_folder, sha256_of, write_whole
from detector.system.stamps import changed as stamps_changed
from detector.system.stamps import count, stamp

LINK = "champion"
_FILE = "champion.json"


@dataclass(frozen=True)
class Deployed:
    """champion.json; see the top of the file."""

    model: str
    version: str
    run: str
    files: Mapping[str, str]


def folder_of(name: str) -> Path:
    """Where the champion of pipeline `name` lies, if there is one."""
    return MODELS / name / LINK


def read(name: str) -> Deployed | None:
    """What lies there; None where nothing does, or what can't be read."""
    return read_as(Deployed, folder_of(name) / _FILE)


def place_of(name: str, folder: str, file: str) -> str | None:
    """Where a file of a run's record (its folder there, and its name) lies among the champion's; None: nowhere."""
    kind, _, variant = folder.partition("/")
    if kind == "export" and not file.endswith(".log"):
        return f"{variant}/{file}"
    if (kind, file) == ("weights", "best.pt"):
        return f"{name}.pt"
    return file if (kind, file) == ("evaluate", "evaluation.json") else None


def deploy(name: str, version: str, run: str, files: Mapping[str, Path]) -> Path:
    """Make `files` (place below the folder → where it is now) the champion's, all at once; gives the folder."""
    hashes = {place: sha256_of(file) for place, file in sorted(files.items())}
    before = read(name)
    same = before is not None and (before.version, before.files) == (version, hashes)
    deployment = before if before and same else Deployed(name, version, run, hashes)
    content = sha256(json.dumps([version, hashes]).encode()).hexdigest()[:8]
    parent, target = MODELS / name, f"{version}-{content}"
    if _wrong(parent / target, hashes):
        with scratch_folder(parent) as scratch:
            for place, file in files.items():
                (scratch / place).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, scratch / place)
            write_whole(
                scratch / _FILE, json.dumps({"schema": 1, **asdict(deployment)}, indent=1, ensure_ascii=False) + "\n"
            )
            shutil.rmtree(parent / target, ignore_errors=True)
            scratch.rename(parent / target)
    _point(parent, target)
    known = {parent / LINK / place: sha256 for place, sha256 in hashes.items()}
    _stamps(name).parent.mkdir(parents=True, exist_ok=True)
    stamp(_stamps(name), [*known, parent / LINK / _FILE], known)
    return parent / LINK


def changed(name: str) -> list[str]:
    """The champion's files that are not as they were left, by a look at each; all is well without a champion."""
    return stamps_changed(_stamps(name)) if champion.read(name) else []


def read_whole(name: str) -> tuple[int, list[str]] | None:
    """How many files there are, and which are not what was deployed; all are read. None where nothing was deployed."""
    file = _stamps(name)
    return (count(file), stamps_changed(file, thorough=True)) if file.exists() else None


def _stamps(name: str) -> Path:
    return RESULTS / name / "deployed.stamps"


def _wrong(folder: Path, hashes: Mapping[str, str]) -> bool:
    """Whether a folder holds anything but these files."""
    try:
        return read_json(folder / _FILE) is None or any(sha256_of(folder / place) != hashes[place] for place in hashes)
    except OSError:
        return True


def withdraw(name: str) -> None:
    """There is no champion any more."""
    shutil.rmtree(MODELS / name, ignore_errors=True)
    for file in RESULTS.glob(f"{name}/{_stamps(name).name}*"):
        file.unlink()


def _point(parent: Path, target: str) -> None:
    link = parent / LINK
    before = link.readlink().name if link.is_symlink() else ""
    if before != target:
        scratch = parent / f".link-{os.getpid()}"
        scratch.unlink(missing_ok=True)
        scratch.symlink_to(target)
        scratch.replace(link)
    for folder in parent.iterdir():
        if folder.name not in {LINK, target, before} and folder.is_dir() and not folder.is_symlink():
            shutil.rmtree(folder, ignore_errors=True)
