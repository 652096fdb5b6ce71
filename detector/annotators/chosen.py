"""The model that speaks to the annotators: its file, what was measured of it, and the name of its version."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from detector.data import deployed
from detector.data.evaluation import Evaluation
from detector.data.places import RUNS
from detector.data.runs import output_of
from detector.inference.model import CHAMPION, Model, digest_of, find, given


class Wanted(NamedTuple):
    """As `predict` takes it: which model, what was exported from it, and from which score on an object counts."""

    which: str = CHAMPION
    using: str = "checkpoint"
    score: float | None = None


class Chosen:
    """The wanted model of the pipeline called `name`. Raises UsageError where there is none."""

    def __init__(self, wanted: Wanted, name: str) -> None:
        self._wanted, self._name = wanted, name
        file = given(Path(wanted.which))
        self._is_file = file is not None
        self.model: Model = file or find(wanted.which, wanted.using, name)
        self.score = self.model.counts_from(wanted.score)

    @cached_property
    def evaluation(self) -> Evaluation | None:
        """What was measured of it, where that is still here with its predictions."""
        run = None if self._is_file else self._run()
        folder = output_of(run, "evaluate") if run else None
        evaluation = Evaluation(folder) if folder else None
        return evaluation if evaluation and all(file.exists() for file in evaluation.files) else None

    def _run(self) -> Path | None:
        if self._wanted.which != CHAMPION:
            return RUNS / Path(self._wanted.which).name
        deployment = deployed.read(self._name)
        return RUNS / deployment.run if deployment else None

    def version(self, prefix: str, *more: object) -> str:
        """`<prefix><champion's version, run or file>-<8 hex digits>`: of its weights, its score, and `more`."""
        what = self.model.file.name if self._is_file else Path(self._wanted.which).name
        deployment = deployed.read(self._name) if self._wanted.which == CHAMPION and not self._is_file else None
        called = deployment.version if deployment else what
        return f"{prefix}{called}-{digest_of(self.model, self.score, *more)}"


def prefix_of(name: str) -> str:
    """What the versions of a pipeline's predictions begin with: those with it are ours."""
    return f"detector/{name}/"


def doubts_prefix_of(name: str) -> str:
    """The same of what `review` puts on annotated tasks."""
    return f"detector-review/{name}/"


def labels_by_class(names: Sequence[str], classes: Mapping[str, Sequence[str]], labels: Mapping[str, int]) -> list[int]:
    """How many labels mean each of a model's classes. `labels`: how many there are of each label."""
    return [sum(labels.get(label, 0) for label in classes.get(name, (name,))) for name in names]
