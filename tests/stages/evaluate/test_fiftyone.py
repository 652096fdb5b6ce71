"""Predictions in the FiftyOne dataset that a check has made, with a real mongod."""

import pytest

from detector.browse import samples
from detector.browse.database import connected
from detector.stages.evaluate._fiftyone import show
from detector.stages.evaluate._said import said
from tests.support import tiny
from tests.support.judged import evaluated, seen

ROWS = [seen(6, 0), seen(7, 0), seen(8, 0, score=0.2, x=0.9)]  # right, of another class, not said


@pytest.fixture
def dataset(tmp_path):
    return tiny.dataset(tmp_path / "versions")


@pytest.fixture
def shown(dataset, tmp_path):
    """Shows them to a project whose FiftyOne lies in a folder."""
    evaluation = evaluated(dataset, tmp_path / "evaluate", ROWS)
    return lambda project, place: show(dataset.on("test"), project, evaluation, said(evaluation, dataset), place)


def test_what_is_said_is_shown_and_marked(dataset, shown, tmp_path):
    runs = tmp_path / "runs"
    with connected(runs):
        samples.load(dataset, "tests")
    (note,) = shown("tests", runs)
    assert note == "the predictions are in FiftyOne, each marked right (tp), false (fp) or missed (fn)"
    with connected(runs) as fiftyone:
        loaded = fiftyone.load_dataset(samples.name_of(dataset, "tests"))
        assert loaded.values("predictions.detections.evaluation", unwind=True) == ["tp", "fp"]
        assert loaded.count_values("ground_truth.detections.evaluation") == {None: 6, "tp": 1, "fn": 2}
    assert shown("another project", runs) == []


def test_without_a_check_in_fiftyone_there_is_nothing_to_show(shown, tmp_path):
    assert shown("tests", tmp_path / "nowhere") == []


def test_a_database_out_of_reach_is_told_and_fails_nothing(shown, tmp_path, monkeypatch):
    (tmp_path / "fiftyone").mkdir()
    monkeypatch.setenv("FIFTYONE_DATABASE_URI", "mongodb://127.0.0.1:9/?serverSelectionTimeoutMS=200")
    (note,) = shown("tests", tmp_path)
    assert note.startswith("the predictions are not in FiftyOne: ")
