"""detector from Python, for notebooks and programs. `import detector` offers these names, and loads them when asked.

A pipeline's paths are relative to its folder. So each function works there, and comes back.
"""

import contextlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from detector.commands.compare import compare as _between
from detector.commands.status import status as _status
from detector.config.load import load
from detector.config.pipeline import Config
from detector.data.dataset import Dataset
from detector.data.evaluation import Evaluation
from detector.data.places import enter
from detector.orchestrator.loop import run as _run
from detector.orchestrator.plan import Choice
from detector.orchestrator.plan import plan as _plan
from detector.reporting.ending import Ending
from detector.reporting.outcome import Done
from detector.reporting.terminal import Terminal

__all__ = ["Dataset", "Evaluation", "Predicted", "Run", "Step", "compare", "plan", "predict", "run", "status"]

PIPELINE = "pipeline.yaml"
Place = str | Path


class Step(NamedTuple):
    """What a step of a run gave: a sentence, figures by name, its folder, and whether it was done before already."""

    summary: str
    figures: Mapping[str, float]
    path: Path
    skipped: bool


@dataclass(frozen=True)
class Run:
    """A run that has ended: `done` or `unchanged`; its folder, where it has one; its steps by name."""

    status: str
    folder: Path | None
    steps: Mapping[str, Step]

    @property
    def dataset(self) -> Dataset:
        """The dataset version that it worked with. Raises KeyError where it ended before `convert`."""
        return Dataset(self.steps["convert"].path)

    @property
    def evaluation(self) -> Evaluation:
        """What was measured of its model. Raises KeyError where it ended before `evaluate`."""
        return Evaluation(self.steps["evaluate"].path)


class Predicted(NamedTuple):
    """A picture, or a frame of a video (its number from 1): what was seen on it, best score first.

    Each object has `class`, `class_id`, `score`, `box` (left, top, width, height in pixels) and, of a segmentation
    model, `polygon`. `problem` says why a picture could not be looked at.
    """

    file: Path
    number: int | None
    objects: list[dict[str, Any]]
    problem: str | None = None


def run(
    pipeline: Place = PIPELINE, settings: Mapping[str, Any] | None = None, *, last: str = "promote",
    forced: Sequence[str] = (), quiet: bool = False,
) -> Run:  # fmt: skip
    """Do what pipeline.yaml says, if it is not done yet: `detector run`.

    `settings` are values by their place, as `--set` takes them: {"train.epochs": 3}.

    Raises:
        UsageError: the pipeline is wrong.
        DetectorError: a step failed, or a gate refused.
    """
    terminal = Terminal(io.StringIO() if quiet else None)
    told = Ending(Path(pipeline), None, 0, lambda text: terminal.line("warning", text))
    with told as ending, _opened(pipeline, settings) as config:
        outcome = _run(config, Choice("pull", last, frozenset(forced)), terminal, 0.0, ending.of(config))
        folder = outcome.folder and outcome.folder.absolute()
        return Run(outcome.status, folder, {done.name: _step(done) for done in outcome.steps})


def _step(done: Done) -> Step:
    return Step(done.result.summary, dict(done.result.figures), done.result.path.absolute(), done.skipped)


def plan(pipeline: Place = PIPELINE, settings: Mapping[str, Any] | None = None) -> dict[str, list[str]]:
    """Each step that `run` would do, and why: `detector plan`. Raises UsageError where the pipeline is wrong."""
    with _opened(pipeline, settings) as config:
        planned = list(_plan(config, Choice("pull", "promote", frozenset())))
    return {each.step.name: list(each.why) for each in planned if each.why is not None}


def compare(before: str = "champion", after: str | None = None, pipeline: Place = PIPELINE) -> dict[str, Any]:
    """Two models on the same images, as `detector compare --json` has it. Raises UsageError where one is not there."""
    with _opened(pipeline) as config:
        return _between(before, after, config)


def status(folder: Place = ".") -> dict[str, Any]:
    """The champion, the last runs and the datasets of a project, as `detector status --json` has it."""
    with _working_in(Path(folder)):
        return _status()


def predict(
    pictures: Place | Sequence[Place], model: str = "champion", pipeline: Place = PIPELINE, *,
    using: str = "checkpoint", score: float | None = None,
) -> Iterator[Predicted]:  # fmt: skip
    """What a model sees on pictures, in folders of them, and in videos, one by one: `detector predict`.

    `model` is `champion`, a run, or a file; `score` that from which on an object counts, or else the model's own.

    Raises:
        UsageError: there is no such model, or nothing to look at.
    """
    from detector.inference.model import find, given
    from detector.inference.pictures import Unread, frames, listed
    from detector.inference.predictors import predictor
    from detector.inference.seen import seen
    from detector.inference.written import in_pixels
    from detector.system.cache import CACHE

    places = [pictures] if isinstance(pictures, str | Path) else pictures
    sources = listed([Path(place).absolute() for place in places])
    chosen = given(Path(model))
    if chosen is None:
        with _opened(pipeline) as config:
            found = find(model, using, config.name)
            chosen = found._replace(file=found.file.absolute())
    CACHE.mkdir(parents=True, exist_ok=True)
    sees = predictor(chosen.file, chosen.counts_from(score), CACHE / "notebook.log")
    for each in seen(frames(sources), sees):
        if isinstance(each, Unread):
            yield Predicted(Path(each.file), None, [], each.why)
        else:
            height, width = each.frame.pixels.shape[:2]
            objects = [in_pixels(one, width, height, sees.classes) for one in each.objects]
            yield Predicted(each.frame.source.file, each.frame.number, objects)


@contextlib.contextmanager
def _opened(pipeline: Place, settings: Mapping[str, Any] | None = None) -> Iterator[Config]:
    """The pipeline, checked; meanwhile this process works in its folder."""
    path = Path(pipeline)
    overrides = [f"{place}={json.dumps(value)}" for place, value in (settings or {}).items()]
    with _working_in(path.parent):
        yield load(Path(path.name), overrides, shown=path)


@contextlib.contextmanager
def _working_in(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    enter(folder)
    try:
        yield
    finally:
        enter(before)
