"""What counts as missed and false, on boxes placed by hand."""

import pyarrow as pa
import pytest

from detector.data.evaluation import PREDICTIONS
from detector.stages.evaluate._mistakes import judge, overlap
from tests.support import tiny


def box(x=0.5, y=0.5, width=0.5, height=0.5):
    return {"x": x, "y": y, "width": width, "height": height}


def seen(image, class_id, score=0.9, **place):
    return {"image": image, "class_id": class_id, "score": score, **box(**place), "polygon": None}


def judged(tmp_path, *rows):
    """tiny's test images are rows 6, 7 and 8, each with one box in the middle, of classes 0, 1, 0."""
    found = judge(tiny.dataset(tmp_path), pa.Table.from_pylist(list(rows), PREDICTIONS), "test")
    return {image.image: (len(image.missed), len(image.false)) for image in found}


@pytest.mark.parametrize(
    ("other", "shared"),
    [(box(), 1.0), (box(x=0.75), 1 / 3), (box(width=0.25), 0.5), (box(x=1.0), 0.0), (box(x=1.2, y=1.2), 0.0)],
)
def test_overlap(other, shared):
    assert overlap(box(), other) == pytest.approx(shared)


def test_a_box_of_no_area_overlaps_nothing():
    assert overlap(box(width=0, height=0), box(width=0, height=0)) == 0


def test_nothing_seen_is_all_missed(tmp_path):
    assert judged(tmp_path) == {6: (1, 0), 7: (1, 0), 8: (1, 0)}


def test_right_wrong_class_wrong_place(tmp_path):
    rows = seen(6, 0), seen(7, 0), seen(8, 0, x=0.9)
    assert judged(tmp_path, *rows) == {6: (0, 0), 7: (1, 1), 8: (1, 1)}


def test_an_object_is_found_once_by_the_best_score(tmp_path):
    (image, *_) = judge(
        tiny.dataset(tmp_path), pa.Table.from_pylist([seen(6, 0, 0.6, x=0.52), seen(6, 0, 0.8)], PREDICTIONS), "test"
    )
    assert image.false == {0}
    assert not image.missed


def test_unsure_predictions_are_not_said(tmp_path):
    assert judged(tmp_path, seen(6, 0, score=0.2))[6] == (1, 0)
