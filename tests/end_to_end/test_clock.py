"""A clock that was years ahead once, or was set back: the newest is still what was done last."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from detector.commands import evaluations, versions
from tests.end_to_end.conftest import detector
from tests.support import cut_short
from tests.support.versions import every_class, version

DAYS = {3650: 0.1, 0: 0.25, -3650: 0.5}  # how far the clock of each run is ahead, and its share of val
LAST = "convert.split.val=0.5"
ON_A_DAY = """
import datetime, sys, time
import detector.orchestrator.open
ahead, now = int(sys.argv.pop(1)) * 86400, time.time_ns
time.time_ns = lambda: now() + ahead * 10**9
class Clock(datetime.datetime):
    @classmethod
    def now(cls, zone=None):
        return super().now(zone) + datetime.timedelta(seconds=ahead)
detector.orchestrator.open.datetime = Clock
from detector.cli import main
main()
"""


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run by each clock, each with another split: the names of their folders, those of their versions."""
    folder = cut_short.project(tmp_path_factory.mktemp("clock"))
    runs = []
    for days, share in DAYS.items():
        command = [sys.executable, "-c", ON_A_DAY, str(days), "run", "--json", "--until", "check"]
        command += ["--set", f"convert.split.val={share}"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
        runs.append(json.loads(done.stdout))
    names = [Path(run["run"]).name for run in runs]
    assert sorted(names) == names[::-1]
    return folder, names, [Path(run["steps"][1]["path"]).name for run in runs]


@pytest.fixture
def history(whole, tmp_path):
    """All of it copied."""
    folder, *names = whole
    subprocess.run(["cp", "-a", f"{folder}/.", tmp_path], check=True)
    return tmp_path, *names


def test_status_shows_what_ran_last_first(history):
    folder, names, _ = history
    told = json.loads(detector(folder, "status", "--json").stdout)["runs"]
    assert [Path(run["run"]).name for run in told] == names[::-1]
    assert [run["number"] for run in told] == [3, 2, 1]


def test_the_newest_evaluation_is_that_of_the_newest_run_that_has_one(history, monkeypatch):
    folder, names, _ = history
    monkeypatch.chdir(folder)
    for name in names[:2]:
        file = Path("runs", name, "run.json")
        state = json.loads(file.read_text())
        step = {"step": "evaluate", "path": f"runs/{name}/evaluate"}
        file.write_text(json.dumps(state | {"steps": [*state["steps"], step]}))
    assert evaluations._newest() == Path("runs", names[1])


def test_the_latest_version_of_several_data_sets_is_the_one_that_was_made_last(history, monkeypatch):
    folder, _, made = history
    monkeypatch.chdir(folder)
    other = version(Path("datasets/cells"), every_class())
    link = Path("datasets/cells/latest")
    link.symlink_to(other.folder.name)
    years_ahead = time.time() + 3650 * 86400
    os.utime(link, (years_ahead, years_ahead), follow_symlinks=False)
    assert versions.find(None).folder.name == other.folder.name
    cut_short.run(folder, "--until", "convert", "--force", "convert", "--set", LAST)
    assert versions.find(None).folder.name == made[2]


def test_prune_keeps_the_run_that_ran_last(history):
    folder, names, made = history
    found = json.loads(detector(folder, "prune", "--keep", "1", "--json").stdout)
    assert (found["runs"], sorted(found["versions"])) == (names[:2], sorted(made[:2]))
    again = detector(folder, "run", "--json", "--until", "check", "--set", LAST)
    assert json.loads(again.stdout)["status"] == "unchanged"
