"""Which images train, which validate, which test: decided by what an image is, never by when it came.

An image's place comes from a hash of its content (or of its group's name), so it stays where it is as the project
grows, exact copies never part, and the test set stays frozen.
"""

import hashlib
import json
from collections.abc import Mapping

import pyarrow as pa

from detector.data.paths import ends
from detector.errors import UsageError, did_you_mean
from detector.stages.convert._lists import read_lists
from detector.stages.convert._options import Split
from detector.terms import SPLITS

_WORDS = {"valid": "val", "validation": "val", "training": "train", "testing": "test"}


def assign(images: pa.Table, split: Split) -> list[str]:
    """The split of each row of the annotation images. Raises UsageError for what names no split."""
    data = [json.loads(text) for text in images["data"].to_pylist()] if split.field or split.group_by else []
    keys = images["sha256"].to_pylist()
    if split.group_by:
        keys = [_group(row, split.group_by, key) for row, key in zip(data, keys, strict=True)]
    assigned = _by_hash(keys, split)
    if split.field:
        stated = [
            _stated(row, split.field, task) for row, task in zip(data, images["task_id"].to_pylist(), strict=True)
        ]
        assigned = [by_hash if name == "train" else name for name, by_hash in zip(stated, assigned, strict=True)]
    if split.lists:
        listed = read_lists(split)
        named = [_named(source, listed) for source in images["source"].to_pylist()]
        assigned = [
            by_hash if name in {None, "train"} else str(name) for name, by_hash in zip(named, assigned, strict=True)
        ]
    return assigned


def _named(source: str, listed: Mapping[str, str]) -> str | None:
    """What the lists say of an image: they may name it by its whole reference, or by any end of its path."""
    return next((listed[end] for end in ends(source) if end in listed), None)


def _by_hash(keys: list[str], split: Split) -> list[str]:
    """The keys are hexadecimal and uniform: the first 52 bits of each are a number in [0, 1)."""
    test, held_out = split.share("test"), split.share("test") + split.share("val")
    places = (int(key[:13], 16) / 16**13 for key in keys)
    return ["test" if place < test else "val" if place < held_out else "train" for place in places]


def _group(data: dict[str, object], group_by: str, key: str) -> str:
    value = data.get(group_by.removeprefix("data."))
    return key if value is None else hashlib.sha256(json.dumps(value).encode()).hexdigest()


def _stated(data: dict[str, object], field: str, task: int) -> str:
    value = data.get(field.removeprefix("data."))
    word = str(value).strip().lower()
    name = _WORDS.get(word, word)
    if name not in SPLITS:
        raise UsageError(
            f"task {task}: its field {field!r} is {value!r}, which is not one of {' | '.join(SPLITS)}"
            f"{did_you_mean(word, SPLITS) or '.'} Mend the field, or leave convert.split.field out"
        )
    return name


def refuse_empty(assigned: pa.ChunkedArray, split: Split) -> None:
    """Raises UsageError when one of the three has no image."""
    there = assigned.unique().to_pylist()
    empty = [name for name in SPLITS if name not in there]
    if not empty:
        return
    how = (
        f"no task's {split.field!r} says so"
        if split.field
        else "no list names one"
        if split.lists
        else f"of {len(assigned)} images, none fell there"
    )
    raise UsageError(
        f"the {' and the '.join(empty)} split would be empty: {how}. Set convert.split.{empty[0]} to a larger share"
        f" (it is {split.share(empty[0]) if empty[0] != 'train' else 'what val and test leave'}), or add images"
    )
