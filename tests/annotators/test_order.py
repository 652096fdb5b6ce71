"""Which tasks matter most."""

import numpy as np
import pyarrow as pa
import pytest

from detector.annotators import ORDERS
from detector.annotators.calibration import LEAST, calibrated, uncalibrated
from detector.annotators.order import Ranking, Scored, diverse, mistakes, rank
from detector.data.evaluation import SEEN
from detector.measure.evaluate import judge
from tests.support import tiny


def scored(*objects, picture="a"):
    """Of (class id, score)."""
    ids, scores = zip(*objects, strict=True) if objects else ((), ())
    return Scored(np.array(ids, np.int64), np.array(scores, np.float64), [picture])


def ranked(order, tasks, **more):
    return rank(tasks, Ranking(order, 0.5, uncalibrated, lambda: [99, 0], lambda: np.eye(len(tasks)), **more))


def test_mistakes_are_what_is_sent_and_wrong_and_what_is_there_and_not_sent():
    assert mistakes(scored((0, 0.9), (0, 0.6), (1, 0.4), (1, 0.1)), 0.5, uncalibrated) == pytest.approx(0.1 + 0.4 + 0.5)
    assert mistakes(scored(), 0.5, uncalibrated) == 0


def test_the_most_expected_mistakes_come_first():
    sure, doubtful, empty = scored((0, 0.99)), scored((0, 0.55), (0, 0.45)), scored()
    assert ranked("uncertain", [sure, doubtful, empty]).tolist() == pytest.approx([1 / 1.01, 1 / 1.9, 1.0], abs=1e-6)


def test_rare_classes_come_first():
    common, rare = scored((0, 0.9), (0, 0.9)), scored((1, 0.9))
    scores = ranked("rare", [common, rare])
    assert scores[1] < scores[0]


def test_by_chance_is_the_same_each_time_and_on_every_machine():
    tasks = [scored(picture=name) for name in "abc"]
    assert ranked("random", tasks).tolist() == [0.791374, 0.242735, 0.181597]  # of the SHA-256 of a, b, c


def test_each_is_unlike_those_before_it():
    doubts = np.array([0.1, 0.2, 0.3, 0.4, 0.9, 0.95])
    points = np.array([[0, 0], [0, 0.1], [5, 0], [0, 9], [50, 50], [60, 60]], np.float32)
    places = diverse(doubts, points, 3)
    assert np.argsort(places).tolist() == [0, 5, 4, 1, 2, 3]
    assert sorted(places.tolist()) == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1])


def test_the_centers_are_chosen_among_the_uncertain_ones():
    doubts = np.arange(8) / 8
    points = np.array([[0.0], [1], [2], [3], [100], [200], [300], [400]], np.float32)
    assert np.argsort(diverse(doubts, points, None)).tolist()[:2] == [0, 3]
    assert 7 not in np.argsort(diverse(doubts, points, 1)).tolist()[:1]


@pytest.mark.parametrize("order", ORDERS)
def test_nothing_to_order_is_nothing(order):
    assert ranked(order, []).tolist() == []


def test_chances_are_what_was_measured_and_rise_with_the_score(tmp_path):
    """Predictions on a version whose objects are known: those of a high score are right, of a low one wrong."""
    dataset = tiny.dataset(tmp_path)
    objects = dataset.instances.to_pylist()
    split = dataset.on("test")
    rows = [at for at, _ in split.files]
    right = [each for each in objects if each["image"] in rows]
    seen = [{**each, "score": 0.9 - at / 100, "mask": None} for at, each in enumerate(right)]
    wrong = [{**right[0], "x": 0.9, "y": 0.9, "width": 0.05, "height": 0.05} for _ in range(LEAST)]
    seen += [{**each, "score": 0.3 - at / 100, "mask": None} for at, each in enumerate(wrong)]
    table = pa.Table.from_pylist([{name: each[name] for name in SEEN.names} for each in seen], SEEN)
    evaluation = judge(table, split, "0", tmp_path)
    chance = calibrated(evaluation)
    assert chance(np.array([0.95, 0.88, 0.2, 0.0])).tolist() == [1, 1, 0, 0]
    assert chance(np.array([])).tolist() == []


def test_without_an_evaluation_nothing_is_known():
    assert calibrated(None) is None
