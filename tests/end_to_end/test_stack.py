"""A team's record: MLflow on PostgreSQL and S3, as compose.yaml has them. Each of them goes away during a run."""

import json
import threading
import time

import pytest
from mlflow import MlflowClient

from tests.support import cut_short
from tests.support.services import postgres, s3
from tests.support.services.mlflow import served


@pytest.fixture(scope="module")
def database():
    programs = postgres.programs()
    if programs is None:
        pytest.skip("this machine has no PostgreSQL")
    with postgres.postgres(programs) as server:
        yield server


@pytest.fixture(scope="module")
def bucket():
    with s3.s3() as server:
        yield server


@pytest.fixture(scope="module")
def mlflow(database, bucket, tmp_path_factory):
    of = {"store": database.uri, "destination": f"s3://{s3.BUCKET}", "environment": bucket.environment}
    with served(tmp_path_factory.mktemp("mlflow"), **of) as server:
        yield server


@pytest.mark.timeout(900)
def test_a_run_outlives_the_restart_of_each(database, bucket, mlflow, tmp_path):
    folder = cut_short.project(tmp_path)
    text = (folder / "pipeline.yaml").read_text()
    (folder / "pipeline.yaml").write_text(f"record: {{uri: '{mlflow.uri}'}}\n{text}")
    with cut_short.start(folder) as process:
        restarts = threading.Thread(target=_restart_each, args=(process, folder, database, mlflow, bucket))
        restarts.start()
        out, err = process.communicate(timeout=600)
        restarts.join()
    assert "Traceback" not in err
    if process.returncode == 75:  # it came at a moment when nothing can be put off
        out = json.dumps(cut_short.run(folder))
    else:
        assert process.returncode == 0, out + err
    assert json.loads(out)["status"] == "done"
    client = MlflowClient(mlflow.uri)
    [run] = client.search_runs([client.get_experiment_by_name("parts").experiment_id])
    assert run.info.status == "FINISHED"
    epochs = {metric.step for metric in client.get_metric_history(run.info.run_id, "train/box_loss")}
    assert epochs == set(range(1, cut_short.EPOCHS + 1))
    stored = [name for name in bucket.names() if name.endswith("best.pt")]
    assert stored
    [weights] = (folder / "runs").glob("*/train/weights/best.pt")
    read = bucket.client.get_object(Bucket=s3.BUCKET, Key=stored[0])["Body"].read()
    assert read == weights.read_bytes()


def _restart_each(process, folder, database, mlflow, bucket):
    """PostgreSQL after the first epoch, MLflow after the second, S3 after the last."""
    _wait(process, lambda: 1 in cut_short.epochs_of(folder))
    database.stop()
    time.sleep(1)
    database.start()
    _wait(process, lambda: 2 in cut_short.epochs_of(folder))
    mlflow.stop()
    mlflow.start()
    _wait(process, lambda: cut_short.EPOCHS in cut_short.epochs_of(folder))
    bucket.pause(3)


def _wait(process, happened):
    while process.poll() is None and not happened():
        time.sleep(0.05)
