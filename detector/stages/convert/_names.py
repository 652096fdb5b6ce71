"""What the files of a dataset version are called: `<task id, 8 digits>-<slug>`."""

import re
import unicodedata
from collections import Counter
from urllib.parse import unquote

_PLAIN = re.compile(r"[A-Za-z0-9._-]{1,80}")
_OTHER = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST = 80


def slug(source: str) -> str:
    """The last part of a reference, percent-decoded once, in letters that every file system takes."""
    base = source.replace("\\", "/").rpartition("/")[2]
    if "?" in base:
        base = base.partition("?d=")[2] or base.partition("?")[0]
    stem = base.rpartition(".")[0] or base
    if _PLAIN.fullmatch(stem):
        return stem
    plain = unicodedata.normalize("NFKD", unquote(stem)).encode("ascii", "ignore").decode()
    return _OTHER.sub("-", plain).strip("-.")[:_LONGEST] or "image"


def stems(task_ids: list[int], fields: list[str], sources: list[str]) -> list[str]:
    """One stem for each image; where a task has several, the name of the image's control tells them apart."""
    several = Counter(task_ids)
    return [
        f"{task:08d}-{slug(field) + '-' if several[task] > 1 else ''}{slug(source)}"
        for task, field, source in zip(task_ids, fields, sources, strict=True)
    ]
