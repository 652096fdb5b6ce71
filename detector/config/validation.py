"""What pydantic finds wrong, said as a person would, with the way out."""

from collections.abc import Iterator, Sequence
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from detector.config.document import Keys
from detector.errors import did_you_mean

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


def complaints(
    error: ValidationError, model: type[BaseModel], value: Any, more: Sequence[str] = ()
) -> Iterator[tuple[Keys, str]]:
    """The place below `value` and a message, one for each place. `more` are keys valid beside the model's own."""
    by_place: dict[Keys, list[Any]] = {}
    for entry in error.errors(include_url=False):
        by_place.setdefault(_present(entry["loc"], value, entry["type"] == "missing"), []).append(entry)
    for keys, entries in by_place.items():
        yield keys, _message(entries, [*_keys_at(model, keys[:-1]), *(more if len(keys) <= 1 else ())])


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


def _keys_at(model: Any, keys: Keys) -> list[str]:
    """The keys that the schema knows at a place inside `model`; none where it is no mapping of known keys."""
    for key in keys:
        model = _below(model, key)
    return list(getattr(model, "model_fields", {}))


def _below(model: Any, key: str | int) -> Any:
    """What the schema has under a key of a model or a mapping; of several arms, the one that has keys of its own."""
    if get_origin(model) is dict:
        annotation = get_args(model)[1]
    else:
        field = getattr(model, "model_fields", {}).get(key)
        annotation = field.annotation if field else None
    arms = (annotation, *get_args(annotation)) if get_origin(annotation) is not dict else (annotation,)
    return next((arm for arm in arms if hasattr(arm, "model_fields") or get_origin(arm) is dict), None)


def _message(entries: Sequence[Any], known: Sequence[str]) -> str:
    """One message for everything that pydantic says of a place: of a union, it says one thing for each arm."""
    entry = entries[0]
    kind, value = entry["type"], entry.get("input")
    if kind == "extra_forbidden":
        close = did_you_mean(entry["loc"][-1], known)
        return "unknown" + (close or (f"; there is {', '.join(known)}" if known else ""))
    if kind == "missing":
        return "is missing"
    if kind == "value_error":
        return str(entry["ctx"]["error"])
    choices = [choice for each in entries for choice in _choices(each)]
    wanted = [_WANTED[each["type"]] for each in entries if each["type"] in _WANTED]
    if choices:
        also = f", nor {' or '.join(dict.fromkeys(wanted))}" if wanted else ""
        return f"{value!r} is not one of {' | '.join(choices)}{also}{did_you_mean(value, choices)}"
    if wanted:
        return f"should be {' or '.join(dict.fromkeys(wanted))}, not {value!r}"
    return f"{entry['msg'].replace('Input should be', 'should be')}, not {value!r}"


def _choices(entry: Any) -> list[str]:
    """The words that a Literal takes."""
    if entry["type"] != "literal_error":
        return []
    return str(entry["ctx"]["expected"]).replace("'", "").replace(" or ", ", ").split(", ")
