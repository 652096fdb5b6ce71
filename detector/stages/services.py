"""What a stage may touch beside files, and the protocol of each: who tells people, and who keeps models.

A stage never knows who is behind them: the terminal, the record (MLflow), both, or nobody.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from detector.system.progress import Progress


class Report(Protocol):
    """What a stage may say while it works."""

    def say(self, line: str) -> None:
        """One calm line for the person who watches."""
        ...

    @property
    def progress(self) -> Progress:
        """Opens a progress bar."""
        ...

    def parameters(self, values: Mapping[str, object]) -> None:
        """What shaped the output, as it was really used (the record refuses a second, different value)."""
        ...

    def metrics(self, values: Mapping[str, float], step: int = 0) -> None:
        """Numbers measured at `step` (an epoch, counted from 1)."""
        ...


@dataclass(frozen=True)
class ModelVersion:
    """A registered model: its version number, and what was measured of it.

    `fetch` brings its weights here, which may take a while, and gives their path. `test_set` identifies the content of
    the test split that `metrics` were measured on; `evaluation` brings what was kept of that, the folder of an
    Evaluation, and gives None where it is gone.
    """

    number: str
    fetch: Callable[[], Path]
    metrics: Mapping[str, float]
    test_set: str
    evaluation: Callable[[], Path | None] = lambda: None


class Registry(Protocol):
    """Where models are registered and the champion is named."""

    def champion(self) -> ModelVersion | None:
        """The version that now carries the alias `champion`; None when there is none yet.

        Raises UsageError for one that is not ours, or whose weights are gone.
        """
        ...

    def register(self, weights: Path, metrics: Mapping[str, float], test_set: str, learned: str = "") -> str:
        """Register `weights` as a new version and give its number; weights that are known keep theirs.

        `learned` is the fingerprint of what they have learned: a training done again writes another file, and may
        have learned the very same.
        """
        ...

    def name(self, number: str, alias: str) -> None:
        """Give version `number` the alias `champion` or `challenger`; it leaves whichever version had it."""
        ...

    def rolled_back(self, number: str) -> bool:
        """Whether version `number` was champion, and a person took that back."""
        ...
