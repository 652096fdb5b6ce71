"""From Optuna's values to training arguments, and back."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from detector.stages.train._search import DIGITS, Search
from detector.stages.train._tune import Values

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution


def distributions(search: Search) -> dict[str, "BaseDistribution"]:
    """What Optuna draws each argument from."""
    return {name: _distribution(values, name in search.whole) for name, values in search.space.items()}


def _distribution(values: Values, whole: bool) -> "BaseDistribution":
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if values.bounds is None:
        return CategoricalDistribution([_plain(each) for each in values.tried])
    low, high = values.bounds
    log = values.log is not None
    return IntDistribution(int(low), int(high), log=log) if whole else FloatDistribution(low, high, log=log)


def _plain(choice: Any) -> Any:
    """A choice as Optuna's database keeps it: a list is its JSON."""
    return json.dumps(choice) if isinstance(choice, list | dict) else choice


def arguments(search: Search, drawn: Mapping[str, Any]) -> dict[str, Any]:
    """The training arguments of a trial, without those that every training of the pipeline has."""
    return {**search.beside, **{name: _argument(search.space[name], value) for name, value in drawn.items()}}


def _argument(values: Values, drawn: Any) -> Any:
    if values.bounds is None:
        return next(each for each in values.tried if _plain(each) == drawn)
    low, high = values.bounds
    return drawn if isinstance(drawn, int) else min(max(float(f"{drawn:.{DIGITS}g}"), low), high)


def own(search: Search) -> dict[str, Any] | None:
    """What the pipeline has now, as Optuna would draw it; None where the space does not hold it."""
    inside = all(_holds(values, search.own[name]) for name, values in search.space.items())
    return {name: _plain(value) for name, value in search.own.items()} if inside else None


def _holds(values: Values, value: Any) -> bool:
    if values.bounds is None:
        return value in values.tried
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and values.bounds[0] <= value <= values.bounds[1]
