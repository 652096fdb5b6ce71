"""The key `train.tune`: how many trials, and what they try. Only the schema, and what is wrong with values."""

import math
from collections.abc import Iterator, Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from detector.stages.train._arguments import Faults, default_of, kind_of, training_faults
from detector.stages.train._values import IGNORED_IF_AUTO, is_auto


class Values(BaseModel):
    """What an argument may be: one of the three. Numbers may be text, as YAML 1.1 takes 1e-4 for."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
    range: tuple[float, float] | None = Field(None, description="the least and the most, every value as likely")
    log: tuple[float, float] | None = Field(None, description="the least and the most, every magnitude as likely")
    choice: list[Any] | None = Field(None, description="one of these")

    @model_validator(mode="after")
    def _one_of_three(self) -> Self:
        kinds = [name for name, value in self if value is not None]
        if len(kinds) != 1:
            raise ValueError("is one of {range: [least, most]}, {log: [least, most]} and {choice: [a, b, …]}")
        if self.choice is not None and len(self.choice) < 2:
            raise ValueError("choice: needs two values or more; set a single one in train.options")
        if bounds := self.bounds:
            _check(kinds[0], *bounds)
        return self

    @property
    def bounds(self) -> tuple[float, float] | None:
        """The least and the most; None for a choice."""
        return self.range or self.log

    @property
    def tried(self) -> list[Any]:
        """What has to be legal for every value to be."""
        return list(self.choice or self.bounds or ())

    def __str__(self) -> str:
        if self.choice is not None:
            return " | ".join(map(str, self.choice))
        low, high = self.tried
        return f"{low:g} to {high:g}{', log' if self.log else ''}"


def _check(kind: str, low: float, high: float) -> None:
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(f"{kind}: the least comes first, and the most is above it, not {low:g} and {high:g}")
    if kind == "log" and low <= 0:
        raise ValueError(f"log: the least must be above 0, not {low:g}; range takes it")


class Tune(BaseModel):
    """A search for better training arguments, done by `detector tune`."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
    trials: int = Field(20, ge=2, description="trainings, the first of them with what the pipeline has now")
    seeds: int = Field(3, ge=3, description="further seeds that the best trials and the first one are trained with")
    space: dict[str, Values] = Field(
        {},
        description="Ultralytics training arguments, each {range: [least, most]}, {log: [least, most]} or "
        "{choice: [a, b]}; left out, those that matter most, around what the pipeline has now",
        examples=["{lr0: {log: [0.0001, 0.01]}}"],
    )


def tune_faults(tune: Tune, options: Mapping[str, Any]) -> Faults:
    """What is wrong with the space: names that Ultralytics doesn't take, and values that a training can't start with.

    `options` are those of train.options, which every trial has beside what it tries.
    """
    for name, values in tune.space.items():
        if message := next(_messages(name, values, _beside(tune, options)), None):
            yield ("space", name), message


def _messages(name: str, values: Values, options: Mapping[str, Any]) -> Iterator[str]:
    if values.bounds and kind_of(name) in {"BOOL", "STR"}:
        yield "is no number; write {choice: [a, b]}"
    for value in values.tried:
        for keys, message in training_faults({**options, name: value}):
            if keys[0] == name:
                told = message.startswith(("can't", "is not an argument", str(value), repr(value)))
                yield message if told else f"{value:g}: {message}" if values.bounds else f"{value}: {message}"


def _beside(tune: Tune, options: Mapping[str, Any]) -> dict[str, Any]:
    """What a trial has beside an argument that it tries; where the optimizer is auto, a trial names its own."""
    optimizers = tune.space["optimizer"].tried if "optimizer" in tune.space else []
    if optimizers:
        return {**options, "optimizer": "auto" if any(map(is_auto, optimizers)) else optimizers[0]}
    chosen = is_auto(options.get("optimizer", "")) and not IGNORED_IF_AUTO.isdisjoint(tune.space)
    return {**options, "optimizer": "AdamW"} if chosen else dict(options)


def is_whole(name: str, values: Values) -> bool:
    """Whether the numbers to try are whole ones: as the argument's are, whatever the bounds look like."""
    kind = kind_of(name)
    if kind is not None:
        return kind == "INT"
    return not isinstance(default_of(name), float) and all(bound.is_integer() for bound in values.tried)
