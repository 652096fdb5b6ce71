"""Values that a training can't start with, or would ignore, though they are of the right type."""

import ast
import math
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from detector.errors import did_you_mean
from detector.stages.train._installed import text_of

_LEAST = {"workers": 0, "close_mosaic": 0, "save_period": -1, "warmup_epochs": 0, "box": 0, "cls": 0, "dfl": 0}
_BELOW = {"momentum": 1}
IGNORED_IF_AUTO = frozenset({"lr0", "momentum", "warmup_bias_lr"})  # `optimizer: auto` chooses these itself


def value_fault(name: str, value: Any, options: Mapping[str, Any]) -> str | None:
    """What is wrong with the value of a training argument; `options` are all of those that are set."""
    if isinstance(value, float) and not math.isfinite(value):
        return "must be a finite number"
    if name in IGNORED_IF_AUTO and is_auto(options.get("optimizer", "")):
        return "is ignored while the optimizer is auto, which chooses its own; name one (SGD, …), or leave it out"
    if name in _CHECKS:
        return _CHECKS[name](value)
    least = {**_LEAST, **_integers()}.get(name)
    if least is not None and isinstance(value, int | float) and value < least:
        return f"must be {least} or more"
    if name in _BELOW and value >= _BELOW[name]:
        return f"must be below {_BELOW[name]}"
    return None


def is_auto(optimizer: Any) -> bool:
    """Whether Ultralytics is to choose the optimizer itself."""
    return str(optimizer).lower() == "auto"


def _optimizer(value: Any) -> str | None:
    known = _optimizers()
    if str(value).lower() in {name.lower() for name in known}:
        return None
    hint = did_you_mean(value, known) or f"; there is {', '.join(sorted(known, key=str.lower))}"
    return f"{value} is not an optimizer of Ultralytics{hint}"


def _time(value: Any) -> str | None:
    return None if value > 0 else "must be more than 0 hours; leave it out to train for train.epochs"


def _fraction(value: Any) -> str | None:
    """A list would also thin out val and test, whose content is frozen."""
    if _is_number(value) and (0 < value <= 1 or (isinstance(value, int) and value > 1)):
        return None
    return "must be a share of the training images, from above 0 to 1, or a whole number of them"


def _freeze(value: Any) -> str | None:
    layers = value if isinstance(value, list) else [value]
    if all(_is_count(layer) or (isinstance(layer, str) and isinstance(value, list)) for layer in layers):
        return None
    return "must be a number of layers to freeze, from the first on, or a list of them: [0, 1, 23.cv2]"


def _scale(value: Any) -> str | None:
    if isinstance(value, list):
        rising = len(value) == 2 and all(map(_is_number, value)) and 0 < value[0] <= value[1]
        return None if rising else "as a list, must be the least and the most to scale by: [0.5, 1.5]"
    return (
        None if _is_number(value) and 0 <= value <= 1 else "must be from 0 to 1, or the least and the most: [0.5, 1.5]"
    )


def _one_of(*known: object) -> Callable[[Any], str | None]:
    def check(value: Any) -> str | None:
        if any(value == each and isinstance(value, bool) == isinstance(each, bool) for each in known):
            return None
        shown = " | ".join(str(each).lower() if isinstance(each, bool) else str(each) for each in known)
        return f"{value!r} is not one of {shown}{did_you_mean(value, map(str, known))}"

    return check


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


_CHECKS: dict[str, Callable[[Any], str | None]] = {
    "optimizer": _optimizer,
    "time": _time,
    "fraction": _fraction,
    "freeze": _freeze,
    "scale": _scale,
    "cache": _one_of(True, False, "ram"),
    "amp": _one_of(True, False, "fp16", "bf16", "fp32"),
    "copy_paste_mode": _one_of("flip", "mixup"),
}


@cache
def _optimizers() -> frozenset[str]:
    names = re.search(r"^ +optimizers = (\{[^}]+\})", text_of("ultralytics", "engine/trainer.py"), re.MULTILINE)
    return frozenset(ast.literal_eval(names[1])) if names else frozenset()


@cache
def _integers() -> dict[str, int]:
    """The least that Ultralytics takes for a whole number, by argument."""
    match = re.search(r"^CFG_INT_MIN = (\{.*?^\})", text_of("ultralytics", "cfg/__init__.py"), re.MULTILINE | re.DOTALL)
    return dict(ast.literal_eval(match[1])) if match else {}
