"""The runs of a study in MLflow: what is told of them, and that none stays RUNNING for good. A real store."""

from pathlib import Path

import pytest

from detector.data.studies import workers_of
from detector.errors import Stopped
from detector.record import mlflow as record
from detector.record._client import connect
from detector.system.lock import shared

YAML = "name: blood\nclasses: [größe]\n"


@pytest.fixture
def options(tmp_path, monkeypatch, migrated):
    (tmp_path / "runs/one").mkdir(parents=True)
    (tmp_path / "runs/one/pipeline.yaml").write_text(YAML)
    (tmp_path / "runs/mlflow.db").write_bytes(migrated)
    monkeypatch.chdir(tmp_path)
    return record.Options()


def opened(options, alone=True, study="0123456789ab"):
    return record.tuning(options, "blood", study, alone)


def trial(number):
    folder = Path(f"runs/tune/blood/0123456789ab/{number:04}")
    folder.mkdir(parents=True)
    return folder


def runs(options):
    client = connect(options.uri)
    found = client.search_runs([client.get_experiment_by_name("blood").experiment_id])
    return {run.info.run_name: run for run in found}


def states(options):
    return {name: run.info.status for name, run in runs(options).items()}


def test_a_study_is_one_run_with_its_trainings_below(options):
    tuning = opened(options)
    again = opened(options, alone=False)
    for name, each in (("trial 0", tuning), ("trial 1", again)):
        with each.training(name, trial(name[-1:] == "1"), None) as training:
            training.parameters({"train/lr0": 0.01})
            training.metrics({"val/mAP50-95": 0.5}, 1)
            training.metrics({"val/mAP50-95": 0.6}, 2)
    tuning.tell({"dataset": "1"}, {"best": 0.6}, {"verdict": "the defaults stay"})
    again.tell({"dataset": "another"}, {"best": 0.7}, {})  # the first value of a parameter holds
    tuning.end("FINISHED")
    found = runs(options)
    assert states(options) == dict.fromkeys(("tune 0123456789ab", "trial 0", "trial 1"), "FINISHED")
    parent = found["tune 0123456789ab"]
    assert (parent.data.params, parent.data.metrics) == ({"dataset": "1"}, {"best": 0.7})
    assert parent.data.tags["verdict"] == "the defaults stay"
    for name in ("trial 0", "trial 1"):
        assert found[name].data.tags["mlflow.parentRunId"] == parent.info.run_id
        assert found[name].data.params == {"train/lr0": "0.01"}
        history = connect(options.uri).get_metric_history(found[name].info.run_id, "val/mAP50-95")
        assert [(each.step, each.value) for each in history] == [(1, 0.5), (2, 0.6)]


@pytest.mark.parametrize(("error", "status"), [(ValueError("no"), "FAILED"), (Stopped(), "KILLED")])
def test_how_a_training_ends_is_told(options, error, status):
    tuning = opened(options)
    with pytest.raises(type(error)), tuning.training("trial 0", trial(0), None):
        raise error
    assert states(options)["trial 0"] == status
    assert str(error) in runs(options)["trial 0"].data.tags["error"]


def test_a_training_that_was_killed_ends_when_it_is_tried_again_and_nothing_that_it_told_is_lost(options):
    folder = trial(0)
    killed = opened(options).training("trial 0", folder, None)
    killed.__enter__().metrics({"val/mAP50-95": 0.5}, 1)
    before = runs(options)["trial 0"].info.run_id
    with opened(options, alone=False).training("trial 1", folder, before) as training:
        training.metrics({"val/mAP50-95": 0.6}, 2)
    assert {name: state for name, state in states(options).items() if name.startswith("trial")} == {
        "trial 0": "KILLED",
        "trial 1": "FINISHED",
    }
    history = connect(options.uri).get_metric_history(training.run_id, "val/mAP50-95")
    assert sorted((each.step, each.value) for each in history) == [(1, 0.5), (2, 0.6)]


def test_what_killed_workers_left_running_ends_with_the_next_search_or_run(options):
    left = opened(options).training("trial 0", trial(0), None)  # it is never ended, as after a kill
    left.__enter__()
    with shared(workers_of("blood")):  # another worker lives
        with record.open(options, "blood", Path("runs/one"), {}):
            pass
        opened(options, alone=False)
        assert set(states(options).values()) == {"RUNNING", "FINISHED"}
    opened(options, study="ba9876543210")
    assert states(options)["trial 0"] == states(options)["tune 0123456789ab"] == "KILLED"
    with record.open(options, "blood", Path("runs/one"), {}):
        pass
    assert states(options)["tune ba9876543210"] == "KILLED"
