"""Several runs that start in one project at the same moment: one works, the others are told, or wait."""

import json
import time
from collections import Counter

import pytest

from tests.support import cut_short


@pytest.fixture
def folder(tmp_path):
    return cut_short.project(tmp_path)


def together(folder, count, *arguments):
    """(exit code, what it said) of so many runs of the first two steps."""
    started = [cut_short.start(folder, "--until", "convert", *arguments) for _ in range(count)]
    said = [process.communicate(timeout=300) for process in started]
    return [(process.returncode, json.loads(out)) for process, (out, _) in zip(started, said, strict=True)]


def test_two_runs(folder):
    """A training goes on while another run starts."""
    with cut_short.start(folder) as first:
        while not cut_short.epochs_of(folder):
            assert first.poll() is None, first.communicate()
            time.sleep(0.02)
        [(code, said)] = together(folder, 1)
        assert code == 11
        assert f"process {first.pid} since" in said["error"]
        assert first.wait(timeout=300) == 0
    [run] = cut_short.runs_of(folder)
    assert run.info.status == "FINISHED"


def test_two_runs_of_which_one_waits(folder):
    outcomes = together(folder, 2, "--wait-lock", "100")
    assert sorted((code, said["status"]) for code, said in outcomes) == [(0, "done"), (0, "unchanged")]


def test_fifty_starts_against_the_lock_of_a_dead_run(folder):
    """Nobody is kept out by the file, and no two work at the same time."""
    with cut_short.start(folder) as killed:
        while not (folder / "runs/.lock").exists() or not (folder / "runs/.lock").read_text():
            time.sleep(0.01)
        killed.kill()
    assert str(killed.pid) in (folder / "runs/.lock").read_text()
    ended = Counter()
    for _ in range(5):
        ended += Counter((code, said["status"]) for code, said in together(folder, 10))
    assert ended.total() == 50
    assert ended[0, "done"] == 1
    assert ended.keys() <= {(0, "done"), (0, "unchanged"), (11, "failed")}
    assert len(cut_short.runs_of(folder)) == 1
