"""A search whose pipeline learns nothing by itself: what is better is found, is written into the file, and trains."""

import pytest
from mlflow import MlflowClient

from detector.config.load import load
from tests.end_to_end.conftest import detector
from tests.support.tuning import ended, squares, worker


def _trained(folder):
    """Every training in the record, and how many epochs it was told."""
    client = MlflowClient(f"sqlite:///{folder}/runs/mlflow.db")
    runs = client.search_runs([client.get_experiment_by_name("parts").experiment_id])
    below = [run for run in runs if "mlflow.parentRunId" in run.data.tags]
    return [(run.info.run_name, len(client.get_metric_history(run.info.run_id, "val/mAP50-95"))) for run in below]


@pytest.mark.contest
@pytest.mark.timeout(3600)
def test_what_is_better_beyond_chance_wins_and_is_what_a_run_trains_with(tmp_path):
    folder = squares(tmp_path)
    outcome = ended(worker(folder))
    print(outcome["study"])
    assert [(name, epochs) for name, epochs in _trained(folder) if epochs != 20] == []
    assert len(_trained(folder)) == 2 + 2 * 3
    verdict = outcome["study"]["verdict"]
    [candidate] = verdict["candidates"]
    lr0 = verdict["values"]["lr0"]
    assert (verdict["winner"], 0.006 <= lr0 <= 0.02) == (1, True)
    assert candidate["after"] - candidate["before"] > 0.2
    assert candidate["low"] > 0
    assert outcome["set"] == f"--set train.options.lr0={lr0}"
    applied = ended(worker(folder, "--apply"))
    assert (applied["applied"], applied["trials"]) == (True, None)
    assert f"lr0: {lr0}, nbs: 8" in (folder / "pipeline.yaml").read_text()
    [train] = [step for step in load(folder / "pipeline.yaml").steps if step.stage == "train"]
    assert train.options.options["lr0"] == lr0
    ran = detector(folder, "run")
    assert ran.returncode == 0, ran.stderr
    assert "mAP50-95 0.0" not in ran.stdout
