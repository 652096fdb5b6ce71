"""Which steps a run would do, and why."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from detector.config.pipeline import Config, Step
from detector.data.places import DATASETS, RESULTS
from detector.errors import UsageError
from detector.orchestrator import results
from detector.orchestrator.fingerprint import Ingredients, ingredients, key_of, reasons
from detector.stages import Result, Source, derived, needs, source_of
from detector.system.looks import Seen
from detector.terms import STAGES, listed


@dataclass(frozen=True)
class Choice:
    """Which stages to do: from `first` to `last`; `forced` ones even if nothing changed."""

    first: str = STAGES[0]
    last: str = STAGES[-1]
    forced: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Planned:
    """What is to be done with a step: why it runs, or None and the result that is there already."""

    step: Step
    why: list[str] | None
    result: Result | None = None
    key: str = ""
    made_from: Ingredients | None = None
    source: Source | None = None
    forced: bool = False
    inputs: Mapping[str, Result] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)  # files of its result that are not what they were

    @property
    def derived(self) -> Mapping[str, Mapping[str, Any]]:
        """What the step derives for options that are left out, where the results before it are there."""
        step = self.step
        ready = all(stage in self.inputs for stage in needs(step.stage, step.backend))
        return derived(step.backend, step.options, self.inputs) if ready else {}

    @property
    def working(self) -> dict[str, Any]:
        """What run.json says while the step is being done."""
        return {"step": self.step.name, "key": self.key, "forced": self.forced}

    def after(self, result: Result) -> "Planned":
        """The same once it is done, with the key under which it needs not be done again."""
        if result.left is None or self.made_from is None:
            return self
        made_from = {**self.made_from, "source": result.left}
        return replace(self, key=key_of(made_from), made_from=made_from)


def results_of(config: Config) -> Path:
    """Where the results of this pipeline are kept."""
    return RESULTS / config.name


def chosen(config: Config, choice: Choice) -> list[Step]:
    """The steps up to `last`. Raises UsageError for stages in the wrong order."""
    if STAGES.index(choice.first) > STAGES.index(choice.last):
        raise UsageError(f"--from {choice.first} comes after --until {choice.last}: nothing would run")
    return [step for step in config.steps if STAGES.index(step.stage) <= STAGES.index(choice.last)]


def plan_step(
    step: Step, config: Config, inputs: Mapping[str, Result], choice: Choice, seen: Seen | None = None
) -> Planned:
    """Whether a step has to run, given the results of the stages before it.

    Steps that are planned at once share what is `seen` of their files: a version's pictures are those of the store.
    """
    kept = results_of(config)
    if STAGES.index(step.stage) < STAGES.index(choice.first):
        result = results.newest(kept, step.name)
        if result is None:
            raise UsageError(f"--from {choice.first} takes what {step.stage} gave, but it never ran; leave --from out")
        return Planned(step, None, result)
    source = source_of(step.backend, step.options, DATASETS / config.name)
    made_from = ingredients(step, config, inputs, source)
    key = key_of(made_from)
    if step.stage in choice.forced:
        return Planned(step, ["forced"], None, key, made_from, source, forced=True)
    known = results.find(kept, step.name, key, {} if seen is None else seen)
    if isinstance(known, Result):
        return Planned(step, None, known, key, made_from, source)
    why = known.why or reasons(results.last_ingredients(kept, step.name), made_from, source)
    return Planned(step, why, None, key, made_from, source, lost=known.files)


def plan(config: Config, choice: Choice) -> Iterator[Planned]:
    """Every step in order. After one that runs, those that need it are said to wait for it."""
    inputs: dict[str, Result] = {}
    seen: Seen = {}
    for step in chosen(config, choice):
        waiting = [stage for stage in needs(step.stage, step.backend) if stage not in inputs]
        planned = Planned(step, [f"waits for {listed(waiting)}"]) if waiting else None
        planned = planned or plan_step(step, config, inputs, choice, seen)
        if planned.result and step.stage != "export":
            inputs[step.stage] = planned.result
        yield replace(planned, inputs=dict(inputs))
