"""A region is kept, perhaps changed, or dropped; what is dropped is never also listed as changed."""

import numpy as np
import pytest

from tests.support.exports import CLASSES, annotation, box, converted, labels, reasons, region, task
from tests.support.jobs import Pipeline

SEGMENT = Pipeline(task="segment", classes=CLASSES)
LOST = {
    "beyond the edge": box(130, 10, 20, 20),
    "turned, beyond the edge": box(130, 10, 20, 20, rotation=30),
    "turned, without area": box(10, 10, 0, 20, rotation=30),
    "a polygon beyond the edge": region("polygon", points=[[110, 10], [130, 10], [120, 40]]),
    "a polygon on a line": region("polygon", points=[[10, 10], [20, 20], [30, 30]]),
    "an ellipse beyond the edge": region("ellipse", x=150, y=50, radiusX=10, radiusY=10),
    "an ellipse without area": region("ellipse", x=1, y=1, radiusX=0, radiusY=3),
    "turned, twice the same": box(10, 10, 20, 20, rotation=30),
    "of several labels, beyond the edge": box(130, 10, 20, 20, labels=["car", "person"]),
    "a mask that is none": region("brush", format="rle", rle=[1, 2]),
}


@pytest.mark.parametrize("pipeline", [Pipeline(classes=CLASSES), SEGMENT], ids=["detect", "segment"])
def test_what_is_dropped_is_not_also_changed(tmp_path, pipeline):
    tasks = [task(at, annotation(box(1, 1, 9, 9), shape)) for at, shape in enumerate(LOST.values(), 1)]
    tasks[list(LOST).index("turned, twice the same")]["annotations"][0]["result"].append(
        LOST["turned, twice the same"] | {"id": "twin"}
    )
    dataset, result = converted(tmp_path, tasks, pipeline, several_labels="each")
    told = dataset.conversion
    dropped, changed = (
        {(entry["task_id"], entry["region_id"]) for entries in told[action].values() for entry in entries}
        for action in ("dropped", "changed")
    )
    assert len(dropped) == len(LOST)
    assert not dropped & changed
    twice = list(LOST).index("turned, twice the same") + 1
    assert reasons(dataset, "dropped")["duplicate"] == [twice]
    assert result.figures["objects"] == len(LOST) + 1


DRAGGED = {
    "left and up": box(60, 70, -20, -50),
    "left": box(60, 20, -20, 50),
    "up": box(40, 70, 20, -50),
    "as it is": box(40, 20, 20, 50),
}


@pytest.mark.parametrize("name", DRAGGED)
def test_a_corner_that_was_dragged_over_the_opposite_one_is_the_same_box(tmp_path, name):
    dataset, _ = converted(tmp_path, [task(1, annotation(DRAGGED[name]))])
    assert labels(dataset, 1) == [[0, 0.5, 0.45, 0.2, 0.5]]
    assert reasons(dataset, "dropped") == reasons(dataset, "changed") == {}
    dataset, _ = converted(tmp_path, [task(1, annotation(DRAGGED[name]))], SEGMENT)
    corners = np.array(labels(dataset, 1)[0][1:]).reshape(-1, 2)
    assert {tuple(corner) for corner in corners} == {(0.4, 0.2), (0.6, 0.2), (0.6, 0.7), (0.4, 0.7)}


def test_a_turned_box_with_negative_sides_is_the_one_from_its_other_corner(tmp_path):
    """Turned by 90 degrees, width -20 % and height -20 % of 200 x 100: from (100, 50) px to (120, 10) px."""
    dataset, _ = converted(tmp_path, [task(1, annotation(box(50, 50, -20, -20, rotation=90)))])
    assert labels(dataset, 1) == [[0, 0.55, 0.3, 0.1, 0.4]]


def test_a_dragged_box_beyond_the_edge_is_cut_once(tmp_path):
    dataset, _ = converted(tmp_path, [task(1, annotation(box(10, 50, -20, 20)))])
    assert labels(dataset, 1) == [[0, 0.05, 0.6, 0.1, 0.2]]
    assert reasons(dataset, "changed") == {"clipped": [1]}
