"""What a run has come to so far, whether or not it has a folder yet."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from detector import stages
from detector.config.pipeline import Config, Step
from detector.data.places import LOCK
from detector.orchestrator import results
from detector.orchestrator.plan import Planned, results_of
from detector.reporting.outcome import Done, Outcome
from detector.reporting.terminal import Terminal
from detector.stages import Result

PIPELINE = "pipeline.yaml"  # in a run's folder, from its beginning on


@dataclass
class State:
    """The pipeline, who is told, the steps to do, and of each that is done its result and its key."""

    config: Config
    terminal: Terminal
    outcome: Outcome
    steps: list[Step]
    inputs: dict[str, Result] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)

    @property
    def kept(self) -> Path:
        """Where the results of this pipeline are kept."""
        return results_of(self.config)

    def used(self) -> Iterator[Path]:
        """What has to stay where it is while the run is at work, as far as it has come."""
        if self.outcome.folder:
            yield self.outcome.folder / PIPELINE
        yield from (done.result.path for done in self.outcome.steps)
        yield LOCK

    def foresee(self) -> None:
        """Raise UsageError for what is done already and rules out that a later step can do its work."""
        for step in self.steps:
            stages.foresee(step.backend, step.options, cast(stages.Pipeline, self.config), self.inputs)

    def taken(self, planned: Planned, result: Result) -> Done:
        """A step whose result is there already: it was of use again."""
        results.touch(self.kept, planned.step.name, planned.key)
        return Done(planned.step.name, result, skipped=True, seconds=0.0)

    def add(self, done: Done) -> None:
        """A step is done, whoever can still be told."""
        self.outcome.steps.append(done)
        self.inputs.setdefault(done.name, done.result)
