"""Label Studio's task export around the regions, and the faults that every real project has."""

import copy
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from detector.sample.annotate import Region, region_id

Task = dict[str, Any]
ANNOTATORS = ({"id": 1, "email": "mara@example.com"}, {"id": 2, "email": "jonas@example.com"})
PROJECT = 1


def task(number: int, image: str, regions: list[Region]) -> Task:
    """One task with one submitted annotation, as the interface exports it."""
    submitted = annotation(number, number, regions, ANNOTATORS[number % 2])
    return {
        "id": number,
        "inner_id": number,
        "project": PROJECT,
        "data": {"image": f"/data/local-files/?d={image}", "camera": f"bench-{number % 4 + 1}"},
        "meta": {},
        "annotations": [submitted],
        "drafts": [],
        "predictions": [],
        "created_at": _time(0),
        "updated_at": submitted["updated_at"],
        "updated_by": submitted["completed_by"]["id"],
        "total_annotations": 1,
        "cancelled_annotations": 0,
        "total_predictions": 0,
    }


def annotation(number: int, task_id: int, regions: list[Region], by: dict[str, Any]) -> dict[str, Any]:
    """A submitted annotation."""
    return {
        "id": number,
        "task": task_id,
        "project": PROJECT,
        "completed_by": by,
        "result": regions,
        "was_cancelled": False,
        "ground_truth": False,
        "created_at": _time(number),
        "updated_at": _time(number),
        "lead_time": 8.0 + 6 * len(regions),
        "result_count": len(regions),
        "draft_created_at": None,
        "prediction": {},
        "parent_prediction": None,
        "parent_annotation": None,
    }


def _time(minutes: int) -> str:
    moment = datetime(2025, 3, 3, 8, 0, tzinfo=UTC) + timedelta(minutes=minutes)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def skip(task: Task, _rng: np.random.Generator) -> None:
    """The annotator pressed Skip: Label Studio keeps a cancelled annotation."""
    task["annotations"][0] |= {"was_cancelled": True, "result": [], "result_count": 0}
    task |= {"total_annotations": 0, "cancelled_annotations": 1}


def leave_open(task: Task, _rng: np.random.Generator) -> None:
    """Nobody has labelled it yet."""
    task |= {"annotations": [], "total_annotations": 0}


def repeat(task: Task, rng: np.random.Generator) -> None:
    """A region pasted twice over itself."""
    regions = task["annotations"][0]["result"]
    regions.append(copy.deepcopy(regions[0]) | {"id": region_id(rng)})


def click(task: Task, rng: np.random.Generator) -> None:
    """A shape begun and let go at once: it has no area."""
    regions = task["annotations"][0]["result"]
    flat = copy.deepcopy(regions[0]) | {"id": region_id(rng)}
    if flat["type"] == "polygonlabels":
        flat["value"]["points"] = [[50.0, 50.0], [52.0, 50.0], [51.0, 50.0]]
    else:
        name = flat["value"][flat["type"]]
        box = {"x": 50.0, "y": 50.0, "width": 0.0, "height": 0.0, "rotation": 0, "rectanglelabels": name}
        flat |= {"type": "rectanglelabels", "from_name": "box", "value": box}
    regions.append(flat)


def overshoot(task: Task, _rng: np.random.Generator) -> None:
    """The shape of the part at the right edge goes on beyond the picture."""
    value = task["annotations"][0]["result"][-1]["value"]
    if "points" in value:
        value["points"] = [[x + 3 if x > 98 else x, y] for x, y in value["points"]]
    elif "radiusX" not in value and "width" in value:
        value["width"] += 3


def second_opinion(task: Task, rng: np.random.Generator) -> None:
    """Another annotator labelled it too, almost the same."""
    first = task["annotations"][0]
    regions = copy.deepcopy(first["result"])
    for region in regions:
        region["id"] = region_id(rng)
        if "width" in region["value"]:
            region["value"]["width"] *= 0.98
    other = ANNOTATORS[1 - ANNOTATORS.index(first["completed_by"])]
    task["annotations"].append(annotation(100_000 + first["id"], task["id"], regions, other))
    task["total_annotations"] = 2


Fault = Callable[[Task, np.random.Generator], None]
FAULTS: tuple[Fault, ...] = (skip, leave_open, repeat, click, overshoot, second_opinion)
