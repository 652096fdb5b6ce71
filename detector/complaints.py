"""What pydantic finds wrong, said as a person would, with the way out."""

import difflib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from detector.positions import Keys

_WANTED = {
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_parsing": "a number",
    "float_type": "a number",
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "string_type": "text (put quotes around it)",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a mapping of keys",
    "model_type": "a mapping of keys",
    "path_type": "a path",
}


def suggestion(word: Any, known: Iterable[str]) -> str:
    """`, did you mean …?` in the form that ends a clause; empty when nothing is close."""
    close = difflib.get_close_matches(str(word), list(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""


def complaints(
    error: ValidationError, model: type[BaseModel], value: Any, more: Sequence[str] = ()
) -> Iterator[tuple[Keys, str]]:
    """The place below `value` and a message, one for each place. `more` are keys valid beside the model's own."""
    said: set[Keys] = set()
    for entry in error.errors(include_url=False):
        keys = _present(entry["loc"], value, entry["type"] == "missing")
        if keys not in said:
            said.add(keys)
            yield keys, _message(entry, [*model.model_fields, *more] if len(keys) <= 1 else [])


def _present(location: Sequence[str | int], value: Any, missing: bool) -> Keys:
    """The part of pydantic's location that is a place in the file: its names for the arms of a union are none."""
    keys: list[str | int] = []
    for at, key in enumerate(location):
        inside = isinstance(value, dict) and key in value
        inside = inside or (isinstance(value, list | tuple) and isinstance(key, int) and key < len(value))
        if inside:
            value = value[key]
            keys.append(key)
        elif missing and at == len(location) - 1:
            keys.append(key)
    return tuple(keys)


def _message(entry: Any, known: Sequence[str]) -> str:
    kind, given = entry["type"], entry.get("input")
    if kind == "extra_forbidden":
        word = str(entry["loc"][-1])
        return "unknown" + (suggestion(word, known) or (f"; there is {', '.join(known)}" if known else ""))
    if kind == "missing":
        return "is missing"
    if kind == "literal_error":
        choices = entry["ctx"]["expected"].replace("'", "").replace(" or ", ", ").split(", ")
        return f"{given!r} is not one of {' | '.join(choices)}{suggestion(given, choices)}"
    if kind == "value_error":
        return str(entry["ctx"]["error"])
    if kind in _WANTED:
        return f"should be {_WANTED[kind]}, not {given!r}"
    return f"{_lower(entry['msg'])}, not {given!r}"


def _lower(message: str) -> str:
    return message.replace("Input should be", "should be")
