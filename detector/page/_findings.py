"""What the check found: each rule that found something, what its number counts, where, and what to do about it."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from detector.page._run import Run
from detector.page._tasks import named, with_links

DETAILS = 5
FILE = "findings.json"


def findings(run: Run) -> dict[str, list[Any]]:
    """The rules that found something worth a look, the refused first, and the names of those that passed."""
    check = run.results.get("check")
    places = [file for file in run.evidence if file.name == FILE] or ([check.path / FILE] if check else [])
    file = next((place for place in places if place.is_file()), None)
    classes = run.dataset.classes if run.dataset else []
    rules = list(_rules(file, classes)) if file else []
    order = {"refused": 0, "warned": 1}
    return {
        "found": sorted((rule for rule in rules if rule["verdict"] in order), key=lambda rule: order[rule["verdict"]]),
        "passed": [rule["name"] for rule in rules if rule["verdict"] not in order],
    }


def _rules(file: Path, classes: Sequence[str]) -> Iterator[dict[str, Any]]:
    for rule in json.loads(file.read_text(encoding="utf-8"))["rules"]:
        yield rule | {"name": rule["rule"].replace("_", " "), **_where(rule, classes, file)}


def _where(rule: Mapping[str, Any], classes: Sequence[str], file: Path) -> dict[str, Any]:
    """Details, tasks by number and link, and objects by class."""
    links = {image["task_id"]: image["link"] for image in rule.get("images", ())}
    labels = Counter(
        classes[at] if 0 <= at < len(classes) else f"class {at}"
        for at in (each["class_id"] for each in rule.get("objects", ()))
    )
    return {
        "counts": rule.get("counts", ""),
        "advice": rule.get("advice", ""),
        "details": named(rule["details"], file, DETAILS),
        "tasks": named(with_links(list(links), links), file),
        "labels": named(labels.most_common(), file, DETAILS),
    }
