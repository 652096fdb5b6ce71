"""Who is champion, as the registry said when it was last asked: asking it takes seconds, and this a moment.

runs/results/<name>/champion.json
    {"schema": 1,
     "version": "3",                       of the registered model <name>
     "metrics": {"mAP50-95": 0.661, …},    as they were measured on the test split
     "since": "2026-11-24T10:23:23Z"}      when it was first seen here as champion
There is no such file while there is no champion.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path

from detector.data.places import RESULTS
from detector.system.files import read_as, write_whole


@dataclass(frozen=True)
class Champion:
    """See the top of the file."""

    version: str
    metrics: Mapping[str, float]
    since: str


def read(name: str) -> Champion | None:
    """The champion of pipeline `name`; None while there is none."""
    return read_as(Champion, file_of(name))


def note(name: str, version: str | None, metrics: Mapping[str, float]) -> None:
    """Remember that `version` is champion, or with None that there is none."""
    before, metrics = read(name), {key: value for key, value in metrics.items() if isfinite(value)}
    if version is None:
        file_of(name).unlink(missing_ok=True)
    elif before is None or (before.version, before.metrics) != (version, metrics):
        since = before.since if before and before.version == version else f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        file_of(name).parent.mkdir(parents=True, exist_ok=True)
        content = {"schema": 1, **asdict(Champion(version, metrics, since))}
        write_whole(file_of(name), json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def file_of(name: str) -> Path:
    """Where that is kept."""
    return RESULTS / name / "champion.json"
