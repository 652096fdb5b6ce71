"""`detector prune` on a project with a history, by real processes: what goes, what stays, and what still works."""

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from detector.browse import samples
from detector.browse.database import connected
from detector.commands.prune import _forget
from detector.data.places import FIFTYONE
from detector.reporting import costs
from tests.end_to_end.conftest import detector
from tests.support import cut_short
from tests.support.versions import every_class, version


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    """Three runs, and the folder names of each: the champion's; one of a task more; one that trains on a task less."""
    folder = cut_short.project(tmp_path_factory.mktemp("history"))
    export = folder / "sample/export.json"
    tasks = json.loads(export.read_text())
    runs = []
    for use, arguments in ((tasks[:-1], ()), (tasks, ("--until", "convert")), (tasks[:-2], ())):
        export.write_text(json.dumps(use))
        runs.append(cut_short.run(folder, "--set", "train.epochs=1", *arguments))
    return folder, [Path(run["run"]).name for run in runs], [Path(run["steps"][1]["path"]).name for run in runs]


@pytest.fixture
def project(history, tmp_path):
    """All of it copied, hard links too: names of runs and versions, oldest first."""
    folder, runs, versions = history
    subprocess.run(["cp", "-a", f"{folder}/.", tmp_path], check=True)
    return tmp_path, runs, versions


def prune(folder, *arguments):
    done = detector(folder, "prune", "--json", "--set", "train.epochs=1", *arguments)
    return done.returncode, json.loads(done.stdout)


def files(folder):
    return {path: path.lstat().st_mtime_ns for path in folder.rglob("*") if not path.is_dir()}


def stored(folder):
    return {path.name for path in folder.glob("datasets/parts/store/??/*")}


def held(folder):
    """Bytes on disk, but for the lock's: it tells who held it, and the numbers of processes grow."""
    return costs.disk_bytes(folder / "datasets", folder / "runs") - (folder / "runs/.lock").stat().st_size


def test_what_nothing_needs_goes_and_the_rest_works_as_before(project):
    folder, runs, versions = project
    before, images = held(folder), stored(folder)
    code, found = prune(folder, "--keep", "1")
    assert code == 0
    assert (found["runs"], found["versions"], found["images"]) == ([runs[1]], [versions[1]], 1)
    assert {path.parent.name for path in folder.glob("runs/*/run.json")} == {runs[0], runs[2]}
    assert {path.parent.name for path in folder.glob("datasets/parts/[0-9a-f]*/data.yaml")} == {
        versions[0],
        versions[2],
    }
    assert len(images - stored(folder)) == 1
    assert before - held(folder) == found["bytes"] > 0
    again = detector(folder, "run", "--json", "--set", "train.epochs=1")
    assert json.loads(again.stdout)["status"] == "unchanged"
    assert json.loads(detector(folder, "diff", versions[0], runs[2], "--json").stdout)["images"]["removed"] == 1
    assert prune(folder, "--keep", "1")[1]["bytes"] == 0


def test_a_dry_run_says_the_same_and_touches_nothing(project):
    folder, _, _ = project
    before = files(folder)
    code, told = prune(folder, "--keep", "1", "--dry-run")
    assert code == 0
    assert {path for path in before.items() ^ files(folder).items() if "lock" not in path[0].name} == set()
    _, found = prune(folder, "--keep", "1")
    assert told == found | {"dry_run": True}


def test_results_that_were_used_last_stay_though_newer_ones_are_there(project):
    """A setting that went back to what it was: its version is older, and in use."""
    folder, runs, _ = project
    cut_short.run(folder, "--set", "convert.split.val=0.3", "--until", "convert")
    assert cut_short.run(folder, "--set", "train.epochs=1")["status"] == "unchanged"
    _, found = prune(folder, "--keep", "1")
    assert runs[2] not in found["runs"]
    assert cut_short.run(folder, "--set", "train.epochs=1")["status"] == "unchanged"


def test_what_a_killed_prune_or_run_left_goes_and_other_files_stay(project):
    folder, _, _ = project
    data = folder / "datasets/parts"
    left = [data / ".123", data / "pulled/.123", folder / "runs/.pruned-20260101T000000Z-abcdef"]
    for path in left:
        (path / "images").mkdir(parents=True)
    (data / ".gitignore").write_text("*\n")
    assert prune(folder, "--keep", "3")[1]["runs"] == []
    assert not any(path.exists() for path in left)
    assert (data / ".gitignore").exists()


@pytest.mark.parametrize(("uri", "code"), [("http://127.0.0.1:9", 75), ("sqlite:///runs/gone.db", 1)])
def test_nothing_goes_while_the_record_cannot_be_asked(project, uri, code):
    folder, _, _ = project
    before = files(folder)
    ended, told = prune(folder, "--keep", "1", "--set", f"record.uri={uri}")
    assert ended == told["exit_code"] == code
    assert told["error"].endswith("nothing was pruned, since only the record knows what the champion needs")
    assert {path for path in before.items() ^ files(folder).items() if "lock" not in path[0].name} == set()


def test_a_run_keeps_prune_out_and_a_run_that_was_cut_short_keeps_its_place(project):
    folder, _, _ = project
    with cut_short.start(folder, "--set", "train.epochs=500", "--set", "train.patience=0") as process:
        wait_for(lambda: list(folder.glob("runs/*/train/results.csv"))[2:])
        code, told = prune(folder, "--keep", "1")
        assert (code, told["exit_code"]) == (11, 11)
        assert f"process {process.pid}" in told["error"]
        process.send_signal(signal.SIGTERM)
    on_its_way = folder / "datasets/parts/store/ab" / f"{'ab' * 32}.jpg"
    on_its_way.parent.mkdir(exist_ok=True)
    on_its_way.write_bytes(b"of a pull that goes on")
    newest = max(folder.glob("runs/*/run.json")).parent
    assert newest.name not in prune(folder, "--keep", "1")[1]["runs"]
    assert (newest / "train/results.csv").exists()
    assert on_its_way.exists()


def test_prune_keeps_a_run_out(project):
    folder, _, _ = project
    arguments = [sys.executable, "-m", "detector", "prune", "--keep", "1"]
    with subprocess.Popen(arguments, cwd=folder, stdout=subprocess.DEVNULL) as process:
        wait_for(lambda: f"process {process.pid} " in (folder / "runs/.lock").read_text())
        process.send_signal(signal.SIGSTOP)
        refused = detector(folder, "run", "--json")
        process.send_signal(signal.SIGCONT)
    assert (process.returncode, refused.returncode) == (0, 11)
    assert f"process {process.pid}" in json.loads(refused.stdout)["error"]


def wait_for(happened):
    deadline = time.monotonic() + 120
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_fiftyone_forgets_versions_that_went(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = version(Path("datasets/cells"), every_class())
    with connected(FIFTYONE) as fiftyone:
        samples.load(data, "cells")
        assert fiftyone.list_datasets() == ["cells-0123456789ab"]
    shutil.rmtree(data.folder)
    assert list(_forget(["cells-0123456789ab", "cells-unknown"])) == []
    with connected(FIFTYONE) as fiftyone:
        assert fiftyone.list_datasets() == []
    assert [path.name for path in Path("runs").iterdir()] == ["fiftyone"]
