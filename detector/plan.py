"""Which steps a run would do, and why."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from detector import results
from detector.config import Config, Step
from detector.errors import UsageError
from detector.fingerprint import NEEDS, Ingredients, ingredients, key_of, reasons
from detector.stages import ORDER, Result

RUNS = Path("runs")
DATASETS = Path("datasets")


@dataclass(frozen=True)
class Choice:
    """Which stages to do: from `first` to `last`; `forced` ones even if nothing changed."""

    first: str = ORDER[0]
    last: str = ORDER[-1]
    forced: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Planned:
    """What is to be done with a step: why it runs, or None and the result that is there already."""

    step: Step
    why: list[str] | None
    result: Result | None = None
    key: str = ""
    made_from: Ingredients | None = None
    forced: bool = False


def results_of(config: Config) -> Path:
    """Where the results of this pipeline are kept."""
    return RUNS / "results" / config.name


def chosen(config: Config, choice: Choice) -> list[Step]:
    """The steps up to `last`. Raises UsageError for stages in the wrong order."""
    if ORDER.index(choice.first) > ORDER.index(choice.last):
        raise UsageError(f"--from {choice.first} comes after --until {choice.last}: nothing would run")
    return [step for step in config.steps if ORDER.index(step.stage) <= ORDER.index(choice.last)]


def plan_step(step: Step, config: Config, inputs: Mapping[str, Result], choice: Choice) -> Planned:
    """Whether a step has to run, given the results of the stages before it."""
    kept = results_of(config)
    if ORDER.index(step.stage) < ORDER.index(choice.first):
        result = results.newest(kept, step.name)
        if result is None:
            raise UsageError(f"--from {choice.first} takes what {step.stage} gave, but it never ran; leave --from out")
        return Planned(step, None, result)
    look = getattr(cast(Any, step.backend), "state", None)
    state = look(step.options, DATASETS / config.name) if look else None
    made_from = ingredients(step, config, inputs, state)
    key = key_of(made_from)
    if step.stage in choice.forced:
        return Planned(step, ["forced"], None, key, made_from, forced=True)
    result = results.find(kept, step.name, key)
    why = None if result else reasons(results.last_ingredients(kept, step.name), made_from)
    return Planned(step, why, result, key, made_from)


def plan(config: Config, choice: Choice) -> Iterator[Planned]:
    """Every step in order. After one that runs, those that need it are said to wait for it."""
    inputs: dict[str, Result] = {}
    for step in chosen(config, choice):
        waiting = [stage for stage in NEEDS[step.stage] if stage not in inputs]
        planned = Planned(step, [f"waits for {' and '.join(waiting)}"]) if waiting else None
        planned = planned or plan_step(step, config, inputs, choice)
        if planned.result and step.stage != "export":
            inputs[step.stage] = planned.result
        yield planned
