"""Predictions in the FiftyOne dataset that a check has made, with a real mongod."""

import pyarrow as pa
import pytest

from detector.browse import samples
from detector.browse.database import connected
from detector.data.evaluation import PREDICTIONS
from detector.stages.evaluate._fiftyone import show
from tests.stages.evaluate.test_mistakes import seen
from tests.support import tiny

TABLE = pa.Table.from_pylist([seen(6, 0), seen(7, 0), seen(8, 0, score=0.2)], PREDICTIONS)


@pytest.fixture
def dataset(tmp_path):
    return tiny.dataset(tmp_path / "versions")


def test_what_is_said_is_shown_and_marked(dataset, tmp_path):
    runs = tmp_path / "runs"
    with connected(runs):
        samples.load(dataset, "tests")
    (note,) = show(dataset, "tests", TABLE, "test", runs)
    assert note.startswith("the predictions are in FiftyOne")
    with connected(runs) as fiftyone:
        loaded = fiftyone.load_dataset(samples.name_of(dataset, "tests"))
        assert loaded.count("predictions.detections") == 2
        assert sorted(loaded.values("predictions.detections.evaluation", unwind=True)) == ["fp", "tp"]
    assert show(dataset, "another project", TABLE, "test", runs) == []


def test_without_a_check_in_fiftyone_there_is_nothing_to_show(dataset, tmp_path):
    assert show(dataset, "tests", TABLE, "test", tmp_path) == []


def test_a_database_out_of_reach_is_told_and_fails_nothing(dataset, tmp_path, monkeypatch):
    (tmp_path / "fiftyone").mkdir()
    monkeypatch.setenv("FIFTYONE_DATABASE_URI", "mongodb://127.0.0.1:9/?serverSelectionTimeoutMS=200")
    (note,) = show(dataset, "tests", TABLE, "test", tmp_path)
    assert note.startswith("the predictions are not in FiftyOne: ")
