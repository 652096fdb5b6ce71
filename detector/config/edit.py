"""A pipeline.yaml with other values in it: only these are written, and every comment and line stays as it is."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from detector.errors import UsageError

Edit = tuple[int, int, str]  # from, to (positions in the text), what comes there


def plain(value: Any) -> str:
    """A value as YAML, on one line."""
    text = yaml.safe_dump(value, default_flow_style=True, width=math.inf, allow_unicode=True)
    return str(text).removesuffix("...\n").strip()


def written(text: str, keys: Sequence[str], values: Mapping[str, Any]) -> str:
    """The text with `values` in the mapping at `keys`, which is made where it is missing.

    Raises:
        UsageError: Its form does not allow it (anchors, say): a person has to write them.
    """
    expected = _with(yaml.safe_load(text), keys, values)
    edited = text
    try:
        for name, value in values.items():  # each on the text as the one before left it
            edited = _apply(edited, _edit(edited, keys, name, value))
        same = yaml.safe_load(edited) == expected
    except yaml.YAMLError:
        same = False
    if not same:
        raise UsageError(f"{'.'.join(keys)} is written in a form that can't be edited here; write the values by hand")
    return edited


def _with(data: Any, keys: Sequence[str], values: Mapping[str, Any]) -> Any:
    data = dict(data or {})
    inner = {**(data.get(keys[0]) or {}), **values} if len(keys) == 1 else _with(data.get(keys[0]), keys[1:], values)
    return data | {keys[0]: inner}


def _edit(text: str, keys: Sequence[str], name: str, value: Any) -> Edit:
    """The place of one value, and what comes there."""
    node: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    for at, key in enumerate(keys):
        inner = _value(node, key)
        if inner is None or _is_empty(inner):
            return _set(text, node, key, plain(_nested(keys[at + 1 :], {name: value})))
        node = inner
    return _set(text, node, name, plain(value))


def _nested(keys: Sequence[str], values: Mapping[str, Any]) -> Mapping[str, Any]:
    return {keys[0]: _nested(keys[1:], values)} if keys else values


def _value(mapping: Any, key: str) -> Any:
    if not isinstance(mapping, yaml.MappingNode):
        raise UsageError(f"{key} can't be written into what is no mapping of keys; write it by hand")
    return next((value for name, value in mapping.value if name.value == key), None)


def _is_empty(node: Any) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"


def _set(text: str, mapping: Any, key: str, value: str) -> Edit:
    """Put `key: value` into a mapping, or another value where the key is."""
    old = _value(mapping, key)
    if old is not None:
        start, end = old.start_mark.index, old.end_mark.index
        return start, end, value if text[start - 1 : start] in {" ", "\n"} else f" {value}"
    if mapping.flow_style:
        return _into_braces(mapping, f"{key}: {value}")
    indent = " " * mapping.value[0][0].start_mark.column
    end = _end_of_line(text, _last(mapping))
    return end, end, f"{_line_end(text)}{indent}{key}: {value}"


def _into_braces(mapping: Any, entry: str) -> Edit:
    """After the last entry, or as the only one."""
    if not mapping.value:
        end = mapping.end_mark.index - 1
        return end, end, entry
    end = mapping.value[-1][1].end_mark.index
    return end, end, f", {entry}"


def _last(node: Any) -> int:
    """Where the last value in a node ends, without the comments after it."""
    while isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        node = last[1] if isinstance(last, tuple) else last
    return int(node.end_mark.index)


def _end_of_line(text: str, position: int) -> int:
    position = len(text[:position].rstrip("\r\n"))  # a block of text ends on the line after it
    end = text.find(_line_end(text), position)
    return len(text) if end < 0 else end


def _line_end(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _apply(text: str, edit: Edit) -> str:
    start, end, value = edit
    return text[:start] + value + text[end:]
