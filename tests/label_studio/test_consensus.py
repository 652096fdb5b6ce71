"""Objects that most annotators drew, and what becomes of the rest."""

import pytest

from detector.label_studio.consensus import overlap
from tests.support.exports import annotation, box, converted, labels, reasons, region, task

CONSENSUS = {"annotations": "consensus"}


def _by(day, *regions):
    return annotation(*regions, at=f"2026-01-0{day}T00:00:00Z")


def test_two_who_agree_make_one_object_as_the_latest_drew_it(tmp_path):
    both = task(1, _by(1, box(10, 10, 20, 20)), _by(2, box(12, 10, 20, 20)))
    dataset, result = converted(tmp_path, [both], pulling=CONSENSUS)
    assert labels(dataset, 1) == [[0, 0.22, 0.2, 0.2, 0.2]]
    assert reasons(dataset, "dropped") == {"other_annotation": [1]}
    assert result.figures["objects"] == 1


def test_what_only_one_of_two_drew_is_disputed_and_listed(tmp_path):
    both = task(1, _by(1, box(10, 10, 20, 20), box(60, 60, 20, 20)), _by(2, box(10, 10, 20, 20)))
    dataset, _ = converted(tmp_path, [both], pulling=CONSENSUS)
    assert len(labels(dataset, 1)) == 1
    assert reasons(dataset, "dropped") == {"no_consensus": [1], "other_annotation": [1]}


def test_two_of_three_are_a_majority_and_labels_count(tmp_path):
    three = task(
        1,
        _by(1, box(10, 10, 20, 20, labels=["person"])),
        _by(2, box(10, 10, 20, 20)),
        _by(3, box(10, 10, 20, 20, labels=["person"])),
    )
    dataset, _ = converted(tmp_path, [three], pulling=CONSENSUS)
    assert [row[0] for row in labels(dataset, 1)] == [1]
    assert reasons(dataset, "dropped") == {"no_consensus": [1], "other_annotation": [1]}


def test_an_image_on_which_nobody_agrees_is_no_background(tmp_path):
    both = task(1, _by(1, box(10, 10, 20, 20)), _by(2, box(60, 60, 20, 20)))
    dataset, _ = converted(tmp_path, [both], pulling=CONSENSUS)
    assert reasons(dataset, "excluded") == {"no_consensus": [1]}
    assert reasons(dataset, "dropped") == {"no_consensus": [1, 1]}


def test_shapes_of_different_kinds_meet_by_their_boxes(tmp_path):
    outline = region("polygon", points=[[10, 10], [30, 10], [30, 30], [10, 30]])
    both = task(1, _by(1, box(10, 10, 20, 20)), _by(2, outline))
    dataset, _ = converted(tmp_path, [both], pulling=CONSENSUS)
    assert labels(dataset, 1) == [[0, 0.2, 0.2, 0.2, 0.2]]


@pytest.mark.parametrize(
    ("other", "share"),
    [((0, 0, 1, 1), 1.0), ((0, 0, 0.5, 1), 0.5), ((0.5, 0, 1.5, 1), 1 / 3), ((1, 1, 2, 2), 0.0), ((2, 2, 3, 3), 0.0)],
)
def test_overlap(other, share):
    assert overlap((0, 0, 1, 1), other) == pytest.approx(share)
