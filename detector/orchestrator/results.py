"""What was done already: each step's Result, kept by the key of its ingredients.

runs/results/<name>/<step>/
    <key>.json       paths in it are relative to the project, so that it can be moved
    <key>.stamps     the files that it stands on, as they were left (detector.system.stamps)
    <key>.stamps.hashes
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from detector.orchestrator.fingerprint import Ingredients
from detector.stages import Kept, Result
from detector.system import stamps
from detector.system.files import by_age, make_newest, read_json, write_whole
from detector.system.looks import Seen
from detector.terms import counted

STAMPS = ".stamps"


class Made(NamedTuple):
    """What a step gave, what it was made from, and the files that it stands on."""

    result: Result
    made_from: Ingredients
    kept: Kept


class Lost(NamedTuple):
    """No result that can be taken: why not, where there was one, and its files that are not what they were."""

    why: list[str]
    files: list[str]


def find(folder: Path, step: str, key: str, seen: Seen) -> Result | Lost:
    """The result of `step` under `key`, if what it gave is still there and is what it was.

    How files look that are as they were left is added to `seen`.
    """
    file = folder / step / f"{key}.json"
    content = _content(file)
    result = _result(content)
    if result is None:
        return Lost([f"{file} is not as it was left"] if content is None and file.exists() else [], [])
    wrong = stamps.changed(file.with_suffix(STAMPS), seen=seen)
    return Lost([_not_as_left(wrong)], wrong) if wrong else result


def damaged(folder: Path, keys: Mapping[str, str]) -> list[str]:
    """The files that are not as they were left of the results that these steps have under these keys."""
    files = (folder / step / f"{key}{STAMPS}" for step, key in keys.items())
    return [path for file in files if file.exists() for path in stamps.changed(file)]


def _not_as_left(paths: Sequence[str]) -> str:
    if len(paths) == 1:
        return f"{paths[0]} is not as it was left"
    return f"{paths[0]} and {counted(len(paths) - 1, 'other file')} are not as they were left"


def newest(folder: Path, step: str) -> Result | None:
    """The result of `step` that was used last, whatever it was made from."""
    results = (_result(_content(file)) for file in reversed(_by_age(folder / step)))
    return next((result for result in results if result), None)


def before(folder: Path, step: str, made_from: Ingredients | None) -> Result | None:
    """What `step` gave the last time, if that was with the same options and is still there."""
    contents = (_content(file) for file in reversed(_by_age(folder / step)))
    last = next((content for content in contents if content), None)
    same = last and made_from and last["ingredients"]["options"] == made_from["options"]
    return _result(last) if same else None


def files_of(result: Path) -> list[Path]:
    """A result's own file, and those beside it that tell of its files."""
    return [result, *sorted(result.parent.glob(f"{result.stem}{STAMPS}*"))]


def read_whole(folder: Path, step: str) -> tuple[int, list[str]] | None:
    """How many files the newest result of `step` stands on, and which are not as they were left; all are read.

    None where nothing is known of its files.
    """
    files = _by_age(folder / step)
    stamped = files[-1].with_suffix(STAMPS) if files else None
    return (stamps.count(stamped), stamps.changed(stamped, thorough=True)) if stamped and stamped.exists() else None


def _content(file: Path) -> Any:
    """What was kept; None where nothing was, or where it is not as it was written."""
    content = read_json(file)
    return content if content and content.get("check") in (None, _check(content)) else None


def _result(content: Any) -> Result | None:
    """The result, if what it gave is still there."""
    if content is None:
        return None
    kept = dict(content["result"])
    artifacts = {place: [Path(name) for name in names] for place, names in kept.pop("artifacts").items()}
    result = Result(**{**kept, "path": Path(kept["path"])}, artifacts=artifacts)
    return result if result.path.exists() else None


def _check(content: Mapping[str, Any]) -> str:
    """Tells whether a result is as it was written: a byte that was changed may well leave JSON."""
    parts = [content.get(name) for name in ("ingredients", "result")]
    return sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def _by_age(folder: Path) -> list[Path]:
    return by_age(folder.glob("*.json"))


def keep(folder: Path, step: str, key: str, made: Made) -> None:
    """Remember what a step gave."""
    (folder / step).mkdir(parents=True, exist_ok=True)
    content = {"ingredients": made.made_from, "result": _plain(asdict(made.result))}
    file = folder / step / f"{key}.json"
    kept = made.kept
    stamps.stamp(file.with_suffix(STAMPS), kept.files, kept.hashes, kept.folders)
    write_whole(file, json.dumps(content | {"check": _check(content)}, indent=1, ensure_ascii=False))
    touch(folder, step, key)


def touch(folder: Path, step: str, key: str) -> None:
    """Remember that the result was of use again: the newest is the one that was used last, whatever the clock says."""
    with suppress(FileNotFoundError):
        make_newest(folder / step / f"{key}.json", (folder / step).glob("*.json"))


def last_ingredients(folder: Path, step: str) -> Ingredients | None:
    """What the newest result of `step` was made from."""
    contents = (_content(file) for file in reversed(_by_age(folder / step)))
    return next((content["ingredients"] for content in contents if content), None)


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list | tuple) else value
