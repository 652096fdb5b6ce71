"""A search from its beginning, or from where it was left, to its verdict."""

import math
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from detector import engine, record
from detector.config.pipeline import Config
from detector.data import studies
from detector.data.dataset import Dataset, Split
from detector.data.places import DATASETS, RUNS
from detector.engine import Command
from detector.errors import DetectorError, UsageError
from detector.orchestrator import studied
from detector.orchestrator.loop import run
from detector.orchestrator.open import logging_to
from detector.orchestrator.plan import Choice
from detector.record import Shown, Tuning
from detector.reporting.outcome import Outcome
from detector.reporting.terminal import Terminal
from detector.stages import Result
from detector.system.lock import is_shared, locked, shared
from detector.system.machine import machine
from detector.system.removed import told_if_removed
from detector.tuning import said, winner
from detector.tuning.crew import crew
from detector.tuning.database import database, opened
from detector.tuning.search import Trials, pruner
from detector.tuning.seeds import DEFAULTS, Seeds, is_there, pair_of
from detector.tuning.trial import Bench
from detector.tuning.workers import Work, work

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial


class Searched(NamedTuple):
    """What a search has come to, every trial of it, and what shows it in the record."""

    study: studies.Study
    trials: list[dict[str, Any]]
    shown: Shown


def tune(config: Config, terminal: Terminal, wait: float, worker: tuple[str, ...]) -> Searched:
    """Search, together with other workers, until there is a verdict.

    With an engine, all trainings are those of the workers that it starts, each `detector` with the arguments `worker`.

    Raises:
        Locked: A run is at work here, for longer than `wait` seconds.
        UsageError: The file asks for no search, or val can't tell which trial is better.
        GateRefused: The data failed its check.
    """
    if studied.wanted(config) is None:
        raise UsageError(
            "train.tune is missing, which says what to search for: write `tune: {trials: 20}` below train, or add "
            "--set train.tune.trials=20"
        )
    if missing := engine.missing(config.engine):
        raise UsageError(f"engine.using: {missing}")
    used: list[Path] = []
    with (
        told_if_removed(lambda: used, (RUNS, DATASETS)),
        ExitStack() as stack,
        database(studies.database_of(config.name)),
    ):
        with locked(studies.STUDIES / config.name / "starting", math.inf):  # a second worker finds all of it done
            trials = _trials(config, _up_to_date(config, terminal, wait), worker, terminal, stack)
        used += [studies.workers_of(config.name), trials.bench.split.dataset.folder]
        terminal.line("tune", "\n".join(said.begun(trials.tell(_decided(config, trials)))))
        trials.work()
        trials.tell(_decided(config, trials))
        return _verdict(config, trials, terminal)


def _up_to_date(config: Config, terminal: Terminal, wait: float) -> Mapping[str, Result]:
    """The results of pull, convert and check, as `detector run --until check` gives them."""
    outcome = run(config, Choice(last="check"), terminal, wait, Outcome(config.name))
    return {done.name: done.result for done in outcome.steps}


def _trials(
    config: Config, inputs: Mapping[str, Result], worker: tuple[str, ...], terminal: Terminal, stack: ExitStack
) -> Trials:
    """The study, its folder, its log, its record and its workers, all open until the stack ends."""
    from detector.models.quiet import quietly

    step, key = studied.step_of(config, "train"), studied.key_of(config, inputs["convert"])
    split, metric = Dataset(inputs["convert"].path).on("val"), studied.metric_of(config)
    _foresee(split, metric)
    folder = studies.folder_of(config.name, key)
    folder.mkdir(parents=True, exist_ok=True)
    stack.enter_context(logging_to(folder / "log"))
    recording = stack.enter_context(_at_work(config, key))
    options: Any = step.options
    backend: Any = step.backend
    with quietly(folder / "log"):
        search = backend.search(options, split.dataset)
    does: Work = work
    if config.engine is not None:
        command = Command("detector", worker, Path.cwd(), machine())
        does = stack.enter_context(crew(config.engine, command, folder / "workers", terminal)).work
    bench = Bench(config, step, inputs, split, folder, recording, terminal, does)
    found = opened(studies.database_of(config.name), key, pruner(search.epochs))
    return Trials(bench, found, search, options.tune, metric, key)


@contextmanager
def _at_work(config: Config, key: str) -> Iterator[Tuning]:
    """Inside, this worker lives for all to see; the last one ends the study's run in the record, as the block ends."""
    workers = studies.workers_of(config.name)
    alone = not is_shared(workers)
    with ExitStack() as life:
        life.enter_context(shared(workers))
        tuning = record.load(config.record.using).tuning(config.record, config.name, key, alone)
        try:
            yield tuning
        except BaseException as error:
            life.close()
            with suppress(DetectorError):  # what is told is the error that ended it
                _end(tuning, workers, "FAILED" if isinstance(error, Exception) else "KILLED")
            raise
    _end(tuning, workers, "FINISHED")


def _end(tuning: Tuning, workers: Path, status: str) -> None:
    if not is_shared(workers):
        tuning.end(status)


def _foresee(split: Split, metric: str) -> None:
    """Raise UsageError for a val that can't tell which trial is better."""
    _, _, label = metric.partition("/")
    if not (split.objects[label] if label else sum(split.objects.values())):
        raise UsageError(
            f"trials are judged by {metric} (promote.metric) on val, which has no {label or 'object'}; label some there"
        )


def _decided(config: Config, trials: Trials) -> studies.Verdict | None:
    """The verdict that there is, if it is on all trials that are asked for."""
    known = studies.read(config.name, trials.key)
    same = known is not None and known.asked == trials.tune.trials and known.finished == trials.shared.counts().finished
    return known.verdict if known and same else None


def _verdict(config: Config, trials: Trials, terminal: Terminal) -> Searched:
    own = trials.own()
    assert own is not None  # noqa: S101 - trials.work ends with it
    value = float(own.values[0])
    best = winner.chosen(trials.others(), value)
    seeds = [trials.bench.seed + each for each in range(1, trials.tune.seeds + 1)]
    again = _again(config, trials, best, seeds)
    again.work()
    asked = winner.Asked(trials.metric, studied.step_of(config, "promote").options.model_dump()["confidence"])
    verdict = winner.verdict([again.candidate(each) for each in best], seeds, value, asked)
    study = trials.tell(verdict)
    trials.bench.record.keep(studies.folder_of(config.name, trials.key) / "study.json")
    if verdict.candidates:
        terminal.line("", "\n".join(said.table(verdict)))
    terminal.line("verdict", verdict.why)
    return Searched(study, list(_rows(trials)), trials.bench.record.shown)


def _again(config: Config, trials: Trials, best: list[studies.Best], seeds: list[int]) -> Seeds:
    values: dict[int, Mapping[str, Any]] = {each.trial: each.values for each in best}
    values = {DEFAULTS: {}, **values} if best else {}
    wanted = {(trial, seed) for trial in values for seed in seeds}
    bench = replace(trials.bench, folder=trials.bench.folder / "seeds")

    def concerns(trial: "FrozenTrial") -> bool:
        return pair_of(trial) in wanted and is_there(trial, bench.folder)

    found = opened(studies.database_of(config.name), f"{trials.key}-seeds", concerns=concerns)
    return Seeds(bench, found, values, seeds, trials.metric)


def _rows(trials: Trials) -> Iterator[dict[str, Any]]:
    """Every trial, as `--json` has it."""
    for trial in trials.shared.trials():
        value = float(trial.values[0]) if trial.state.name == "COMPLETE" else None
        yield {"trial": trial.number, "state": trial.state.name.lower(), "value": value, "values": trials.values(trial)}
