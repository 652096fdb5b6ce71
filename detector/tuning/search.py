"""The trials of a study: what each tries, and what has come of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from detector.data import studies
from detector.errors import UsageError
from detector.stages.train._tune import Tune
from detector.tuning import said, space
from detector.tuning.study import Draw, Shared
from detector.tuning.trial import Bench, Pruned, Wanted

if TYPE_CHECKING:
    from optuna import Trial
    from optuna.pruners import BasePruner
    from optuna.samplers import BaseSampler
    from optuna.trial import FrozenTrial

    from detector.stages.train._search import Search

OWN = "own"  # an attribute of the trial that trains what the pipeline has now
WHY = "why"  # an attribute of a trial that was pruned
UNHURRIED = 5  # trials that are finished before one is pruned


def pruner(epochs: int) -> "BasePruner":
    """A trial is given up that is worse than the median was at its epoch, after a quarter of the epochs."""
    from optuna.pruners import MedianPruner

    return MedianPruner(n_startup_trials=UNHURRIED, n_warmup_steps=-(-epochs // 4))


@dataclass(frozen=True)
class Trials:
    """The first part of a search: trials, each with other arguments, until as many are finished as are asked for."""

    bench: Bench
    shared: Shared
    search: "Search"
    tune: Tune
    metric: str
    key: str

    def work(self) -> None:
        """Do trials until all are finished, by whichever worker."""
        draw = Draw(self._asked, self._queue, self._sampler, self._draw)
        self.bench.work(self.shared, draw, self._do, self.bench.waits, self._told)

    def values(self, trial: "FrozenTrial | Trial") -> dict[str, Any]:
        """The arguments of a trial beside those that every training of the pipeline has."""
        return {} if OWN in trial.user_attrs else space.arguments(self.search, trial.params)

    def own(self) -> "FrozenTrial | None":
        """The trial of what the pipeline has now, once it is finished."""
        return next((trial for trial in self.shared.trials("COMPLETE") if OWN in trial.user_attrs), None)

    def others(self) -> list[studies.Best]:
        """All other trials that were trained to their end."""
        complete = [trial for trial in self.shared.trials("COMPLETE") if OWN not in trial.user_attrs]
        return [studies.Best(trial.number, float(trial.values[0]), self.values(trial)) for trial in complete]

    def summary(self, verdict: studies.Verdict | None = None) -> studies.Study:
        """What it has come to."""
        counts, own = self.shared.counts(), self.own()
        defaults = [studies.Best(own.number, float(own.values[0]), {})] if own else []
        return studies.Study(
            study=self.key,
            dataset=self.bench.split.dataset.version,
            metric=self.metric,
            asked=self.tune.trials,
            **counts._asdict(),
            space={name: str(values) for name, values in self.search.space.items()},
            own=defaults[0].value if defaults else None,
            best=max([*self.others(), *defaults], key=lambda each: (each.value, -each.trial), default=None),
            verdict=verdict,
            updated=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        )

    def tell(self, verdict: studies.Verdict | None = None) -> studies.Study:
        """Write study.json, and tell the record."""
        with self.shared.held():
            study = self.summary(verdict)
            studies.write(self.bench.config.name, study)
        figures = {"trials": float(study.finished)} | ({"best": study.best.value} if study.best else {})
        self.bench.record.tell(_parameters(study), figures, {"verdict": verdict.why} if verdict else {})
        return study

    def _asked(self) -> int:
        """One more than there are, while nobody knows what the pipeline's own arguments come to."""
        return self.tune.trials if self.own() else max(self.tune.trials, self.shared.counts().finished + 1)

    def _queue(self) -> None:
        """What the pipeline has now comes first."""
        waiting = self.shared.trials("WAITING", "RUNNING", "COMPLETE")
        if not any(OWN in trial.user_attrs for trial in waiting):
            self.shared.study.enqueue_trial(space.own(self.search) or {}, user_attrs={OWN: True})

    def _sampler(self, trials: int) -> "BaseSampler":
        """Given the same trials, the same arguments come next."""
        from optuna.samplers import TPESampler

        return TPESampler(seed=(self.bench.seed + trials) % 2**32, group=space.own(self.search) is None)

    def _draw(self, trial: "Trial") -> None:
        if OWN not in trial.user_attrs or space.own(self.search) is not None:
            for name, distribution in space.distributions(self.search).items():
                trial._suggest(name, distribution)

    def _do(self, trial: "Trial") -> float | None:
        own, values = OWN in trial.user_attrs, self.values(trial)
        shown = f"{self.shared.counts().finished} of {self.tune.trials} trials"
        try:
            evaluation = self.bench.evaluated(
                trial, Wanted(_title(trial), shown, values, self.bench.seed, prune=not own), self.shared.put_back
            )
        except Pruned as why:
            trial.set_user_attr(WHY, str(why))
            return None
        return _value(evaluation.measured.metrics, self.metric)

    def _told(self, trial: "FrozenTrial") -> None:
        """A trial is finished, here or by another worker."""
        values = self.values(trial)
        if trial.state.name == "PRUNED":
            line = said.pruned(trial.user_attrs[WHY], values)
        else:
            value = float(trial.values[0])
            others = [each for each in self.shared.trials("COMPLETE") if each.number != trial.number]
            line = said.finished(value, values, all(value > each.values[0] for each in others))
        self.bench.terminal.line(_title(trial), line)
        self.tell()


def _title(trial: "FrozenTrial | Trial") -> str:
    return f"trial {trial.number}"


def _value(metrics: Mapping[str, float], metric: str) -> float:
    if metric not in metrics:
        raise UsageError(f"promote.metric: {metric} can't be measured on val; choose one of {', '.join(metrics)}")
    return metrics[metric]


def _parameters(study: studies.Study) -> dict[str, str]:
    space = {f"space/{name}": what for name, what in study.space.items()}
    return {"dataset": study.dataset, "metric": study.metric, **space}
