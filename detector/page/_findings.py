"""What the check found: each rule that found something, what its number counts, where, and what to do about it."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from detector.page._data import TASKS_NAMED, opens
from detector.page._run import Run

DETAILS = 5
FILE = "findings.json"


def findings(run: Run) -> dict[str, list[Any]]:
    """The rules that found something worth a look, the refused first, and the names of those that passed."""
    check = run.results.get("check")
    places = [file for file in run.evidence if file.name == FILE] or ([check.path / FILE] if check else [])
    file = next((place for place in places if place.is_file()), None)
    rules = json.loads(file.read_text(encoding="utf-8"))["rules"] if file else []
    classes = run.dataset.classes if run.dataset else []
    named = [rule | {"name": rule["rule"].replace("_", " "), **_where(rule, classes)} for rule in rules]
    order = {"refused": 0, "warned": 1}
    return {
        "found": sorted((rule for rule in named if rule["verdict"] in order), key=lambda rule: order[rule["verdict"]]),
        "passed": [rule["name"] for rule in named if rule["verdict"] not in order],
    }


def _where(rule: Mapping[str, Any], classes: Sequence[str]) -> dict[str, Any]:
    """Details, tasks by number and link, and objects by class."""
    links = {image["task_id"]: image["link"] if opens(image["link"]) else None for image in rule.get("images", ())}
    labels = Counter(
        classes[at] if 0 <= at < len(classes) else f"class {at}"
        for at in (each["class_id"] for each in rule.get("objects", ()))
    )
    details = rule["details"]
    return {
        "counts": rule.get("counts", ""),
        "advice": rule.get("advice", ""),
        "details": details[:DETAILS],
        "more_details": max(len(details) - DETAILS, 0),
        "tasks": list(links.items())[:TASKS_NAMED],
        "more": max(len(links) - TASKS_NAMED, 0),
        "labels": labels.most_common(DETAILS),
    }
