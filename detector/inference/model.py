"""Which model is to be used, and from which score on what it says counts."""

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from detector.data import deployed
from detector.data.evaluation import Evaluation
from detector.data.places import RUNS
from detector.data.runs import outputs_of
from detector.data.trained import Trained
from detector.errors import UsageError, did_you_mean
from detector.system.files import read_json, sha256_of

CHAMPION, CHECKPOINT = "champion", "checkpoint"
ENDINGS = (".onnx", ".xml", ".torchscript", ".param", ".engine")  # of what an export gives to run
FOLDERS = ("_openvino_model", "_ncnn_model")  # and of what Ultralytics' own exporter does
UNKNOWN = 0.25  # the score that Ultralytics takes where nobody says another


class Model(NamedTuple):
    """A model's file, what to call it, and the score of its operating point, where one is known."""

    title: str
    file: Path
    score: float | None

    def counts_from(self, asked: float | None) -> float:
        """The score from which on an object counts: what was asked for, or else what was measured."""
        return asked if asked is not None else UNKNOWN if self.score is None else self.score

    def described(self, score: float, classes: list[str]) -> dict[str, Any]:
        """The model for whoever reads what it saw, from `score` on."""
        return {"name": self.title, "file": str(self.file), "score": score, "classes": classes}


def find(which: str, using: str, name: str) -> Model:
    """The champion of pipeline `name`, or the model of a run. `using` is its checkpoint, or what was exported from it.

    Raises:
        UsageError: There is none of that name, or it has no such export here.
    """
    title, folders, evaluation = _champion(name) if which == CHAMPION else _run(which)
    if using not in folders:
        hint = did_you_mean(using, folders) or f"; there is {', '.join(folders)}"
        raise UsageError(f"{title} has no {using} here{hint}")
    return Model(title, runnable(folders[using]), _score(evaluation))


def given(which: Path) -> Model | None:
    """A model by its file, whose operating point the sidecar beside it tells; None where that names no file."""
    file = which.absolute()
    if not file.is_file() and not (file.is_dir() and _is_one(file)):
        return None
    sidecar = read_json(file.with_name(f"{file.name}.json"))
    return Model(file.name, runnable(file), _score_of(sidecar))


def digest_of(model: Model, score: float, *more: object) -> str:
    """8 hex digits of its weights, the score from which an object counts, and `more`; predictions are named by them."""
    known = json.dumps([_content(model.file.resolve()), score, *more], sort_keys=True)
    return hashlib.sha256(known.encode()).hexdigest()[:8]


@lru_cache(4)
def _content(model: Path) -> tuple[str, ...]:
    """The SHA-256 of a file, or of each file in a folder."""
    files = [model] if model.is_file() else sorted(file for file in model.rglob("*") if file.is_file())
    return tuple(sha256_of(file.resolve()) for file in files)


def runnable(place: Path) -> Path:
    """The model itself: `place`, or what lies in that folder.

    Raises:
        UsageError: There is none, or none that is run here.
    """
    file = place if not place.is_dir() or _is_one(place) else next(filter(_is_one, sorted(place.iterdir())), None)
    if file is None or not file.exists():
        raise UsageError(f"{place} has no model in it; `detector run` makes one")
    return file


def _is_one(file: Path) -> bool:
    return file.name.endswith(FOLDERS if file.is_dir() else ENDINGS)


def _champion(name: str) -> tuple[str, dict[str, Path], Path]:
    deployment, folder = deployed.read(name), deployed.folder_of(name)
    if deployment is None:
        raise UsageError(f"{name} has no champion here yet; `detector run` names one, or name a run: --model RUN")
    exports = {place.partition("/")[0]: folder / place.partition("/")[0] for place in deployment.files if "/" in place}
    folders = {CHECKPOINT: folder / f"{name}.pt", **exports}
    return f"champion, version {deployment.version}", folders, folder


def _run(which: str) -> tuple[str, dict[str, Path], Path | None]:
    run = RUNS / Path(which).name
    outputs = outputs_of(run)
    if "train" not in outputs:
        known = [folder.name for folder in RUNS.glob("[!.]*/")]
        hint = did_you_mean(run.name, known) or "; `detector status` lists the runs"
        raise UsageError(f"{which} is no file, and no run of that name has trained{hint}")
    exports = {step.removeprefix("export."): place for step, place in outputs.items() if step.startswith("export.")}
    folders = {CHECKPOINT: Trained(outputs["train"]).best, **exports}
    return f"run {run.name}", folders, outputs.get("evaluate")


def _score(evaluation: Path | None) -> float | None:
    if evaluation is None or not Evaluation(evaluation).file.exists():
        return None
    return Evaluation(evaluation).measured.score


def _score_of(sidecar: Any) -> float | None:
    try:
        return float(sidecar["operating_point"]["score"])
    except (TypeError, KeyError, ValueError):
        return None
