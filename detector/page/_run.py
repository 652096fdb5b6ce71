"""What the page is told of a run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from detector.data import comparison
from detector.data.comparison import Comparison
from detector.data.dataset import Dataset
from detector.data.evaluation import Evaluation
from detector.errors import UsageError
from detector.reporting.outcome import Done
from detector.stages import Result


@dataclass(frozen=True)
class Failure:
    """How a run ended that did not end well: in which step, if in one; whether a gate refused; and what a person reads.

    `evidence` are the files that a gate shows.
    """

    step: str | None
    refused: bool
    message: str
    evidence: Sequence[Path] = ()


@dataclass(frozen=True)
class Run:
    """A run of the pipeline `name` in `folder`: its steps so far, its dataset version, and how it failed, if it did.

    `resolved` is the pipeline as YAML without secrets.
    """

    name: str
    folder: Path
    steps: Sequence[Done]
    dataset: Dataset | None
    resolved: str
    failure: Failure | None = None

    @cached_property
    def results(self) -> Mapping[str, Result]:
        """What each step gave, by its name."""
        return {step.name: step.result for step in self.steps}

    @cached_property
    def evaluation(self) -> Evaluation | None:
        """What was measured; None where nothing was, or where it can't be read any more."""
        result = self.results.get("evaluate")
        if result is None or self.dataset is None:
            return None
        evaluation = Evaluation(result.path)
        try:
            return evaluation if evaluation.measured.classes == self.dataset.classes else None
        except (UsageError, OSError):  # of another version of this program, or not there any more
            return None

    @cached_property
    def comparison(self) -> Comparison | None:
        """What promote compared; None where nothing was, or where it can't be read any more."""
        result = self.results.get("promote")
        try:
            return None if result is None or self.evaluation is None else comparison.read(result.path)
        except (UsageError, OSError):
            return None

    @property
    def evidence(self) -> Sequence[Path]:
        """The files that a gate shows."""
        return self.failure.evidence if self.failure else ()
