"""`engine: ray` on a real cluster of two machines, each in namespaces of its own, joined by a cable."""

import json
import os
import secrets
import shutil
import subprocess
import time
from collections import Counter

import pytest

from tests.support.cluster import ADDRESS, cluster, inner
from tests.support.tuning import ended, project, remote, squares, states, wait_until, wait_until_trains, worker
from tests.test_json import matches
from tests.tuning.test_workers import nested, runs_of

ENGINE = ("--set", f"engine={{using: ray, address: '{ADDRESS}', workers: 2, gpus: 0}}")
ASKED = ("--set", "train.tune.trials=4")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


@pytest.fixture
def machines(python):
    if os.geteuid() != 0 or not shutil.which("nsenter"):
        pytest.skip("only root may make namespaces")
    with cluster(python.with_name("ray")) as both:
        yield both


def tune(machine, python, folder, *arguments, **variables):
    """`detector tune` on the machine, with the engine."""
    command = (python, "-m", "detector", "tune", "--json", *ENGINE, *ASKED, *arguments)
    own = os.environ | variables
    return machine.start(*command, cwd=folder, env=own, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.torture
def test_a_lost_machine_costs_the_trial_on_it_and_the_study_is_that_of_one_machine(machines, python, tmp_path):
    head, node, _ = machines
    folder = project(tmp_path)
    command = tune(head, python, folder)
    wait_until(2, folder, command)
    node.crash()
    outcome = ended(command)
    state = Counter(trial["state"] for trial in outcome["trials"])
    assert (state["complete"], state["fail"]) == (4, 1)
    [lost] = [trial for trial in outcome["trials"] if trial["state"] == "fail"]
    again = [trial["state"] for trial in outcome["trials"] if trial["values"] == lost["values"]]
    assert again == ["fail", "complete"]
    assert remote(folder) == []
    parent, below = nested(runs_of(folder))
    assert parent.info.status == "FINISHED"
    status = Counter(run.info.status for run in below)
    assert (status["FINISHED"], status.total() - status["KILLED"]) == (4, 4)
    alone = ended(worker(folder, *ASKED))
    assert alone["trials"] == outcome["trials"]
    assert alone["study"] | {"updated": ""} == outcome["study"] | {"updated": ""}


@pytest.mark.torture
def test_a_machine_that_is_lost_while_the_seeds_are_trained_changes_no_verdict(machines, python, tmp_path):
    head, node, _ = machines
    folder = squares(tmp_path)
    command = tune(head, python, folder, "--set", "train.tune.trials=2")
    wait_until(2, folder, command, of=4)
    node.crash()
    outcome = ended(command)
    verdict = outcome["study"]["verdict"]
    assert (verdict["winner"], verdict["seeds"]) == (1, [1, 2, 3])
    assert verdict["candidates"][0]["low"] > 0
    assert states(folder).count("COMPLETE") == 2 + 2 * 3
    parent, below = nested(runs_of(folder))
    assert parent.info.status == "FINISHED"
    assert "RUNNING" not in {run.info.status for run in below}


@pytest.mark.torture
def test_a_stop_leaves_no_worker_and_the_next_command_goes_on(machines, python, tmp_path):
    head, *_ = machines
    folder = project(tmp_path)
    command = tune(head, python, folder, "--set", "train.epochs=8")
    wait_until_trains(0, folder, command, "weights/checkpoint.pt")
    assert len(remote(folder)) == 2
    inner(command).terminate()
    printed, said = command.communicate(timeout=60)
    assert matches("failure", printed, exit_code=75), said
    wait_until_none_is_left(folder)
    assert states(folder)[:1] == ["FAIL"]
    further = ("--set", "train.epochs=8", "--set", "engine.address=auto")
    outcome = ended(tune(head, python, folder, *further, RAY_ADDRESS=ADDRESS))  # as in a job of Ray's
    assert outcome["study"]["finished"] == 4
    log = (folder / "runs/tune/parts" / outcome["study"]["study"] / "log").read_text()
    assert ": goes on after epoch" in log


@pytest.mark.torture
def test_a_killed_command_leaves_no_worker_and_what_it_had_in_its_environment_is_in_no_file(machines, python, tmp_path):
    head, _, files = machines
    folder, token = project(tmp_path), secrets.token_hex()
    command = tune(head, python, folder, "--set", "train.epochs=${EPOCHS}", EPOCHS="2000", TOKEN=token)
    wait_until(2, folder, command)
    assert [each.environ()["TOKEN"] for each in remote(folder)] == [token, token]
    inner(command).kill()
    command.communicate(timeout=60)
    wait_until_none_is_left(folder)
    written = [file for place in (files, folder) for file in place.rglob("*") if file.is_file()]
    assert len(written) > 50
    assert [file for file in written if token.encode() in file.read_bytes()] == []


@pytest.mark.torture
def test_a_lost_head_is_said(machines, python, tmp_path):
    """After the minute for which Ray tries to reach it."""
    head, node, _ = machines
    folder = project(tmp_path)
    command = tune(node, python, folder, "--set", "train.epochs=2000")
    wait_until(1, folder, command)
    head.crash()
    printed, said = command.communicate(timeout=600)
    assert matches("failure", printed, exit_code=75), said
    assert "the head of the Ray cluster is lost" in json.loads(printed)["error"]
    wait_until_none_is_left(folder)


def test_no_cluster_is_said_in_a_sentence(python, tmp_path):
    folder = project(tmp_path)
    command = [python, "-m", "detector", "tune", "--set", "engine={using: ray, address: '127.0.0.1:1'}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 75
    assert done.stderr.splitlines()[-1] == (
        "engine.address: no Ray cluster answers at 127.0.0.1:1 ([Errno 111] Connection refused); `ray start --head` "
        "starts one"
    )


def wait_until_none_is_left(folder):
    """Until no worker is left on any machine."""
    until = time.monotonic() + 60
    while remote(folder):
        assert time.monotonic() < until
        time.sleep(0.2)
