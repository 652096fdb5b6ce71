"""Albumentations' transforms and their arguments, from its installed source.

It is read as text: importing it takes seconds, and a pipeline file is to be judged in a moment.
"""

import ast
import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from detector.errors import did_you_mean
from detector.stages.train._arguments import Faults
from detector.stages.train._installed import package


def transform_faults(transforms: Iterable[Mapping[str, Mapping[str, Any] | None]]) -> Faults:
    """What is wrong with a list of Albumentations transforms, each {name: arguments}."""
    for position, transform in enumerate(transforms):
        if len(transform) != 1:
            yield (position,), "is one transform and its arguments; start each with its own dash"
        for name, arguments in transform.items():
            yield from (((position, *path), message) for path, message in _transform_faults(name, arguments or {}))


def _transform_faults(name: str, arguments: Mapping[str, Any]) -> Faults:
    if name == "Lambda":
        yield (name,), "holds code, which a checkpoint can't keep"
    elif name not in _transforms():
        yield (name,), f"is not an Albumentations transform{did_you_mean(name, _transforms())}"
    else:
        accepted = _accepted(name)
        for argument in arguments:
            if argument not in accepted:
                yield (name, argument), f"is not an argument of {name}{did_you_mean(argument, accepted)}"
        if missing := [argument for argument, needed in accepted.items() if needed and argument not in arguments]:
            yield (name,), f"needs {' and '.join(missing)}"
        if not _is_probability(arguments.get("p", 1)):
            yield (name, "p"), "is a probability: from 0 to 1"


def _is_probability(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


@cache
def _classes() -> dict[str, tuple[list[str], str]]:
    """Every class of Albumentations' augmentations: the names of its bases, and its text."""
    classes: dict[str, tuple[list[str], str]] = {}
    for file in (package("albumentations") / "augmentations").rglob("*.py"):
        for text in re.split(r"^(?=class )", file.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
            if head := re.match(r"class (\w+)\((.*?)\):", text, re.DOTALL):
                classes[head[1]] = re.findall(r"\w+", head[2]), text
    return classes


def _lineage(name: str) -> list[str]:
    """The class, and the classes it inherits from, nearest first."""
    bases, _ = _classes().get(name, ([], ""))
    return [name, *(ancestor for base in bases for ancestor in _lineage(base))]


@cache
def _transforms() -> frozenset[str]:
    """The transforms of flat pictures, without the bases that others are made from."""
    flat = {"ImageOnlyTransform", "DualTransform"}
    return frozenset(
        name
        for name in _classes()
        if flat & set(_lineage(name)) and not re.match(r"_|Base|Lambda$|MaxSizeTransform$", name)
    )


def _accepted(transform: str) -> dict[str, bool]:
    """The arguments of the nearest `__init__` in the transform's lineage, and `p`, which every transform has.

    Each with whether it must be given.
    """
    for name in _lineage(transform):
        _, text = _classes().get(name, ([], ""))
        if signature := re.search(r"^    def __init__\(.*?\).*?:$", text, re.MULTILINE | re.DOTALL):
            (function,) = ast.parse(f"{signature[0].strip()} ...").body
            assert isinstance(function, ast.FunctionDef)  # noqa: S101
            arguments = function.args
            plain, needed = arguments.args, len(arguments.args) - len(arguments.defaults)
            taken = {each.arg: at < needed for at, each in enumerate(plain) if at}
            keyed = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
            return {**taken, **{each.arg: default is None for each, default in keyed}, "p": False}
    return {"p": False}
