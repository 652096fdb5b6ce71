"""Where the model and the labels disagree, by cases whose answer is plain."""

import numpy as np
import pytest

from detector.annotators.calibration import uncalibrated
from detector.annotators.memory import Memory
from detector.annotators.suspicions import suspicions
from detector.measure.matches import scenes
from detector.measure.shapes import Compared, Shapes

CLASSES = ["disc", "square"]
RIGHT = (10, 10, 40, 40)


def shapes(*rows):
    """Of (image, class id, box, score)."""
    rows = sorted(rows, key=lambda row: row[0])
    image, label, boxes, scores = zip(*rows, strict=True) if rows else ((), (), (), ())
    boxes = np.array(boxes, float).reshape(-1, 4)
    return Shapes(np.array(image, int), np.array(label, int), boxes, boxes[:, 2:].prod(axis=1), np.array(scores, float))


def doubted(truth, seen):
    """The likeliest mistake, where the model sees everything else as it is labelled."""
    known = [(1, 0, (at * 60, 100, 40, 40), 1.0) for at in range(5)]
    compared = Compared(shapes(*truth, *known), shapes(*seen, *known), 2, CLASSES)
    found = suspicions(compared, scenes(compared, "bbox"), uncalibrated)
    assert [each.strength for each in found] == sorted((each.strength for each in found), reverse=True)
    return found[0]


@pytest.mark.parametrize(
    ("truth", "seen", "kind", "strength"),
    [
        ([(0, 0, RIGHT, 1.0)], [(0, 0, RIGHT, 0.9)], "place", 0.0),
        ([], [(0, 0, RIGHT, 0.9)], "missed", 0.9),
        ([(0, 1, RIGHT, 1.0)], [(0, 0, RIGHT, 0.9)], "class", 0.9),
        ([(0, 0, RIGHT, 1.0)], [(0, 0, (30, 10, 40, 40), 0.9)], "place", 0.5),
        ([(0, 0, RIGHT, 1.0)], [], "spurious", 0.4),
    ],
)
def test_each_kind_is_known_by_its_look(truth, seen, kind, strength):
    found = doubted(truth, seen)
    assert found.strength == pytest.approx(strength, abs=0.2) if strength else found.strength < 0.15
    assert strength == 0 or found.kind == kind
    assert (found.object == -1) == (kind == "missed")


def test_a_label_on_nothing_is_doubted_where_the_model_sees_all_others_and_hardly_where_it_misses_many():
    others = [(1, 0, (at * 50, 0, 40, 40), 1.0) for at in range(200)]
    sees_all, misses_many = (
        Compared(shapes((0, 0, RIGHT, 1.0), *others), shapes(*others[:count]), 2, CLASSES) for count in (200, 150)
    )
    strengths = [
        next(each.strength for each in suspicions(of, scenes(of, "bbox"), uncalibrated) if each.object == 0)
        for of in (sees_all, misses_many)
    ]
    assert strengths[0] > 0.9
    assert strengths[1] < 0.2


def test_two_predictions_of_one_thing_are_one_mistake():
    compared = Compared(shapes(), shapes((0, 0, RIGHT, 0.9), (0, 1, (12, 12, 40, 40), 0.8)), 1, CLASSES)
    assert len(suspicions(compared, scenes(compared, "bbox"), uncalibrated)) == 1


def test_what_the_model_hardly_believes_is_no_mistake():
    compared = Compared(shapes(), shapes((0, 0, RIGHT, 0.1)), 1, CLASSES)
    assert suspicions(compared, scenes(compared, "bbox"), uncalibrated) == []


class TestMemory:
    BOX, ELSEWHERE = (0.5, 0.5, 0.2, 0.2), (0.1, 0.1, 0.2, 0.2)

    @pytest.fixture(autouse=True)
    def _here(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)

    def test_what_nobody_looked_at_is_shown_again(self):
        Memory("a", {7: "old"}, "v1").remember([(7, self.BOX)])
        assert not Memory("a", {7: "old"}, "v1").is_done(7, self.BOX)
        assert not Memory("a", {7: "old"}, "v2").is_done(7, self.BOX)

    def test_a_task_that_was_looked_at_waits_for_the_next_version(self):
        Memory("a", {7: "old"}, "v1").remember([(7, self.BOX)])
        assert Memory("a", {7: "new"}, "v1").is_done(7, self.ELSEWHERE)
        assert not Memory("a", {7: "new"}, "v2").is_done(7, self.ELSEWHERE)

    def test_a_mistake_that_was_looked_at_is_never_shown_again(self):
        Memory("a", {7: "old"}, "v1").remember([(7, self.BOX)])
        memory = Memory("a", {7: "new"}, "v2")
        memory.remember([(7, self.ELSEWHERE)])
        assert Memory("a", {7: "new"}, "v2").is_done(7, (0.51, 0.5, 0.2, 0.2))
        assert not Memory("a", {7: "new"}, "v2").is_done(7, self.ELSEWHERE)
        assert not Memory("a", {7: "new"}, "v2").is_done(8, self.BOX)

    def test_a_file_that_is_torn_is_no_memory(self, tmp_path):
        Memory("a", {}, "v1").remember([(7, self.BOX)])
        file = tmp_path / "runs/results/a/review.json"
        file.write_text(file.read_text()[:20])
        assert not Memory("a", {7: "new"}, "v1").is_done(7, self.BOX)
