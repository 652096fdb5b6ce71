"""What a file is that should be a JSON export of Label Studio: its tasks, or a sentence that names what it is instead.

What means the same without doubt is read: one task as the API gives it, a page of tasks, a task a line, a list of tasks
without ids (numbered from 1), text in UTF-16 or with a byte order mark.
"""

import io
import json
import zipfile
from typing import Any

import msgspec

from detector.errors import UsageError
from detector.label_studio import lenient

WAY_OUT = "in Label Studio choose Export, then JSON"
_ANNOTATED = ("annotations", "completions")
Raws = list[msgspec.Raw | bytes]


def split(content: bytes) -> Raws:
    """The tasks, as JSON each. Raises UsageError for what is none, UnicodeDecodeError for text of no known encoding."""
    if content[:4] == b"PK\x03\x04":
        raise none(_archive(content))
    text = content.decode(json.detect_encoding(content))
    tasks = _listed(text)
    kinds = [_keys(task) for task in tasks]
    if tasks and not any(keys.intersection(_ANNOTATED) for keys in kinds):
        raise none(_kind(kinds[0]))
    if tasks and not any("id" in keys for keys in kinds):
        return [b'{"id":%d,%b' % (at, bytes(task).lstrip()[1:]) for at, task in enumerate(tasks, 1)]
    return tasks


def _listed(text: str) -> Raws:
    try:
        whole: Any = msgspec.json.decode(text, type=list[msgspec.Raw] | dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, RecursionError, UnicodeEncodeError) as error:
        return _leniently(text, error)
    if isinstance(whole, list):
        return [bytes(task) for task in whole]
    if {"data", *_ANNOTATED}.intersection(whole) and "categories" not in whole and "result" not in whole:
        return [text.encode()]
    if set(whole) <= {"tasks", "total", "total_annotations", "total_predictions"} and "tasks" in whole:
        return _listed(bytes(whole["tasks"]).decode())
    raise none(_kind(set(whole)))


def _leniently(text: str, error: Exception) -> Raws:
    """As Python's own reader takes it, which knows NaN; or a task a line."""
    try:
        tasks = lenient.loads(text)
    except (ValueError, RecursionError):
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) < 2 or not all(line.lstrip().startswith("{") and line.rstrip().endswith("}") for line in lines):
            raise none(_guess(text) or error) from error
        return [line.encode("utf-8", "replace") for line in lines]
    tasks = tasks if isinstance(tasks, list) else [tasks]
    return [json.dumps(task, ensure_ascii=False).encode() for task in tasks]


def _keys(task: msgspec.Raw | bytes) -> set[str]:
    try:
        return set(msgspec.json.decode(task, type=dict[str, msgspec.Raw]))
    except (msgspec.MsgspecError, RecursionError):
        return set(_ANNOTATED) if b'"annotations"' in bytes(task) else set()


def _guess(text: str) -> str:
    """What a text is that is no JSON."""
    head = text.lstrip()[:2000]
    first = head.partition("\n")[0]
    if head.startswith("<"):
        return "it is XML"
    if ("," in first or "\t" in first) and not head.startswith(("[", "{")):
        return "it is a table, as its CSV and TSV exports are"
    return ""


def _kind(keys: set[str]) -> str:
    """What a file of objects with these keys is."""
    if {"images", "categories"} <= keys:
        return "it is COCO's"
    if "result" in keys:
        return "it holds single annotations, as a target storage of Label Studio's does"
    if keys.intersection({"annotator", "annotation_id", "lead_time"}):
        return "it is JSON-MIN, which leaves out who annotated and what was skipped"
    return "its tasks are as one imports them, and none has annotations" if keys else "it has no tasks"


def _archive(content: bytes) -> str:
    """What a zip file is, by the names in it."""
    try:
        names = zipfile.ZipFile(io.BytesIO(content)).namelist()
    except zipfile.BadZipFile:
        names = []
    if any(name.endswith(("classes.txt", "data.yaml")) or "labels/" in name for name in names):
        return "it is an archive of YOLO's format, which can be unpacked and pulled with `using: yolo`"
    coco = any(name.endswith("result.json") for name in names)
    return "it is an archive of COCO's format" if coco else "it is an archive; if the JSON file is in it, unpack it"


def none(kind: object) -> UsageError:
    """The error for a file that is something else."""
    return UsageError(f"this is no Label Studio JSON export ({kind}); {WAY_OUT}")
