"""What makes a step's key: every option and its order, each input, each library; and what a person is told of it."""

import types
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import pytest
from pydantic import BaseModel, SecretStr

from detector import stages
from detector.config.pipeline import Config, Step
from detector.orchestrator.fingerprint import ingredients, key_of, reasons
from detector.stages import Result, Source
from detector.terms import STAGES

BACKENDS = [(stage, using) for stage in STAGES for using in stages.names(stage)]
GIVEN = {
    "label_studio": {"url": "http://localhost", "token": "x", "project": 1},
    "label_studio_export": {"path": "export.json"},
    "ultralytics": {"model": "yolo26n.yaml"},
}


SIMPLE = {
    bool: lambda now: now == "Falsex",
    int: lambda now: 97 + len(now),
    float: lambda now: 0.97 + len(now),
    Path: Path,
}


def options_of(stage, using):
    options = stages.load(stage, using).Options
    needed = {name for name, field in options.model_fields.items() if field.is_required()}
    given = {name: value for name, value in GIVEN.get(using, {}).items() if name in needed}
    if "path" in needed:
        given["path"] = "data"
    return options(**given)


def made_from(stage, options, *, classes=("Cup", "Plate"), task="detect", inputs="1", source=None):
    step = Step(stage, stage, options, (stage,))
    config = Config("cups", task, {name: (name,) for name in classes}, (step,), options)
    results = {need: Result(Path(need), inputs, "") for need in STAGES[: STAGES.index(stage)]}
    return ingredients(step, config, results, source)


def key(stage, options, **more):
    return key_of(made_from(stage, options, **more))


def values(annotation: Any, now: Any) -> list[Any]:
    """Values that the type takes, and that are not `now`; of what has an order, the same in two orders."""
    origin, inner = get_origin(annotation), get_args(annotation)
    several = {
        Literal: inner,
        dict: [{"test": 1, "val": 2}, {"val": 2, "test": 1}, {"test": 1}],
        list: [[1, 2], [2, 1], [1]],
        tuple: [[1, 2], [2, 1], [1]],
    }
    if annotation is SecretStr:
        return []
    if origin in {Union, types.UnionType}:
        arms = {*inner} - {type(None)} - ({str} if Path in inner else set())  # a path and an address are both text
        return [value for arm in sorted(arms, key=str) for value in values(arm, now)]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return list(changed(now)) if isinstance(now, BaseModel) else []
    if origin in several:
        return [value for value in several[origin] if value != now]
    return [SIMPLE.get(annotation, str)(f"{now}x")]


def changed(options: BaseModel):
    """The options, with one value changed at a time, however deep it stands."""
    for name, field in type(options).model_fields.items():
        for value in values(field.annotation, getattr(options, name)):
            yield options.model_copy(update={name: value})


@pytest.mark.parametrize(("stage", "using"), BACKENDS)
@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
def test_every_option_and_its_order_is_in_the_key_of_its_stage(stage, using):
    options = options_of(stage, using)
    others = list(changed(options))
    fields = [name for name, field in type(options).model_fields.items() if field.annotation is not SecretStr]
    idle = options.SHAPE_NOTHING
    touched = {name for other in others for name in fields if getattr(other, name) != getattr(options, name)}
    assert touched | idle == set(fields) - {"using"} | idle
    shaping = [other for other in others if all(getattr(other, name) == getattr(options, name) for name in idle)]
    assert {key(stage, other) for other in others if other not in shaping} <= {key(stage, options)}
    keys = [key(stage, other) for other in [options, *shaping]]
    assert len(set(keys)) == len(keys)


def test_a_new_token_is_no_reason():
    options = options_of("pull", "label_studio")
    assert key("pull", options) == key("pull", options.model_copy(update={"token": SecretStr("another")}))


@pytest.mark.parametrize("stage", STAGES)
def test_classes_their_order_the_task_inputs_and_the_source_are_in_the_key(stage):
    options = options_of(stage, stages.names(stage)[0])
    others = [
        {"classes": ("Plate", "Cup")},
        {"classes": ("Cup",)},
        {"task": "segment"},
        {"source": Source("new")},
        *([{"inputs": "2"}] if stages.NEEDS[stage] else []),
    ]
    keys = [key(stage, options), *(key(stage, options, **other) for other in others)]
    assert len(set(keys)) == len(keys)


def test_another_version_of_a_library_is_in_the_key():
    one = made_from("train", options_of("train", "ultralytics"))
    other = one | {"libraries": one["libraries"] | {"torch": "9.9"}}
    assert key_of(one) != key_of(other)
    assert reasons(one, other) == [f"torch {one['libraries']['torch']} → 9.9"]


def test_what_changed_is_said_as_a_person_would():
    options = options_of("train", "ultralytics")
    old = made_from("train", options)
    new = made_from("train", options.model_copy(update={"epochs": 7, "warm_start": True}), classes=("Plate", "Cup"))
    assert reasons(old, new) == [
        "epochs left out → 7",
        "warm_start false → true",
        'classes ["Cup", "Plate"] → ["Plate", "Cup"]',
    ]
    assert reasons(old, made_from("train", options, inputs="2")) == ["a new dataset version"]
    assert reasons(old, old | {"code": "another"}) == ["its code changed"]
    assert reasons(old, old) == ["its output is gone"]
    assert reasons(None, old) == ["never done before"]
