"""What kind of mistake a prediction is, on boxes placed by hand."""

import pytest

from tests.support import tiny
from tests.support.judged import evaluated, seen

RIGHT = seen(6, 0)  # tiny's test images are rows 6, 7 and 8, each with one box in the middle, of classes 0, 1, 0


def judged(tmp_path, *rows):
    return evaluated(tiny.dataset(tmp_path), tmp_path / "evaluate", rows)


def kinds(evaluation):
    return {row["score"]: (row["mistake"], row["object"], row["meant"]) for row in evaluation.predictions.to_pylist()}


def counts(evaluation):
    return {name: kind["count"] for name, kind in evaluation.measured.mistakes.items() if kind["count"]}


@pytest.mark.parametrize(
    ("row", "kind", "meant"),
    [
        (seen(8, 0, 0.95, x=0.52), "", -1),
        (seen(7, 0, 0.95), "class", 1),
        (seen(8, 0, 0.95, x=0.75), "place", 2),
        (seen(8, 1, 0.95, x=0.75), "both", -1),
        (seen(6, 0, 0.5, x=0.52), "duplicate", -1),
        (seen(8, 0, 0.95, x=0.1, width=0.1), "background", -1),
        (seen(8, 1, 0.95, x=0.9, width=0.4), "background", -1),  # an overlap of less than 0.1
    ],
)
def test_a_kind_for_each(tmp_path, row, kind, meant):
    evaluation = judged(tmp_path, RIGHT, row)
    assert kinds(evaluation)[row["score"]][0::2] == (kind, meant)
    assert kinds(evaluation)[0.9] == ("", 0, -1)
    assert evaluation.objects["prediction"][0].as_py() >= 0


def test_mistakes_are_counted_with_what_is_missed(tmp_path):
    evaluation = judged(tmp_path, seen(6, 0, 0.7), seen(7, 0, 0.8), seen(8, 0, 0.75, x=0.1, width=0.1))
    assert counts(evaluation) == {"class": 1, "background": 1, "missed": 1}
    per_image = evaluation.images.to_pylist()
    assert [(row["objects"], row["predicted"], row["missed"], row["false"]) for row in per_image] == [
        (1, 1, 0, 0),
        (1, 1, 1, 1),
        (1, 1, 1, 1),
    ]
    assert evaluation.measured.mistakes["class"]["cost"] > 0


def test_nothing_seen_is_all_missed(tmp_path):
    evaluation = judged(tmp_path)
    assert counts(evaluation) == {"missed": 3}
    assert evaluation.images["missed"].to_pylist() == [1, 1, 1]
    assert evaluation.measured.operating_point == {"score": 1.0, "precision": 0.0, "recall": 0.0, "asked": None}
    assert evaluation.measured.metrics["mAP50-95"] == 0


def test_what_is_unsure_is_not_said(tmp_path):
    """Below the operating point, a prediction is neither false, nor does it explain why an object is missed."""
    evaluation = judged(tmp_path, RIGHT, seen(7, 0, 0.1), seen(8, 0, 0.05, x=0.1, width=0.1))
    assert evaluation.measured.operating_point["score"] == 0.9
    assert counts(evaluation) == {"missed": 2}
    assert evaluation.images["false"].to_pylist() == [0, 0, 0]
    assert kinds(evaluation)[0.1][0] == "class"


def test_an_object_is_found_once_by_the_best_score(tmp_path):
    evaluation = judged(tmp_path, seen(6, 0, 0.6, x=0.52), seen(6, 0, 0.8, x=0.55))
    assert {score: each[:2] for score, each in kinds(evaluation).items()} == {0.8: ("", 0), 0.6: ("duplicate", -1)}
