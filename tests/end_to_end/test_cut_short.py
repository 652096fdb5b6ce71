"""A training that is killed or stopped goes on where it was: same folder, same run in MLflow, every epoch once."""

import json
import re
import signal
import time
from pathlib import Path

import pytest
from mlflow import MlflowClient

from tests.support import cut_short, warm
from tests.support.cut_short import EPOCHS


def wait_for_epoch(process, folder, epoch, trainings=1):
    while len([*folder.glob("runs/*/train/results.csv")]) < trainings or epoch not in cut_short.epochs_of(folder):
        assert process.poll() is None, "".join(process.communicate())
        time.sleep(0.02)


def interrupted(folder, how):
    """Stop a run when two epochs are in its table; its exit code, what it said, and the seconds it took to end."""
    with cut_short.start(folder) as process:
        wait_for_epoch(process, folder, 2)
        process.send_signal(how)
        began = time.monotonic()
        out, err = process.communicate(timeout=60)
    return process.returncode, out, err, time.monotonic() - began


@pytest.mark.parametrize(
    ("how", "code", "said"),
    [
        (signal.SIGKILL, -9, None),
        (signal.SIGTERM, 75, "stopped by SIGTERM; the next run goes on from what is done"),
        (signal.SIGINT, 130, "interrupted; the next run goes on from what is done"),
    ],
)
def test_it_goes_on(tmp_path, how, code, said):
    folder = cut_short.project(tmp_path)
    ended, out, err, seconds = interrupted(folder, how)
    assert ended == code
    assert "Traceback" not in err
    assert seconds < 10
    [run] = cut_short.runs_of(folder)
    if said:
        assert json.loads(out) == {"schema": 1, "status": "failed", "error": said, "exit_code": code}
        assert (run.info.status, run.data.tags["error"]) == ("KILLED", said)
        assert json.loads(next(folder.glob("runs/*/run.json")).read_text())["status"] == "stopped"

    plan = json.loads(warm.run(folder, "plan", "--json").stdout)
    [train] = [step for step in plan["steps"] if step["step"] == "train"]
    outcome = cut_short.run(folder)
    [epoch] = re.findall(r"goes on after epoch (\d+) of 5", outcome["said"])
    assert train["why"] == ["never done before", f"goes on after epoch {epoch} in {outcome['run']}"]
    [again] = cut_short.runs_of(folder)
    assert (again.info.run_id, again.info.status, "error" in again.data.tags) == (run.info.run_id, "FINISHED", False)
    assert [file.parent.name for file in folder.glob("runs/*/run.json")] == [Path(outcome["run"]).name]
    assert cut_short.epochs_of(folder) == list(range(1, EPOCHS + 1))
    history = MlflowClient(f"sqlite:///{folder}/runs/mlflow.db").get_metric_history(run.info.run_id, "train/box_loss")
    assert {metric.step for metric in history} == set(range(1, EPOCHS + 1))
    assert [step["skipped"] for step in outcome["steps"]] == [False] * len(outcome["steps"])
    assert not [*folder.glob("runs/*/train/weights/*checkpoint*")]
    assert cut_short.run(folder)["status"] == "unchanged"


def test_a_forced_training_that_was_cut_short_is_no_reason_to_train(tmp_path):
    """The model of before is still good: a run that is not forced has nothing to do. A forced one goes on."""
    folder = cut_short.project(tmp_path)
    assert cut_short.run(folder)["status"] == "done"
    with cut_short.start(folder, "--force", "train") as process:
        wait_for_epoch(process, folder, 2, trainings=2)
        process.kill()
    [cut, _] = cut_short.runs_of(folder)
    assert cut_short.run(folder)["status"] == "unchanged"
    again = cut_short.run(folder, "--force", "train")
    assert "goes on after epoch" in again["said"]
    assert [run.info.status for run in cut_short.runs_of(folder)] == ["FINISHED", "FINISHED"]
    assert Path(again["run"]).name == cut.data.tags["detector.run"]
