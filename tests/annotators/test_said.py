"""What `push` and `review` say to a person: golden, from outcomes as their `--json` has them."""

from pathlib import Path

import pytest

from detector.commands import push, review
from tests.golden import matches

GOLDEN = Path(__file__).parents[1] / "golden" / "annotators"
PUSHED = {
    "schema": 1,
    "status": "done",
    "project": {"id": 3, "title": "Blood cells", "url": "https://label-studio.example.com"},
    "model": {"name": "champion, version 3", "file": "cells.pt", "score": 0.412, "classes": ["RBC", "WBC"]},
    "model_version": "detector/cells/3-5f1e0c7a",
    "order": {"by": "uncertain", "calibrated": True},
    "pushed": [{"task": 7, "score": 0.2, "regions": 2}, {"task": 9, "score": 0.5, "regions": 1}],
    "objects": {"RBC": 1204, "WBC": 3},
    "unsent": {},
    "replaced": 0,
    "shown": "detector/cells/3-5f1e0c7a",
    "prelabels": True,
    "skipped": {"annotated": 1},
    "skips": [{"task": 1, "reason": "annotated", "detail": None}],
    "seconds": 4.2,
}
NOTHING = {"pushed": [], "objects": {"RBC": 0, "WBC": 0}, "skipped": {"annotated": 1200, "current": 17}}
ODD = {
    "order": {"by": "rare", "calibrated": False},
    "unsent": {"WBC": 1},
    "replaced": 1,
    "shown": "somebody's",
    "prelabels": False,
    "skipped": dict.fromkeys(("annotated", "meanwhile", "current", "no_image", "image", "beyond", "gone"), 2),
}
MISTAKE = {
    "task": 17,
    "file": "train/00000017-a.png",
    "split": "train",
    "link": "https://label-studio.example.com/projects/3/data?task=17",
    "kind": "class",
    "likely": 0.914,
    "label": "RBC",
    "seen": "WBC",
    "score": 0.8,
    "region": "r1",
    "box": [0.5, 0.5, 0.1, 0.1],
}
FIGURES = {"objects": 9, "agreed": 0.6667, "iou": 0.91}
DIFFERING = FIGURES | {
    "tasks": 4,
    "annotators": [
        FIGURES
        | {
            "annotator": "ann@example.com",
            "differs": [
                {"label": "RBC", "objects": 8, "agreed": 5, "alone": 0, "missed": 2, "called_by_others": {"WBC": 1}}
            ],
        },
        FIGURES | {"annotator": "bo@example.com", "differs": []},
    ],
}
REVIEWED = {
    "schema": 1,
    "status": "done",
    "run": "runs/20261124T102323Z-a14ef9",
    "dataset": "b3a7f86867bd",
    "objects": 4888,
    "looked_at": 0,
    "mistakes": [
        MISTAKE,
        MISTAKE | {"kind": "place", "likely": 0.7, "seen": "RBC"},
        MISTAKE | {"kind": "missed", "likely": 0.5, "label": None, "region": None},
        MISTAKE | {"kind": "spurious", "likely": 0.31, "seen": None, "score": None, "link": None},
    ],
    "annotators": None,
    "page": "runs/20261124T102323Z-a14ef9/review.html",
    "in_fiftyone": 0,
    "pushed": None,
}
ON_TASKS = {"model_version": "detector-review/cells/a-1", "tasks": [17], "prelabels": True}


def text(lines):
    return "".join(f"{title:<12}{said}\n" for title, said in lines)


@pytest.mark.parametrize(("name", "more"), [("push", {}), ("push_nothing", NOTHING), ("push_odd", ODD)])
def test_what_was_pushed(name, more):
    matches(GOLDEN / f"{name}.txt", text(push.lines(PUSHED | more)))


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("review", {}),
        ("review_none", {"mistakes": [], "looked_at": 1}),
        ("review_differing", {"annotators": DIFFERING, "in_fiftyone": 2}),
        ("review_pushed", {"pushed": ON_TASKS | {"shown": "detector-review/cells/a-1"}, "looked_at": 2}),
    ],
)
def test_what_was_reviewed(name, more):
    matches(GOLDEN / f"{name}.txt", text(review.lines(REVIEWED | more, Path("pipeline.yaml"))))
