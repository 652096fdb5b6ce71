"""The operating point, on scores placed by hand."""

import numpy as np
import pytest

from detector.measure.operating import OperatingPoint, operating_point


def point(scores, hits, objects, precision=None):
    return operating_point(np.array(scores, float), np.array(hits, bool), objects, precision)


def test_it_is_where_f1_is_best():
    best = point([0.9, 0.8, 0.7, 0.6], [1, 1, 0, 0], 2)
    assert (best, best.f1, best.reached) == (OperatingPoint(0.8, 1.0, 1.0), 1.0, True)
    later = point([0.9, 0.8, 0.7, 0.6], [1, 0, 1, 1], 4)
    assert (later.score, later.precision, later.recall) == (0.6, 0.75, 0.75)


def test_the_order_of_predictions_is_of_no_account():
    assert point([0.6, 0.9, 0.8, 0.7], [0, 1, 1, 0], 2) == point([0.9, 0.8, 0.7, 0.6], [1, 1, 0, 0], 2)


@pytest.mark.parametrize("hits", [[1, 0, 1], [0, 1, 1], [1, 1, 0]])
def test_equal_scores_are_all_in_or_all_out(hits):
    tied = point([0.5, 0.5, 0.5], hits, 2)
    assert (tied.score, tied.precision, tied.recall) == (0.5, pytest.approx(2 / 3), 1.0)


def test_a_precision_that_is_asked_for_gives_the_most_recall_that_has_it():
    scores, hits = [0.9, 0.8, 0.7, 0.6, 0.5], [1, 0, 1, 1, 0]
    sure = point(scores, hits, 3, 0.75)
    assert (sure.score, sure.precision, sure.recall, sure.reached) == (0.6, 0.75, 1.0, True)
    assert point(scores, hits, 3, 0.9).score == 0.9
    assert point(scores, hits, 3, 1.0).reached


def test_a_precision_that_no_score_has_leaves_the_best_f1():
    never = point([0.9, 0.8], [0, 1], 1, 0.9)
    assert never == OperatingPoint(0.8, 0.5, 1.0, 0.9)
    assert not never.reached


@pytest.mark.parametrize(("scores", "hits", "objects"), [([], [], 3), ([0.9], [0], 3), ([0.9], [0], 0)])
def test_where_nothing_is_found_nothing_is_said(scores, hits, objects):
    nothing = point(scores, hits, objects, 0.9)
    assert nothing == OperatingPoint(1.0, 0.0, 0.0, 0.9)
    assert (nothing.f1, nothing.reached) == (0.0, False)
