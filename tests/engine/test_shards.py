"""Shards of stages on other machines come to what one machine comes to, whatever is lost meanwhile."""

import json
import os
import shutil
import signal
import subprocess
import time

import pyarrow.parquet as pq
import pytest

from detector.data.images import ingest
from detector.errors import UsageError
from detector.system.cores import cores
from tests.support import tiny, warm
from tests.support.cluster import ADDRESS, cluster
from tests.support.exports import picture
from tests.support.many import PICTURES, project, version
from tests.support.tuning import remote
from tests.test_json import matches

MACHINES = f"workers: 2, cpus: {cores()}, gpus: 0"  # more cores than are here: it is worth sending
SLURM = ("--set", f"engine={{using: slurm, cluster: local, {MACHINES}}}")
RAY = ("--set", f"engine={{using: ray, address: '{ADDRESS}', {MACHINES}}}")
STAGES = ["pull", "convert", "check", "evaluate"]
SHARD = "detector.engine.shards.shard"
PIPES = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """What one machine makes of the project: a folder with its version."""
    folder = project(tmp_path_factory.mktemp("alone"))
    done = warm.run(folder, "run", "--until", "convert", "--json")
    assert done.returncode == 0, done.stderr
    return folder


def start(python, folder, *arguments):
    command = (python, "-m", "detector", "run", "--json", *SLURM, *arguments)
    return subprocess.Popen(command, cwd=folder, **PIPES)


def at_work(folder, command, count=1):
    """Shards of the run, once there are so many."""
    until = time.monotonic() + 300
    while len(found := remote(folder, SHARD)) < count:
        assert command.poll() is None, command.communicate()
        assert time.monotonic() < until
        time.sleep(0.02)
    return found


def done(command):
    printed, said = command.communicate(timeout=1000)
    assert command.returncode == 0, said
    return matches("run", printed, status="done"), said


def content(dataset):
    """Each file of a version but those that tell when and where, by its place."""
    files = (file for file in dataset.folder.rglob("*") if file.suffix in {".txt", ".png", ".yaml"})
    tables = [pq.read_table(dataset.folder / f"{name}.parquet").to_pylist() for name in ("images", "instances")]
    return {file.relative_to(dataset.folder): file.read_bytes() for file in files}, tables


def test_a_killed_shard_starts_again_and_the_version_is_that_of_one_machine(python, alone, tmp_path):
    folder = project(tmp_path)
    command = start(python, folder, "--until", "check")
    at_work(folder, command)[0].kill()
    outcome, said = done(command)
    assert "ended: killed by signal 9; it starts again" in " ".join(said.split())
    assert [step["figures"]["images"] for step in outcome["steps"][:2]] == [PICTURES, PICTURES]
    assert content(version(folder)) == content(version(alone))
    assert remote(folder, SHARD) == []
    assert list(folder.glob("runs/*/workers/.[0-9]*")) == []


@pytest.mark.torture
def test_a_stop_leaves_no_shard_and_the_next_run_goes_on(python, alone, tmp_path):
    folder = project(tmp_path)
    command = start(python, folder, "--until", "convert")
    at_work(folder, command)
    command.send_signal(signal.SIGTERM)
    printed, said = command.communicate(timeout=60)
    assert matches("failure", printed, exit_code=75), said
    assert remote(folder, SHARD) == []
    done(start(python, folder, "--until", "convert"))
    assert version(folder).version == version(alone).version


@pytest.mark.torture
def test_what_a_shard_ends_with_is_the_end_of_the_run(python, tmp_path):
    folder = project(tmp_path)
    command = start(python, folder, "--until", "convert")
    at_work(folder, command)
    for parcel in folder.glob("runs/*/workers/.*/?"):
        parcel.write_bytes(b"damaged")
    printed, _ = command.communicate(timeout=600)
    failure = matches("failure", printed, exit_code=1)
    assert failure["error"].startswith("a shard on "), failure
    assert remote(folder, SHARD) == []


def test_few_pictures_ask_no_machine_and_many_do(alone, tmp_path):
    """Submitit, which reaches Slurm, is not in this environment."""
    few = project(tmp_path / "few", 60)
    done = warm.run(few, "run", "--until", "convert", *SLURM)
    assert done.returncode == 0, done.stderr
    assert "engine" not in done.stdout
    done = warm.run(alone, "run", "--until", "convert", "--force", "pull", *SLURM)
    assert done.returncode == 2
    assert "engine.using: submitit is not installed: pip install" in " ".join(done.stderr.split())
    one = ("--set", "engine={using: slurm, cluster: local, workers: 1, cpus: 1}")  # no more cores than are here
    done = warm.run(alone, "run", "--until", "convert", "--force", "pull", *one)
    assert done.returncode == 0, done.stderr


def test_pictures_that_another_machine_has_not_are_said(tmp_path):
    with pytest.raises(UsageError, match=r"gone.png is not on .*; every machine of the engine needs the pictures"):
        ingest([None, tmp_path / "gone.png"], lambda _: None, tmp_path / "store")


def test_what_predict_finds_on_two_machines_is_what_it_finds_on_one(python, tmp_path):
    photos, weights = tmp_path / "photos", tiny.weights(tmp_path / "weights", image_size=32)
    for at in range(520):
        picture(photos / f"{at}.png", (48, 32 + at % 5), seed=at)
    (photos / "torn.png").write_bytes(b"torn")
    arguments = ("predict", photos, "--model", weights, "--score", "0.002")
    done = warm.run(tmp_path, *map(str, arguments), "--to", "one")
    assert done.returncode == 0, done.stderr
    (tmp_path / "pipeline.yaml").write_text(f"name: many\n{SLURM[1].replace('=', ': ', 1)}\n")
    command = subprocess.Popen((python, "-m", "detector", *map(str, arguments), "--to", "two"), cwd=tmp_path, **PIPES)
    at_work(tmp_path, command)[0].kill()
    printed, said = command.communicate()
    assert command.returncode == 0, said
    assert "engine               Slurm: 2 workers" in printed
    one, two = (folder_content(tmp_path / name) for name in ("one", "two"))
    assert one.keys() == two.keys()
    assert [name for name in one if one[name] != two[name]] == []
    assert {file.name for file in tmp_path.iterdir()} == {"photos", "weights", "one", "two", "runs", "pipeline.yaml"}


def folder_content(folder):
    return {file.relative_to(folder): file.read_bytes() for file in folder.rglob("*.*") if file.suffix != ".log"}


@pytest.mark.torture
@pytest.mark.parametrize("stage", STAGES)
def test_a_lost_machine_changes_nothing(python, alone, tmp_path, stage):
    if os.geteuid() != 0 or not shutil.which("nsenter"):
        pytest.skip("only root may make namespaces")
    folder = project(tmp_path)
    with cluster(python.with_name("ray")) as (head, node, _):
        command = (python, "-m", "detector", "run", "--json", "--until", "evaluate", *RAY)
        run = head.start(*command, cwd=folder, **PIPES)
        until_at(stage, folder, run)
        at_work(folder, run, 2)
        later = STAGES[STAGES.index(stage) + 1 :]
        assert [each for each in later if list(folder.glob(f"runs/*/{each}"))] == []
        node.crash()
        outcome, _ = done(run)
    assert content(version(folder)) == content(version(alone))
    again = warm.run(folder, "run", "--until", "evaluate", "--force", "evaluate", "--json")
    seen, alone_seen = (evaluated(folder, each) for each in (outcome, json.loads(again.stdout)))
    assert seen.drop_columns("score").equals(alone_seen.drop_columns("score"))
    assert abs(seen["score"].to_numpy() - alone_seen["score"].to_numpy()).max() < 1e-6


def evaluated(folder, outcome):
    """The predictions of a run."""
    [step] = [step for step in outcome["steps"] if step["step"] == "evaluate"]
    return pq.read_table(folder / step["path"] / "predictions.parquet")


def until_at(stage, folder, command):
    """Until the run is at the stage."""
    until = time.monotonic() + 600
    while not list(folder.glob(f"runs/*/{stage}")):
        assert command.poll() is None, command.communicate()
        assert time.monotonic() < until
        time.sleep(0.02)
