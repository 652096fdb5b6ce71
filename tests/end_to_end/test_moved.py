"""A project is copied, or moved: it works where it is now, and nothing is written where it was."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from detector.record import mlflow as record
from tests.support import cut_short, warm

MORE = ("--set", "train.epochs=1")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A project with a champion, in a folder with a blank in its name."""
    folder = cut_short.project(tmp_path_factory.mktemp("home") / "first place")
    cut_short.run(folder)
    return folder


def copied(whole, folder):
    subprocess.run(["cp", "-a", whole, folder], check=True)
    return folder


def said(folder, *arguments):
    done = warm.run(folder, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def everything_works(folder):
    """A run with nothing new, one that trains and promotes, then champion, prune and verify."""
    assert cut_short.run(folder)["status"] == "unchanged"
    outcome = cut_short.run(folder, *MORE)
    assert [step["step"] for step in outcome["steps"] if not step["skipped"]][:1] == ["train"]
    assert "read back and found whole" in outcome["said"]
    assert len(list(folder.glob("runs/artifacts/*/artifacts/weights/best.pt"))) == 2
    assert said(folder, "champion")["version"]
    assert said(folder, "prune", "--keep", "1", *MORE)["status"] == "done"
    assert said(folder, "verify", *MORE)["status"] == "whole"


def test_a_copy_leaves_the_original_alone(whole, tmp_path):
    before = cut_short.tree(whole)
    copy = copied(whole, tmp_path / "a copy")
    everything_works(copy)
    assert cut_short.tree(whole) == before
    [run] = {run.info.artifact_uri.partition("/runs/")[0] for run in cut_short.runs_of(copy)}
    assert run == copy.as_uri()


def test_a_moved_project_does_not_make_its_old_folder_again(whole, tmp_path):
    first = copied(whole, tmp_path / "first")
    moved = tmp_path / "deep/er/moved"
    moved.parent.mkdir(parents=True)
    shutil.move(first, moved)
    everything_works(moved)
    assert not first.exists()


def test_a_rollback_in_a_moved_project_deploys_what_lies_there(whole, tmp_path, monkeypatch):
    copy = copied(whole, tmp_path / "first")
    cut_short.run(copy, *MORE)
    moved = tmp_path / "moved"
    shutil.move(copy, moved)
    monkeypatch.chdir(moved)
    with record.open(
        record.Options(), "parts", Path(cut_short.run(moved, *MORE, "--force", "promote")["run"]), {}
    ) as run:
        run.registry.name("2", "champion")
    assert cut_short.run(moved, *MORE)["status"] == "unchanged"
    assert said(moved, "rollback")["to"] == "1"
    first = cut_short.tree(whole / "models/parts/champion")
    deployed = cut_short.tree(moved / "models/parts/champion")
    assert deployed["parts.pt"] == first["parts.pt"]
    assert not copy.exists()


@pytest.mark.parametrize("how", ["deleted", "emptied"])
def test_a_record_that_is_lost_is_said_and_crowns_nobody(whole, tmp_path, how):
    copy = copied(whole, tmp_path / "copy")
    database = copy / "runs/mlflow.db"
    database.unlink()
    if how == "emptied":
        database.touch()
    done = warm.run(copy, "run", *MORE)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "the record runs/mlflow.db is gone, with every run and model in it, and version 1 was champion: bring the file "
        "back, or move runs/results/parts/champion.json and models/parts away to begin anew"
    )
    assert database.exists() == (how == "emptied")
    (copy / "runs/results/parts/champion.json").unlink()
    shutil.rmtree(copy / "models/parts")
    outcome = cut_short.run(copy, *MORE)
    assert outcome["steps"][-1]["summary"].endswith("the first")
