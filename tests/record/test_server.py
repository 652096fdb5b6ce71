"""The record against a real MLflow server, which goes away in the middle."""

import pytest

from detector.errors import DetectorError, TryAgain
from detector.record import _writer
from detector.record import mlflow as record
from detector.record._client import connect
from detector.stages import Result
from tests.support import tiny
from tests.support.services.mlflow import served


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with served(tmp_path_factory.mktemp("mlflow")) as server:
        yield server


def test_a_run_outlives_its_server(server, tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setattr(_writer, "SECONDS_BETWEEN", 0.0)
    monkeypatch.setattr(_writer, "SECONDS_AFTER_FAILURE", 0.0)
    weights = tmp_path / "best.pt"
    weights.write_bytes(b"weights")
    options = record.Options(uri=server.uri)
    with record.open(options, "blood", _folder(tmp_path), {}) as run:
        run.parameters({"größe (cm)": 1})
        run.dataset(tiny.dataset(tmp_path))
        run.metrics({"loss": 3.0}, 1)
        server.stop()
        run.metrics({"loss": 2.0}, 2)  # a training goes on
        with pytest.raises(TryAgain, match=f"MLflow at {server.uri}: "):
            run.verify()
        server.start()
        run.metrics({"loss": 1.0}, 3)
        run.stage_done("train", Result(tmp_path, "id", "trained", {"mAP50": 0.9}, {"weights": [weights]}), False, {})
        run.registry.name(run.registry.register(weights, {"mAP50": 0.9}, "t"), "champion")
        assert run.registry.champion().fetch().read_bytes() == b"weights"
        run.verify()
    assert run.shown.where == f"{server.uri}/#/experiments/1/runs/{run.run_id}?workflowType=machine_learning"
    assert run.shown.runs.startswith(f"{server.uri}/#/experiments/1/runs?workflowType=machine_learning")
    client = connect(server.uri)
    read = client.get_run(run.run_id)
    assert read.info.status == "FINISHED"
    assert [(m.step, m.value) for m in client.get_metric_history(run.run_id, "loss")] == [(1, 3.0), (2, 2.0), (3, 1.0)]
    assert read.inputs.dataset_inputs[0].dataset.digest == "0123456789ab"
    assert client.get_model_version_by_alias("blood", "champion").run_id == run.run_id


def _folder(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "pipeline.yaml").write_text("name: blood\n")
    return folder


def test_an_end_that_can_not_be_told_shows_what_ended_the_run(server, tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    run = record.open(record.Options(uri=server.uri), "blood", _folder(tmp_path), {})
    server.stop()
    with pytest.raises(DetectorError, match="out of memory"), run:
        raise DetectorError("out of memory")
    assert "the record could not be closed" in caplog.text
