"""Which images train, which validate, which test: decided by what an image is, never by when it came.

An image's place comes from a hash of its content (or of its group's name), so it stays where it is as the project
grows, exact copies never part, and the test set stays frozen. Copies that Roboflow augmented carry the name of their
picture, and stay together by it.
"""

import hashlib
import json
import re
from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from detector.data.paths import ends
from detector.errors import UsageError, did_you_mean
from detector.stages.convert._lists import read_lists
from detector.stages.convert._options import Split
from detector.terms import SPLITS

_AUGMENTED = re.compile(r"([^/\\]+)\.rf\.[0-9A-Za-z]{16,}\.\w+$")  # IMG_1_jpg.rf.<32 digits>.jpg
_WORDS = {"valid": "val", "validation": "val", "training": "train", "testing": "test"}


def assign(images: pa.Table, split: Split) -> list[str]:
    """The split of each row of the annotation images. Raises UsageError for what names no split."""
    own: list[str] = images["own_split"].to_pylist()
    if any(own):
        return own  # every one of them: see `settle`
    data = [json.loads(text) for text in images["data"].to_pylist()] if split.field or split.group_by else []
    keys = list(map(same_picture, images["source"].to_pylist(), images["sha256"].to_pylist()))
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


def groups(images: pa.Table, split: Split) -> list[str | None] | None:
    """What keeps each image together with others: its value of `group_by`, or the picture that it is a copy of.

    None where no image has such a thing.
    """
    if split.group_by:
        data = map(json.loads, images["data"].to_pylist())
        values = (row.get(split.group_by.removeprefix("data.")) for row in data)
        return [None if value is None else json.dumps(value, ensure_ascii=False) for value in values]
    if not pc.any(pc.match_substring(images["source"], ".rf.")).as_py():
        return None
    copies = (_AUGMENTED.search(source) if ".rf." in source else None for source in images["source"].to_pylist())
    return [copy[1] if copy else None for copy in copies]


def _named(source: str, listed: Mapping[str, str]) -> str | None:
    """What the lists say of an image: they may name it by its whole reference, or by any end of its path."""
    return next((listed[end] for end in ends(source) if end in listed), None)


def same_picture(source: str, content: str) -> str:
    """A key that copies of one picture share: of its name where it was augmented, otherwise its content's own."""
    augmented = _AUGMENTED.search(source) if ".rf." in source else None
    return hashlib.sha256(augmented[1].encode()).hexdigest() if augmented else content


def place(key: str) -> float:
    """Keys are hexadecimal and uniform: the first 52 bits of one are a number in [0, 1)."""
    return int(key[:13], 16) / 16**13


def _by_hash(keys: list[str], split: Split) -> list[str]:
    test, held_out = split.share("test"), split.share("test") + split.share("val")
    places = map(place, keys)
    return ["test" if at < test else "val" if at < held_out else "train" for at in places]


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
