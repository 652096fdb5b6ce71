"""The second part of a search: the best trials and the pipeline's own arguments, each with further seeds."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from detector.data.evaluation import Evaluation
from detector.data.studies import Best, Candidate
from detector.measure.paired import pair
from detector.tuning import winner
from detector.tuning.study import Draw, Shared
from detector.tuning.trial import PLACE, Bench, Wanted

if TYPE_CHECKING:
    from optuna import Trial
    from optuna.samplers import BaseSampler
    from optuna.trial import FrozenTrial

OF, SEED = "of", "seed"  # attributes: the trial that is trained again, and with what seed
DEFAULTS = -1  # stands for the pipeline's own arguments
Pair = tuple[int, int]  # trial, seed


@dataclass(frozen=True)
class Seeds:
    """Trainings of `values` by trial, with each of the `seeds`."""

    bench: Bench
    shared: Shared
    values: Mapping[int, Mapping[str, Any]]
    seeds: list[int]
    metric: str

    @property
    def pairs(self) -> list[Pair]:
        """All that are to be trained, seed by seed."""
        return [(trial, seed) for seed in self.seeds for trial in self.values]

    def work(self) -> None:
        """Train until all are done, by whichever worker."""
        draw = Draw(lambda: len(self.pairs), self._queue, _any, _nothing)
        self.bench.work(self.shared, draw, self._do, self.bench.waits, self._told)

    def candidate(self, best: Best) -> Candidate:
        """A trial beside the pipeline's own arguments, over all seeds."""
        pairs = (pair(self._evaluation(DEFAULTS, seed), self._evaluation(best.trial, seed)) for seed in self.seeds)
        return winner.candidate(best.trial, best.values, [paired.figures[self.metric] for paired in pairs])

    def _evaluation(self, trial: int, seed: int) -> Evaluation:
        done = next(each for each in self.shared.trials("COMPLETE") if pair_of(each) == (trial, seed))
        return _evaluation_of(done, self.bench.folder)

    def _queue(self) -> None:
        self.shared.drop_others()
        there = {pair_of(trial) for trial in self.shared.trials("WAITING", "RUNNING", "COMPLETE")}
        for trial, seed in self.pairs:
            if (trial, seed) not in there:
                self.shared.study.enqueue_trial({}, user_attrs={OF: trial, SEED: seed})

    def _do(self, trial: "Trial") -> float:
        of, seed = trial.user_attrs[OF], trial.user_attrs[SEED]
        shown = f"{self.shared.counts().finished} of {len(self.pairs)} seeds"
        evaluation = self.bench.evaluated(
            trial, Wanted(_title(trial), shown, self.values[of], seed, prune=False), self.shared.put_back
        )
        return evaluation.measured.metrics[self.metric]

    def _told(self, trial: "FrozenTrial") -> None:
        """A training is finished, here or by another worker."""
        self.bench.terminal.line(_title(trial), f"{trial.values[0]:.4f}")


def _title(trial: "FrozenTrial | Trial") -> str:
    of, seed = trial.user_attrs[OF], trial.user_attrs[SEED]
    return f"{'defaults' if of == DEFAULTS else f'trial {of}'}, seed {seed}"


def pair_of(trial: "FrozenTrial") -> Pair:
    """Which trial is trained again, and with what seed."""
    return trial.user_attrs.get(OF, DEFAULTS), trial.user_attrs.get(SEED, DEFAULTS)


def is_there(trial: "FrozenTrial", folder: Path) -> bool:
    """Whether what was measured is still there, if anything was: somebody may have deleted the folder."""
    return trial.state.name != "COMPLETE" or _evaluation_of(trial, folder).file.exists()


def _evaluation_of(trial: "FrozenTrial", folder: Path) -> Evaluation:
    return Evaluation(folder / trial.user_attrs[PLACE] / "val")


def _any(_trials: int) -> "BaseSampler":
    from optuna.samplers import RandomSampler

    return RandomSampler()


def _nothing(_trial: "Trial") -> None:
    """These trainings have their arguments already."""
