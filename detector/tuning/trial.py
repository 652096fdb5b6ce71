"""One training of a study: by the code of the train stage, recorded, pruned if it is asked for, and measured on val."""

import gc
import logging
import shutil
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from detector.config.pipeline import Config, Step
from detector.data.dataset import Split
from detector.data.evaluation import Evaluation
from detector.data.places import DATASETS, FIFTYONE
from detector.data.trained import Trained
from detector.record import Training, Tuning
from detector.reporting.terminal import Terminal
from detector.stages import Job, Result
from detector.stages.train._failures import Diverged
from detector.terms import counted
from detector.tuning.workers import Work

if TYPE_CHECKING:
    from optuna import Trial

WATCHED = "val/mAP50-95"  # what Ultralytics measures in every epoch, and prunes by
BEFORE = "run"  # an attribute of a trial: its run in the record
PLACE = "folder"  # an attribute of a trial: the folder that it works in
log = logging.getLogger(__name__)


class Pruned(Exception):
    """A training that is given up: it would not come to the best. `why` ends a sentence on the trial."""


class Wanted(NamedTuple):
    """A training: its title, its arguments beside those of the pipeline, its seed, and whether to prune.

    `shown` is beside the progress bar: how far the study is.
    """

    title: str
    shown: str
    values: Mapping[str, Any]
    seed: int
    prune: bool


@dataclass(frozen=True)
class Bench:
    """What all trainings of a study have in common. `split` is val of the version that `inputs` hold."""

    config: Config
    step: Step
    inputs: Mapping[str, Result]
    split: Split
    folder: Path
    record: Tuning
    terminal: Terminal
    work: Work

    @property
    def seed(self) -> int:
        """The seed of every trial: that of the pipeline."""
        return int(self.step.options.model_dump()["seed"])

    def waits(self, trainings: int) -> None:
        """Others are at work on what is left."""
        self.terminal.line("", f"waits for {counted(trainings, 'training')} of other workers")

    def evaluated(self, trial: "Trial", wanted: Wanted, put_back: Callable[["Trial"], None]) -> Evaluation:
        """Train, and measure. What an earlier try of the trial had done is taken up; a stop puts the trial back first.

        Raises:
            Pruned: It was given up, or diverged.
        """
        gc.collect()  # what a training held that was given up
        folder = self._taken_up(trial)
        before = trial.user_attrs.get(BEFORE)
        given_up = None
        with self.record.training(wanted.title, folder, before) as training:
            trial.set_user_attr(BEFORE, training.run_id)
            try:
                evaluation = self._measured(folder, wanted, _Report(self.terminal, training, trial, wanted))
                training.metrics({f"tune/{name}": value for name, value in evaluation.measured.metrics.items()}, 0)
            except Pruned as why:
                given_up = why
                training.tags({"detector.pruned": str(why)})
            except Exception:
                raise
            except BaseException:  # a stop leaves ten seconds, and the record may need them all
                put_back(trial)
                raise
        shutil.rmtree(folder / "train" / "weights", ignore_errors=True)
        if given_up is not None:
            raise given_up
        return evaluation

    def _taken_up(self, trial: "Trial") -> Path:
        """The folder of the trial: that of the try before, renamed, so that who was slow to die has it no more."""
        folder, before = self.folder / f"{trial.number:04}", trial.user_attrs.get(PLACE)
        shutil.rmtree(folder, ignore_errors=True)  # of a database that somebody has deleted
        if before is not None and (self.folder / before).exists():
            (self.folder / before).rename(folder)
        trial.set_user_attr(PLACE, folder.name)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _measured(self, folder: Path, wanted: Wanted, report: "_Report") -> Evaluation:
        from detector.measure.evaluate import Weights, evaluate

        evaluation = Evaluation(folder / "val")
        if evaluation.file.exists():  # only telling it was cut short
            return evaluation
        try:
            result = self.step.backend.run(self._job(folder / "train", wanted, report))
        except Diverged as error:
            if not wanted.prune:
                raise
            raise Pruned("its training diverged") from error
        trained = Trained(result.path)
        evaluation.folder.mkdir(exist_ok=True)
        weights = Weights(trained.best, trained.made_from.fingerprint)
        with report.progress("val", self.split.images) as advance:
            return evaluate(weights, self.split, evaluation.folder, advance)

    def _job(self, folder: Path, wanted: Wanted, report: "_Report") -> Job[Any]:
        options: Any = self.step.options
        folder.mkdir(exist_ok=True)
        arguments = {**options.options, **wanted.values, "plots": False}
        return Job(
            pipeline=self.config,
            options=options.model_copy(update={"options": arguments, "seed": wanted.seed, "tune": None}),
            inputs=self.inputs,
            source=None,
            datasets=DATASETS / self.config.name,
            folder=folder,
            fiftyone=FIFTYONE,
            report=report,
            registry=report.training.registry,
        )


class _Report:
    """A Report of one training: to the record, to the log, and to Optuna, which may prune it."""

    def __init__(self, terminal: Terminal, training: Training, trial: "Trial", wanted: Wanted) -> None:
        self.terminal, self.training, self.trial, self.wanted = terminal, training, trial, wanted
        self.parameters = training.parameters

    def say(self, line: str) -> None:
        log.info("%s: %s", self.wanted.title, line)

    def progress(self, title: str, total: int) -> AbstractContextManager[Callable[[int], None]]:
        return self.terminal.progress(f"{title}, {self.wanted.shown}", total)

    def metrics(self, values: Mapping[str, float], step: int = 0) -> None:
        self.training.metrics(values, step)
        if WATCHED not in values:
            return
        self.trial.report(values[WATCHED], step)
        if self.wanted.prune and self.trial.should_prune():
            raise Pruned(f"after epoch {step}, at {WATCHED.removeprefix('val/')} {values[WATCHED]:.4f}")
