"""What a search for training arguments has come to, told without opening its database, which takes a second.

runs/tune/<name>/
    studies.db              Optuna's database: every trial of every study of the pipeline
    workers                 a lock that each worker shares while it lives
    <study>/                12 hex digits of what it searches on: data version, options of train, space
        study.json          {"schema": 1, "study": "3f2a…", "dataset": "b3a7f86867bd", "metric": "mAP50-95",
                             "asked": 20, "finished": 7, "pruned": 2, "failed": 0, "running": 1,
                             "space": {"lr0": "0.0001 to 0.01, log"},
                             "own": 0.601,                  what the pipeline's own arguments reach on val, or null
                             "best": {"trial": 5, "value": 0.612, "values": {"lr0": 0.0031}},     or null
                             "verdict": null,               until it is decided; see Verdict
                             "updated": "2026-11-24T10:23:23Z"}
        log
        0007/               a trial: Ultralytics' table and log, val/ with what was measured (an Evaluation)
        seeds/0002/         one of the trainings with further seeds, alike
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from detector.data.places import RUNS
from detector.system.files import by_age, make_newest, read_json, write_whole

SCHEMA = 1
STUDIES = RUNS / "tune"
_FILE = "study.json"


@dataclass(frozen=True)
class Best:
    """A trial, what it reached on val, and the arguments that it had."""

    trial: int
    value: float
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Candidate:
    """A trial beside the pipeline's own arguments, both trained with each seed, on val.

    `before` and `after` are the means over the seeds, the interval (low, high) that of their difference, and `better`
    is how likely the difference is above 0, by images and by seeds.
    """

    trial: int
    values: Mapping[str, Any]
    before: float
    after: float
    low: float
    high: float
    better: float


@dataclass(frozen=True)
class Verdict:
    """Which trial won, if one did (`winner` is null where the defaults stay), and why."""

    winner: int | None
    values: Mapping[str, Any]
    seeds: list[int]
    candidates: list[Candidate]
    why: str


@dataclass(frozen=True)
class Study:
    """See the top of the file."""

    study: str
    dataset: str
    metric: str
    asked: int
    finished: int
    pruned: int
    failed: int
    running: int
    space: Mapping[str, str]
    own: float | None
    best: Best | None
    verdict: Verdict | None
    updated: str


def folder_of(name: str, study: str) -> Path:
    """Where a study of pipeline `name` lies."""
    return STUDIES / name / study


def database_of(name: str) -> Path:
    """Where Optuna keeps the studies of pipeline `name`."""
    return STUDIES / name / "studies.db"


def workers_of(name: str) -> Path:
    """The lock that the workers of pipeline `name` share."""
    return STUDIES / name / "workers"


def read(name: str, study: str) -> Study | None:
    """A study; None where nothing has been tried, or where another version of this program wrote it."""
    return _read(folder_of(name, study) / _FILE)


def of(name: str) -> list[Study]:
    """The studies of pipeline `name`, the one that was worked on last at the end."""
    studies = (_read(file) for file in by_age(_files(name)))
    return [study for study in studies if study]


def _files(name: str) -> Iterable[Path]:
    return (STUDIES / name).glob(f"*/{_FILE}")


def newest() -> dict[str, Study]:
    """Of each pipeline here the study that was worked on last."""
    studies = {folder.name: of(folder.name) for folder in sorted(STUDIES.glob("*/"))}
    return {name: all_of_it[-1] for name, all_of_it in studies.items() if all_of_it}


def write(name: str, study: Study) -> None:
    """Keep it."""
    folder = folder_of(name, study.study)
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"schema": SCHEMA, **asdict(study)}, indent=1, ensure_ascii=False)
    write_whole(folder / _FILE, text + "\n")
    make_newest(folder / _FILE, _files(name))


def _read(file: Path) -> Study | None:
    written = read_json(file)
    if written is None or written.pop("schema", None) != SCHEMA:
        return None
    best, verdict = written.pop("best"), written.pop("verdict")
    return Study(**written, best=Best(**best) if best else None, verdict=_verdict(verdict) if verdict else None)


def _verdict(written: dict[str, Any]) -> Verdict:
    return Verdict(**written | {"candidates": [Candidate(**each) for each in written["candidates"]]})
