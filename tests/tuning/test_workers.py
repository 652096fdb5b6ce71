"""Several workers at one study, and what is left of it when one is killed: real processes, real trainings."""

import json
import re
import signal
from collections import Counter

import pytest
from mlflow import MlflowClient

from tests.end_to_end.conftest import detector
from tests.support.tuning import ended, project, states, wait_until, wait_until_trains, worker
from tests.test_json import matches

PRUNE_ALL = """
from optuna.pruners import ThresholdPruner
from detector.tuning import tune
tune.pruner = lambda epochs: ThresholdPruner(lower=2)
"""


def runs_of(folder):
    """Every run of the project's record."""
    client = MlflowClient(f"sqlite:///{folder}/runs/mlflow.db")
    return client.search_runs([client.get_experiment_by_name("parts").experiment_id])


def nested(runs):
    """The run of the study, and those of its trainings by title."""
    [parent] = [run for run in runs if run.info.run_name.startswith("tune ")]
    below = [run for run in runs if run.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
    return parent, sorted(below, key=lambda run: run.info.start_time)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("trials", [4, pytest.param(12, marks=pytest.mark.torture)])
def test_a_killed_worker_loses_no_trial(tmp_path, trials):
    """Two workers, one killed: all trials are finished, and a rerun finds nothing to do."""
    folder = project(tmp_path)
    asked = ("--set", f"train.tune.trials={trials}")
    first = worker(folder, *asked)
    wait_until(1, folder, first)
    second = worker(folder, *asked)
    wait_until(2, folder, first, second)
    wait_until_trains(len(states(folder)) - 1, folder, second)
    second.kill()
    second.communicate()
    outcome = ended(first)
    state = Counter(trial["state"] for trial in outcome["trials"])
    assert outcome["study"]["finished"] == state["complete"] + state["pruned"] == trials
    assert state["fail"] == outcome["study"]["failed"] == 1
    [killed] = [trial for trial in outcome["trials"] if trial["state"] == "fail"]
    again = [trial for trial in outcome["trials"] if trial["values"] == killed["values"]]
    assert [trial["state"] for trial in again] == ["fail", "complete"]
    assert "RUNNING" not in states(folder)
    parent, below = nested(runs_of(folder))
    assert parent.info.status == "FINISHED"
    assert Counter(run.info.status for run in below) == {"FINISHED": len(below) - 1, "KILLED": 1}
    assert {run.info.run_name for run in below} >= {f"trial {trial['trial']}" for trial in outcome["trials"]}
    assert sorted(place.name for place in (folder / "runs/tune/parts" / outcome["study"]["study"]).glob("[0-9]*")) == [
        f"{trial['trial']:04}" for trial in outcome["trials"] if trial is not killed
    ]
    rerun = ended(worker(folder, *asked))
    assert rerun["trials"] == outcome["trials"]
    assert len(nested(runs_of(folder))[1]) == len(below)


@pytest.mark.slow
def test_a_stopped_worker_puts_its_trial_back_at_once_and_a_pruned_one_is_finished(tmp_path):
    folder, asked = project(tmp_path), ("--set", "train.epochs=8", "--set", "train.tune.trials=2")
    stopped = worker(folder, *asked)
    wait_until_trains(0, folder, stopped, "weights/checkpoint.pt")
    stopped.send_signal(signal.SIGTERM)
    printed, _ = stopped.communicate(timeout=60)
    assert stopped.returncode == 75
    assert printed == "" or matches("failure", printed, exit_code=75)  # on a busy machine its ten seconds may be over
    assert states(folder) == ["FAIL", "WAITING"]
    status = json.loads(detector(folder, "status", "--json").stdout)["studies"]["parts"]
    assert (status["asked"], status["finished"]) == (2, 0)
    outcome = ended(worker(folder, *asked, settings=PRUNE_ALL))
    assert [trial["state"] for trial in outcome["trials"]] == ["fail", "complete", "pruned"]
    assert (outcome["study"]["finished"], outcome["study"]["pruned"]) == (2, 1)
    log = (folder / "runs/tune/parts" / outcome["study"]["study"] / "log").read_text()
    assert re.search(r"trial 1: goes on after epoch \d of 8, where it was cut short", log)
    parent, below = nested(runs_of(folder))
    assert parent.info.status == "FINISHED"
    assert [run.info.status for run in below] == ["KILLED", "FINISHED", "FINISHED"]
    assert below[2].data.tags["detector.pruned"] == "after epoch 1, at mAP50-95 0.0000"


@pytest.mark.slow
def test_a_training_that_diverges_is_given_up_and_the_study_goes_on(tmp_path):
    """Every gain but the pipeline's own is more than a float holds."""
    folder = project(tmp_path)
    file = folder / "pipeline.yaml"
    file.write_text(re.sub(r"space: .*", "space: {cls: {choice: [1.0e+39, 2.0e+39]}}", file.read_text()))
    outcome = ended(worker(folder, "--set", "train.epochs=3"))
    assert [trial["state"] for trial in outcome["trials"]] == ["complete", "pruned", "pruned"]
    assert outcome["study"]["verdict"]["winner"] is None
    _, below = nested(runs_of(folder))
    assert [run.data.tags.get("detector.pruned") for run in below[1:3]] == ["its training diverged"] * 2
