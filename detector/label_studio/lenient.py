"""One task that is not as Label Studio's JSON should be: what is clear is taken, and the rest is said to be unreadable.

Scripts, old releases and ML backends write ids as text, coordinates as text, one label in place of a list, a float for
a width in pixels, `completions` for `annotations`. Slow, and only for tasks that the fast decoder refuses.
"""

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from detector.label_studio.structs import LABELS, SHAPES, Annotation, Region, Task, Unreadable, Value

_SIDES = ("x", "y", "width", "height", "radiusX", "radiusY", "rotation")
_LISTS = ("rectanglelabels", "polygonlabels", "brushlabels", "ellipselabels", "labels")
_WHOLE, _PIXELS = 2**53, 2**31


class NotATask(ValueError):
    """It is none that can be named by an id."""


def loads(text: str) -> Any:
    """JSON as Python writes it, too: NaN and Infinity are taken as words. Raises ValueError, RecursionError."""
    parsed = json.loads(text, parse_constant=str, parse_int=_exact)
    clean = json.dumps(parsed, ensure_ascii=False).encode("utf-8", "replace")  # half a character becomes `?`
    return json.loads(clean, parse_constant=str)


def _exact(digits: str) -> int | float:
    return int(digits) if len(digits) < 20 else float(digits)


def read(content: bytes) -> Task:
    """The task. Raises NotATask, which says why."""
    try:
        task = loads(content.decode())
    except (ValueError, RecursionError) as error:
        raise NotATask(f"{error}") from error
    if not isinstance(task, dict):
        raise NotATask(f"it is {_short(task)}, where a task should be")
    number = whole(task.get("id"))
    if number is None:
        raise NotATask(f"its id is {_short(task['id'])}" if "id" in task else "it has no id")
    entries = task.get("annotations", task.get("completions"))
    annotations = [_annotation(each) for each in entries] if isinstance(entries, list) else []
    drafts, predictions = (_list(task.get(name)) for name in ("drafts", "predictions"))
    total = whole(task.get("total_predictions")) or 0
    data = msgspec.Raw(json.dumps(task.get("data"), ensure_ascii=False).encode())
    return Task(number, data, annotations, drafts, predictions, total)


def whole(value: object) -> int | None:
    """A whole number, also one that is written as text or with a decimal point."""
    try:
        number = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else math.nan
    except (ValueError, OverflowError):
        return None
    return int(number) if number.is_integer() and abs(number) <= _WHOLE else None


def _list(value: object) -> list[msgspec.Raw] | None:
    return [msgspec.Raw(b"{}")] * len(value) if isinstance(value, list) else None


def _annotation(entry: Any) -> Annotation:
    if not isinstance(entry, dict):
        return Annotation([Unreadable(why=f"its annotation is {_short(entry)}")])
    cancelled = _true(entry.get("was_cancelled", entry.get("skipped")))
    return Annotation(
        result=_result(entry.get("result"), cancelled),
        id=whole(entry.get("id")) or 0,
        completed_by=_who(entry.get("completed_by")),
        was_cancelled=cancelled,
        ground_truth=_true(entry.get("ground_truth")),
        created_at=_time(entry.get("created_at")),
        updated_at=_time(entry.get("updated_at")),
    )


def _result(entries: Any, cancelled: bool) -> list[Region]:
    """The regions. Who submitted no result at all, not even an empty one, has not said that nothing is there."""
    if isinstance(entries, list):
        return [_region(entry) for entry in entries]
    return [] if cancelled and entries is None else [Unreadable(why=f"its annotation's result is {_short(entries)}")]


def _true(value: object) -> bool:
    return value in {True, "true", "True", "1"} if isinstance(value, bool | int | str) else False


def _who(value: Any) -> int | dict[str, Any] | None:
    """By whom: a number, or what has an e-mail address."""
    if isinstance(value, dict):
        return value
    number = whole(value)
    return {"email": value} if number is None and isinstance(value, str) and value else number


def _time(value: Any) -> str | None:
    """ISO 8601; old releases wrote seconds since 1970."""
    try:
        return value if value is None or isinstance(value, str) else datetime.fromtimestamp(value, UTC).isoformat()
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _region(entry: Any) -> Region:
    if not isinstance(entry, dict):
        return Unreadable(why=f"it is {_short(entry)}")
    kind, name, control = (_text(entry.get(key)) for key in ("type", "id", "to_name"))
    if kind not in SHAPES and kind != LABELS:
        return Region(kind, name, control)
    width, height = (_pixels(entry.get(f"original_{side}")) for side in ("width", "height"))
    try:
        return Region(
            kind, name, control, whole(entry.get("item_index")) or 0, width, height, _value(entry.get("value"))
        )
    except ValueError as error:
        return Unreadable(id=name, to_name=control, why=str(error))


def _text(value: object) -> str:
    """A name; a number is one, too, and of a list the only one is meant."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def _pixels(value: object) -> int | None:
    number = whole(value)
    return number if number is not None and abs(number) < _PIXELS else None


def _value(entry: Any) -> Value:
    """Geometry and labels. Raises ValueError, which says what of it is no such thing."""
    if not isinstance(entry, dict):
        raise ValueError(f"its value is {_short(entry)}")  # noqa: TRY004 - what was read is wrong, no argument
    value = Value(points=_points(entry.get("points")), rle=_codes(entry))
    for names, read_ in ((_SIDES, _number), (_LISTS, _labels)):
        for name in names:
            if entry.get(name) is not None:
                setattr(value, name, read_(name, entry[name]))
    return value


def _number(name: str, value: object) -> float:
    try:
        number = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else math.nan
    except (ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"its {name} is {_short(value)}")
    return number


def _labels(_: str, names: object) -> list[str]:
    labels = [_text(each) for each in (names if isinstance(names, list) else [names]) if each is not None]
    if "" in labels:
        raise ValueError(f"its label is {_short(names)}")
    return labels


def _points(pairs: object) -> list[tuple[float, float]] | None:
    if pairs is None:
        return None
    if not isinstance(pairs, list):
        raise ValueError(f"its points are {_short(pairs)}")  # noqa: TRY004
    return [_point(each) for each in pairs]


def _point(pair: Any) -> tuple[float, float]:
    if isinstance(pair, Mapping):
        pair = [pair.get("x"), pair.get("y")]
    if not isinstance(pair, list) or len(pair) != 2:
        raise ValueError(f"a point of it is {_short(pair)}")
    return _number("point's x", pair[0]), _number("point's y", pair[1])


def _codes(value: Mapping[str, Any]) -> list[int] | None:
    """Label Studio's run-length code. COCO's has the mask by columns, and another code."""
    rle = value.get("rle")
    if rle is None and "counts" not in value:
        return None
    if isinstance(rle, dict) or "counts" in value:
        raise ValueError("its mask is COCO's run-length code, not Label Studio's")
    codes = [whole(code) for code in rle] if isinstance(rle, list) else [None]
    if any(code is None or not 0 <= code < 256 for code in codes):
        raise ValueError("its mask is no run-length code of Label Studio's")
    return [code for code in codes if code is not None]


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else f"{text[:37]}…"
