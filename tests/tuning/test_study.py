"""A study as several workers share it: Optuna's real database, real processes, and trials that take no time."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest

from detector.errors import DetectorError
from detector.tuning import study
from detector.tuning.database import database, opened
from detector.tuning.study import Draw
from detector.tuning.workers import finish, work

WORKER = """
import os, sys, time
from pathlib import Path
from detector.tuning import study
from detector.tuning.database import opened
from tests.tuning.test_study import draw
from detector.tuning.workers import work
study.INTERVAL, study.GRACE, study.POLL = 1, 2, 0.05

def do(trial):
    if len(sys.argv) > 3:
        print("has", trial.number, flush=True)
        time.sleep(600)
    time.sleep(0.01)
    return trial.params["x"]

shared = opened(Path(sys.argv[1]), "s")
work(shared, draw(int(sys.argv[2])), do, lambda count: None)
"""


def quick(monkeypatch):
    monkeypatch.setattr(study, "INTERVAL", 1)
    monkeypatch.setattr(study, "GRACE", 2)
    monkeypatch.setattr(study, "POLL", 0.05)


def draw(asked):
    from optuna.samplers import TPESampler

    return Draw(
        lambda: asked,
        lambda: None,
        lambda trials: TPESampler(seed=trials),
        lambda trial: trial.suggest_float("x", 0, 1),
    )


def start(file, asked, *more):
    command = [sys.executable, "-c", WORKER, str(file), str(asked), *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def states(shared):
    return [trial.state.name for trial in shared.trials()]


@pytest.fixture
def file(tmp_path):
    return tmp_path / "studies.db"


def test_three_workers_do_as_many_as_are_asked_for_and_none_twice(file):
    workers = [start(file, 24) for _ in range(3)]
    assert [worker.wait(120) for worker in workers] == [0, 0, 0], [worker.stderr.read() for worker in workers]
    trials = opened(file, "s").trials()
    assert Counter(trial.state.name for trial in trials) == {"COMPLETE": 24}
    assert len({trial.params["x"] for trial in trials}) == 24


def test_a_killed_workers_trial_is_tried_again_with_its_arguments(file, monkeypatch):
    quick(monkeypatch)
    killed = start(file, 3, "hang")
    assert killed.stdout.readline() == "has 0\n"
    os.kill(killed.pid, signal.SIGKILL)
    killed.communicate()
    shared, waited = opened(file, "s"), []
    work(shared, draw(1), lambda trial: trial.params["x"], waited.append)
    before, after = shared.trials()
    assert states(shared) == ["FAIL", "COMPLETE"]
    assert before.params == after.params
    assert set(waited) == {1}


def test_what_was_taken_and_never_begun_is_tried_again(file, monkeypatch):
    """A kill between Optuna's new trial and its first heartbeat."""
    quick(monkeypatch)
    shared = opened(file, "s")
    shared.study.ask()
    work(shared, draw(2), lambda trial: trial.params["x"], lambda _: None)
    assert states(shared) == ["FAIL", "COMPLETE", "COMPLETE"]


def test_a_trial_that_kills_its_worker_is_given_up_in_the_end(file, monkeypatch):
    monkeypatch.setattr(study, "GRACE", 0.01)
    shared = opened(file, "s")
    shared.study.ask()
    for _ in range(study.KILLS + 3):
        time.sleep(0.05)
        with shared.held():
            shared._revive()
        if waiting := shared.trials("WAITING"):
            assert shared.study.ask().number == waiting[0].number
    assert states(shared) == ["FAIL"] * (study.KILLS + 1)


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_what_ends_a_worker_puts_its_trial_back(file, error):
    shared = opened(file, "s")

    def fails(_):
        raise error

    with pytest.raises(error):
        work(shared, draw(2), fails, lambda _: None)
    assert states(shared) == ["FAIL", "WAITING"]
    [waiting] = shared.trials("WAITING")
    assert waiting.params == shared.trials("FAIL")[0].params


def test_a_stop_puts_a_trial_back_however_often(file):
    shared = opened(file, "s")
    for _ in range(study.KILLS + 3):
        with pytest.raises(KeyboardInterrupt):
            work(shared, draw(1), _interrupted, lambda _: None)
    assert states(shared)[-1] == "WAITING"


def _interrupted(_):
    raise KeyboardInterrupt


def test_a_worker_that_slept_leaves_its_trial_to_whoever_took_it_over(file):
    """What it comes to then, or fails with, is not told."""
    mine, others = opened(file, "s"), opened(file, "s")
    for late in (lambda _: 0.9, lambda _: 1 / 0):
        trial = mine.take(draw(100), lambda _: None)

        def slept(trial, late=late):
            others.put_back(trial)
            taken = others.take(draw(100), lambda _: None)
            others.tell(taken, 0.5)
            return late(trial)

        finish(mine, trial, slept)
    assert states(mine) == ["FAIL", "COMPLETE"] * 2
    assert [trial.value for trial in mine.trials("COMPLETE")] == [0.5, 0.5]


def test_given_the_same_trials_the_same_arguments_come_next(tmp_path):
    drawn = []
    for name in ("one", "two"):
        shared = opened(tmp_path / name / "studies.db", "s")
        work(shared, draw(12), lambda trial: trial.params["x"] ** 2, lambda _: None)
        drawn.append([trial.params["x"] for trial in shared.trials()])
    assert drawn[0] == drawn[1]


def test_a_broken_database_is_one_sentence(file):
    file.write_bytes(b"no database at all" * 100)
    with pytest.raises(DetectorError, match="move the file away to begin anew"), database(file):
        opened(file, "s")
