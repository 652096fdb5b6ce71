"""`engine: slurm`, by submitit's local executor: the processes are of this machine, all else is as with Slurm."""

import signal
import subprocess

import pytest

from tests.support.tuning import ended, project, remote, states, wait_until, wait_until_trains, worker
from tests.test_json import matches

ENGINE = ("--set", "engine={using: slurm, cluster: local, workers: 2, gpus: 0}")
ASKED = ("--set", "train.tune.trials=4")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


def tune(python, folder, *arguments):
    """`detector tune` with the engine."""
    command = (python, "-m", "detector", "tune", "--json", *ENGINE, *ASKED, *arguments)
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.torture
def test_a_killed_worker_is_replaced_and_the_study_is_that_of_one_machine(python, tmp_path):
    folder = project(tmp_path)
    command = tune(python, folder)
    wait_until(2, folder, command)
    remote(folder)[0].kill()
    outcome = ended(command)
    assert [trial["state"] for trial in outcome["trials"]].count("complete") == 4
    assert outcome["study"]["failed"] == 1
    assert remote(folder) == []
    alone = ended(worker(folder, *ASKED))
    assert alone["trials"] == outcome["trials"]


@pytest.mark.torture
def test_a_stop_leaves_no_worker_and_the_next_command_goes_on(python, tmp_path):
    folder = project(tmp_path)
    command = tune(python, folder, "--set", "train.epochs=8")
    wait_until_trains(0, folder, command, "weights/checkpoint.pt")
    command.terminate()
    printed, said = command.communicate(timeout=60)
    assert matches("failure", printed, exit_code=75), said
    assert remote(folder) == []
    assert states(folder)[:1] == ["FAIL"]
    outcome = ended(tune(python, folder, "--set", "train.epochs=8"))
    assert outcome["study"]["finished"] == 4


@pytest.mark.torture
def test_what_ends_every_worker_ends_the_command_with_its_code(python, tmp_path):
    folder = project(tmp_path)
    options = "train.options={cls: 1.0e+39, optimizer: SGD, lr0: 0.9, warmup_epochs: 0, mosaic: 0, workers: 0}"
    command = tune(python, folder, "--set", options, "--set", "train.epochs=3")
    printed, said = command.communicate()
    failure = matches("failure", printed, exit_code=1)
    assert failure["error"].startswith("no worker is left; the last, on "), said
    assert "the training diverged" in failure["error"]


def test_without_slurm_it_is_said_in_a_sentence(python, tmp_path):
    folder = project(tmp_path)
    command = [python, "-m", "detector", "tune", "--set", "engine={using: slurm}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 75
    said = "engine: there is no Slurm on this machine (no srun); start this where jobs are submitted"
    assert done.stderr.splitlines()[-1] == said


@pytest.mark.torture
def test_a_job_whose_time_is_over_is_queued_again_and_goes_on(python, tmp_path):
    folder = project(tmp_path)
    command = tune(python, folder, "--set", "engine.workers=1", "--set", "train.epochs=8")
    wait_until_trains(0, folder, command, "weights/checkpoint.pt")
    [first] = remote(folder)
    first.send_signal(signal.SIGUSR2)  # Slurm warns every process of the job
    assert first.is_running()
    first.parent().send_signal(signal.SIGUSR2)
    outcome = ended(command)
    assert outcome["study"]["finished"] == 4
    assert [trial["state"] for trial in outcome["trials"]].count("fail") == 1
    [log] = [place.read_text() for place in folder.glob("runs/tune/parts/*/workers/*_log.out")]
    assert "Requeued job" in log
