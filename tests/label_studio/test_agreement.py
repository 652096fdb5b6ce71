"""Where people who annotated the same tasks differ: what is counted, and whose name is told where."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.label_studio.agreement import ious
from detector.label_studio.consensus import overlap
from tests.support.exports import annotation, box, converted, region, task

ANN, BO, CY = "ann@example.com", "bo@example.com", "cy@example.com"
CAR, PERSON = {"labels": ["car"]}, {"labels": ["person"]}


@pytest.fixture(scope="module")
def version(tmp_path_factory):
    """A version of six tasks, and what its account says of the annotators.

    Ann and Bo have 1 to 5, Ann and Cy 6; Bo draws no second car on 1 to 3, and calls persons cars on 4 and 5.
    """
    tasks = [
        task(
            number,
            annotation(box(10, 10, 20, 20, **CAR), box(60, 60, 20, 20, **CAR), by=ANN),
            annotation(box(12, 10, 20, 20, **CAR), by=BO),
        )
        for number in (1, 2, 3)
    ]
    tasks += [
        task(
            number,
            annotation(box(10, 10, 20, 20, **PERSON), by=ANN),
            annotation(box(10, 10, 20, 20, **CAR), by=BO),
            annotation(box(70, 70, 20, 20, **CAR), by=CY, was_cancelled=True),
        )
        for number in (4, 5)
    ]
    outline = region("polygon", points=[[10, 10], [30, 10], [30, 30], [10, 30]])
    tasks += [task(6, annotation(outline, by=ANN), annotation(outline, by=CY))]
    dataset, _ = converted(tmp_path_factory.mktemp("version"), tasks)
    return dataset, dataset.conversion["agreement"]


def test_all_is_counted(version):
    told = version[1]
    iou = round((3 * 18 / 22 + 2 + 1) / 6, 4)
    assert {name: told[name] for name in ("tasks", "objects", "agreed", "iou")} == {
        "tasks": 6, "objects": 9, "agreed": round(4 / 9, 4), "iou": iou,
    }  # fmt: skip
    assert [(each["one"], each["other"], each["objects"], each["agreed"]) for each in told["pairs"]] == [
        (1, 2, 8, 0.375),
        (1, 3, 1, 1.0),
    ]
    assert [(each["label"], each["objects"], each["also_called"]) for each in told["labels"]] == [
        ("car", 9, {"person": 2}),
        ("person", 2, {"car": 2}),
    ]
    assert [(each["type"], each["objects"], each["agreed"]) for each in told["types"]] == [
        ("rectangle", 8, 0.375),
        ("polygon", 1, 1.0),
    ]


def test_who_needs_help_with_what(version):
    one, two, three = version[1]["annotators"]
    car = {"label": "car", "objects": 8, "agreed": 3, "alone": 0, "missed": 3, "called_by_others": {"person": 2}}
    assert (two["annotator"], two["tasks"], two["differs"]) == (2, 5, [car])
    assert [(each["label"], each["alone"], each["missed"]) for each in one["differs"]] == [("car", 3, 0)]
    assert (three["annotator"], three["agreed"], three["differs"]) == (3, 1.0, [])


def test_no_name_is_in_what_is_recorded(version):
    folder = version[0].folder
    for name in ("card.md", "conversion.json", "data.yaml"):
        assert "@" not in (folder / name).read_text()
    card = (folder / "card.md").read_text()
    assert "6 tasks had more than one annotator: they agree on 44% of 9 objects, with a mean overlap" in card
    assert "| car | 9 | 44% | 0.91 | person 2 |" in card


def test_nothing_is_told_where_each_task_has_one_annotator(tmp_path):
    again = annotation(box(10, 10, 20, 20), at="2026-01-02T00:00:00Z")
    alone = [task(1, annotation(box(10, 10, 20, 20))), task(2, annotation(box(50, 10, 20, 20)), again), task(3)]
    dataset, _ = converted(tmp_path, [*alone, task(4, annotation()), task(5), task(6, annotation())])
    assert json.loads((dataset.folder / "conversion.json").read_text())["agreement"] is None
    assert "Annotators" not in (dataset.folder / "card.md").read_text()


def test_shapes_with_one_label_are_matched_first(tmp_path):
    """Ann's person and bicycle lie over each other, and so do Bo's."""
    ann = annotation(box(10, 10, 20, 20, **PERSON), box(11, 10, 20, 20, **CAR), by=ANN)
    bo = annotation(box(10, 10, 20, 20, **CAR), box(11, 10, 20, 20, **PERSON), by=BO)
    dataset, _ = converted(tmp_path, [task(1, ann, bo)])
    assert dataset.conversion["agreement"]["agreed"] == 1.0


@given(st.data())
def test_overlaps_are_those_of_two_boxes(data):
    side = st.floats(0, 1, allow_subnormal=False)
    boxes = st.lists(st.tuples(side, side, side, side).map(lambda s: (*s[:2], s[0] + s[2], s[1] + s[3])), max_size=4)
    one, other = data.draw(boxes), data.draw(boxes)
    expected = [[overlap(first, second) for second in other] for first in one]
    shape = (len(one), len(other))
    found = ious(np.reshape(one, (-1, 4)), np.reshape(other, (-1, 4)))
    assert found.shape == shape
    assert np.allclose(found, np.reshape(expected, shape), atol=1e-9)
