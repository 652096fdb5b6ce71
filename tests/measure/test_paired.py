"""Two evaluations on the same images, of predictions placed by hand."""

import numpy as np
import pytest

from detector.measure.paired import pair
from tests.support.judged import diamond, evaluated, seen
from tests.support.versions import Object, Picture, version

BOX = Object(0, 0.5, 0.5, 0.4, 0.6)
LOOKS = range(12)


def pictures(looks=LOOKS, objects=None):
    return [Picture("test", (objects or {}).get(look, [BOX, Object(1, 0.1, 0.1, 0.1, 0.1)]), look) for look in looks]


def right(row, score=0.9):
    return seen(row, 0, score, *BOX[1:], polygon=diamond(*BOX[1:]))


def wrong(row, score=0.8):
    return seen(row, 0, score, 0.9, 0.9, 0.1, 0.1, polygon=diamond(0.9, 0.9, 0.1, 0.1))


def test_the_same_twice_differs_in_nothing(tmp_path):
    data = version(tmp_path, pictures())
    rows = [right(row) for row in range(8)] + [wrong(row) for row in range(5)]
    one, other = (evaluated(data, tmp_path / name, rows) for name in ("one", "other"))
    figures = pair(one, other).figures
    assert {"mAP50-95", "mAP50", "mAP75", "mAP50/RBC", "precision", "recall", "F1"} <= figures.keys()
    for name, difference in figures.items():
        assert (difference.change, difference.low, difference.high, difference.better) == (0, 0, 0, 0), name
        assert difference.before == pytest.approx(one.measured.metrics[name], abs=1e-6), name


def test_seeds_widen_what_differs_and_a_class_more_than_the_mean(tmp_path):
    """Far more than the images do, so that it is nearly all there is: 1.96 standard deviations to each side."""
    data = version(tmp_path, pictures())
    one, other = (evaluated(data, tmp_path / f"{count}", [right(row) for row in range(count)]) for count in (6, 7))
    alone, moved = pair(one, other).figures, pair(one, other, seeds=5.0).figures
    for name, more in (("mAP50-95", 1), ("mAP50-95/RBC", 3**0.5)):
        assert moved[name].high - moved[name].low == pytest.approx(2 * 1.96 * 5 * 2**0.5 * more, rel=0.02)
        assert moved[name].change == alone[name].change
    assert moved["mAP50-95"].better == pytest.approx(0.5, abs=0.02)
    assert alone["mAP50-95"].better > 0.6
    assert pair(one, one, seeds=5.0).figures == pair(one, one).figures


@pytest.mark.parametrize("task", ["detect", "segment"])
def test_images_are_paired_by_what_is_on_them_not_by_their_rows(tmp_path, task):
    """The other version has its images the other way round, and some of its own ahead."""
    before = version(tmp_path / "before", pictures(), task)
    after = version(tmp_path / "after", [*pictures([90, 91]), *pictures(reversed(LOOKS))], task)
    one = evaluated(before, tmp_path / "one", [right(row) for row in range(6)])
    other = evaluated(after, tmp_path / "other", [right(13 - row) for row in range(6)] + [wrong(0, 0.99)])
    paired = pair(one, other)
    assert list(zip(paired.before, paired.after, strict=True)) == [(11 - at, 2 + at) for at in range(12)]
    assert paired.figures["mAP50-95"].change == 0
    assert other.measured.metrics["mAP50-95"] < one.measured.metrics["mAP50-95"]  # not on what both have


@pytest.mark.parametrize("task", ["detect", "segment"])
def test_images_whose_labels_changed_are_left_out(tmp_path, task):
    moved = {3: [BOX._replace(x=0.51)], 4: [BOX._replace(class_id=2)], 5: []}
    before, after = (
        version(tmp_path / name, pictures(objects=objects), task)
        for name, objects in (("before", {}), ("after", moved))
    )
    paired = pair(evaluated(before, tmp_path / "one", []), evaluated(after, tmp_path / "other", []))
    assert list(paired.before) == list(paired.after) == [0, 1, 2, 6, 7, 8, 9, 10, 11]


def test_an_outline_that_changed_inside_its_box_is_another_label(tmp_path):
    data = version(tmp_path / "data", pictures(), "segment")
    other = version(tmp_path / "other", pictures(), "segment")
    rows = other.instances.to_pylist()
    rows[0]["polygon"][0] += 0.05
    other.__dict__["instances"] = type(other.instances).from_pylist(rows, other.instances.schema)
    paired = pair(evaluated(data, tmp_path / "one", []), evaluated(other, tmp_path / "two", []))
    assert list(paired.before) == list(range(1, 12))


def test_classes_are_paired_by_their_names(tmp_path):
    data = version(tmp_path, pictures())
    one, other = (evaluated(data, tmp_path / name, []) for name in ("one", "two"))
    other.measured.classes[:] = ["WBC", "RBC", "Platelets"]
    assert list(pair(one, other).before) == []


def test_copies_are_paired_one_by_one(tmp_path):
    before = version(tmp_path / "before", pictures([1, 1, 1, 2]))
    after = version(tmp_path / "after", pictures([2, 1, 1]))
    paired = pair(evaluated(before, tmp_path / "one", []), evaluated(after, tmp_path / "other", []))
    assert (list(paired.before), list(paired.after)) == ([3, 0, 1], [0, 1, 2])


def test_better_is_the_share_of_draws_and_a_margin_is_asked_of_each(tmp_path):
    data = version(tmp_path, pictures())
    one = evaluated(data, tmp_path / "one", [right(row) for row in range(9)])
    other = evaluated(data, tmp_path / "other", [right(row) for row in range(10)])
    difference = pair(one, other).figures["recall"]
    assert difference.change == pytest.approx(1 / 24)
    assert difference.better == pytest.approx(1 - (11 / 12) ** 12, abs=0.05)  # that the one image is drawn
    assert difference.low == 0 < difference.high
    assert pair(one, other, margin=0.5).figures["recall"].better == 0
    back = pair(other, one).figures["recall"]
    assert (back.change, back.better) == (pytest.approx(-1 / 24), 0)


def test_images_of_one_group_are_drawn_together(tmp_path):
    data = version(tmp_path, pictures())
    images = data.images.to_pylist()
    for row in images:
        row["group"] = '"one film"'
    data.__dict__["images"] = type(data.images).from_pylist(images, data.images.schema)
    one = evaluated(data, tmp_path / "one", [right(0)])
    other = evaluated(data, tmp_path / "other", [right(0), right(1)])
    assert set(other.images["group"].to_pylist()) == {'group "one film"'}
    assert np.ptp([*other.measured.intervals["mAP50"], other.measured.metrics["mAP50"]]) == pytest.approx(0, abs=1e-9)
    difference = pair(one, other).figures["recall"]
    assert (difference.low, difference.high, difference.better) == (difference.change, difference.change, 1)
