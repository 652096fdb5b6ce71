"""Tasks that are in an export more than once: the same, twice, is one; two that differ are never merged."""

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from detector.data.losses import Loss
from detector.errors import UsageError
from detector.label_studio import lenient

_SHOWN = 5  # ids in an error


def repeats(images: pa.Table) -> bool:
    """Whether a task's id stands twice in what was read."""
    ids = images["task_id"].to_numpy()
    if len(np.unique(ids)) == len(ids):
        return False
    data = images["data"].combine_chunks().dictionary_encode().indices.to_numpy()
    field = images["field"].combine_chunks().dictionary_encode().indices.to_numpy()
    other = np.ones(len(ids), bool)
    other[1:] = (ids[1:] != ids[:-1]) | (data[1:] != data[:-1])
    begins = ids[other]
    run = np.cumsum(other)
    fields = np.unique(np.stack([run, field]), axis=1).shape[1]
    return len(np.unique(begins)) < len(begins) or fields < len(ids)


def once_each(raws: Sequence[msgspec.Raw | bytes]) -> tuple[list[msgspec.Raw | bytes], list[Loss]]:
    """The tasks, with nothing in place of those that are the same as one before them; and a loss for each of these.

    Raises UsageError for tasks of one id that are not the same.
    """
    first: dict[int, msgspec.Raw | bytes] = {}
    kept, losses, differing = list(raws), [], []
    for at, raw in enumerate(raws):
        number = _id(raw)
        if number is None or (before := first.setdefault(number, raw)) is raw:
            continue
        if _content(before) == _content(raw):
            kept[at] = b""
            losses.append(Loss("excluded", "task", "repeated_task", number))
        elif number not in differing:
            differing.append(number)
    if differing:
        raise UsageError(_refusal(differing))
    return kept, losses


class _Head(msgspec.Struct):
    id: Any = None


def _id(raw: msgspec.Raw | bytes) -> int | None:
    try:
        return lenient.whole(msgspec.json.decode(raw, type=_Head).id)
    except (msgspec.MsgspecError, RecursionError):
        try:
            return lenient.read(bytes(raw)).id
        except lenient.NotATask:
            return None


def _content(raw: msgspec.Raw | bytes) -> object:
    """What a data set hangs on."""
    task = lenient.loads(bytes(raw).decode())
    annotations = task.get("annotations", task.get("completions"))
    if not isinstance(annotations, list):
        return task.get("data"), annotations or []
    names = ("id", "result", "was_cancelled", "ground_truth", "completed_by")
    contents = [[each.get(name) for name in names] if isinstance(each, dict) else each for each in annotations]
    return task.get("data"), contents


def _refusal(differing: Sequence[int]) -> str:
    shown = ", ".join(map(str, differing[:_SHOWN]))
    more = f" and {len(differing) - _SHOWN:,} more" if len(differing) > _SHOWN else ""
    which = f"task {shown} is" if len(differing) == 1 else f"the tasks {shown}{more} are"
    return (
        f"{which} in the export more than once, with different content; if two projects were joined, give the tasks of"
        " one of them other ids, and if they are two states of one project, keep the newer"
    )
