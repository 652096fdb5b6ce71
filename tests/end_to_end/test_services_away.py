"""A server that dies in the middle of a run: 75, one sentence, and the next run finishes what was begun."""

import json
import os
import signal
import time

import pytest
from mlflow import MlflowClient

from tests.support import cut_short
from tests.support.services.mlflow import served


@pytest.fixture
def server(tmp_path_factory):
    with served(tmp_path_factory.mktemp("mlflow")) as server:
        yield server


def changed(folder, old, new):
    text = (folder / "pipeline.yaml").read_text()
    assert old in text
    (folder / "pipeline.yaml").write_text(text.replace(old, new))


def ended(process):
    """What a run said that could not end well, as its exit code and its error."""
    out, err = process.communicate(timeout=120)
    assert "Traceback" not in err
    return process.returncode, json.loads(out)["error"]


def test_mlflow_dies_while_a_network_is_trained(server, tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    folder = cut_short.project(tmp_path)
    changed(folder, "name: parts", f"name: parts\nrecord: {{uri: '{server.uri}'}}")
    with cut_short.start(folder) as process:
        while 2 not in cut_short.epochs_of(folder):
            assert process.poll() is None, process.communicate()
            time.sleep(0.02)
        server.stop()
        code, said = ended(process)
    assert code == 75, said
    assert said.startswith(f"MLflow at {server.uri}: ")
    server.start()
    outcome = cut_short.run(folder)
    assert [step["step"] for step in outcome["steps"] if step["skipped"]] == []
    client = MlflowClient(server.uri)
    [run] = client.search_runs([client.get_experiment_by_name("parts").experiment_id])
    assert run.info.status == "FINISHED"
    epochs = {metric.step for metric in client.get_metric_history(run.info.run_id, "train/box_loss")}
    assert epochs == set(range(1, cut_short.EPOCHS + 1))


def test_mongodb_dies_while_a_data_set_is_checked(tmp_path):
    folder = cut_short.project(tmp_path)
    changed(folder, "using: rules", "using: fiftyone")
    address = folder / "runs/fiftyone/address.json"
    with cut_short.start(folder, "--until", "check") as process:
        while not address.exists():
            assert process.poll() is None, process.communicate()
            time.sleep(0.01)
        os.kill(json.loads(address.read_text())["pid"], signal.SIGKILL)
        code, said = ended(process)
    assert code == 75, said
    assert said.startswith("the MongoDB that FiftyOne works with has gone away")
    assert cut_short.run(folder, "--until", "check")["steps"][-1]["summary"] == "12 rules, 0 warnings"
