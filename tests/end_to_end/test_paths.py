"""A project works in a folder of any name, and from any other folder."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from detector.record._client import connect
from tests.support import cut_short, exports

NAMES = ["a%20b", "a%41b", "a?b", "a#b", "a b", "größe 红细胞", "[a]*", "a;b&c=d", "--help", "~", "$HOME"]


PIPELINE = """
name: cars
task: detect
classes: [car, person]
pull: {using: label_studio_export, path: export.json, images: pictures}
convert: {split: {field: split}}
check: {using: rules, fail_on: {classes_without_examples: warn}}
train: {model: yolo11n.yaml}
"""


def detector(cwd, *arguments):
    line = [sys.executable, "-m", "detector", *arguments]
    environment = os.environ | cut_short.ONE_THREAD
    return subprocess.run(line, cwd=cwd, capture_output=True, text=True, check=False, env=environment)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A project that never ran, but for its empty record, which takes ten seconds to make."""
    folder = tmp_path_factory.mktemp("written") / "project"
    tasks = [
        exports.task(number, exports.annotation(exports.box(10, 10, 30, 30)), data={"split": split})
        for number, split in enumerate(("train", "val", "test"), 1)
    ]
    for each in tasks:
        exports.picture(folder / "pictures" / each["data"]["image"])
    (folder / "export.json").write_text(json.dumps(tasks))
    (folder / "pipeline.yaml").write_text(PIPELINE)
    (folder / "runs").mkdir()
    connect(f"sqlite:///{folder}/runs/mlflow.db")
    return folder


@pytest.fixture
def project(written, tmp_path, request):
    name = getattr(request, "param", "project")
    shutil.copytree(written, tmp_path / name)
    return tmp_path / name


@pytest.mark.parametrize("project", NAMES, indirect=True)
def test_a_folder_may_have_any_name(project):
    done = detector(project, "run", "--until", "convert", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["steps"][1]["figures"]["objects"] == 3
    names = {"datasets", "export.json", "pictures", "pipeline.yaml", "runs"}
    assert {each.name for each in project.iterdir()} == names
    assert [*project.parent.iterdir()] == [project]
    assert [*project.glob("runs/artifacts/*/artifacts/pipeline.yaml")]
    again = detector(project, "run", "--until", "convert", "--json")
    assert json.loads(again.stdout)["status"] == "unchanged"


def test_a_project_is_run_from_any_folder(project, tmp_path):
    """Paths in pipeline.yaml are relative to it; datasets/ and runs/ lie beside it."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    said = detector(elsewhere, "run", "../project/pipeline.yaml", "--until", "convert", "--metrics-file", "here.prom")
    assert said.returncode == 0, said.stderr
    assert said.stdout.startswith(f"project              {project}, which the paths below are relative to\n")
    assert [each.name for each in elsewhere.iterdir()] == ["here.prom"]
    assert (project / "runs/mlflow.db").is_file()
    outcome = json.loads(detector(tmp_path, "run", "project/pipeline.yaml", "--until", "convert", "--json").stdout)
    assert (outcome["status"], outcome["project"]) == ("unchanged", str(project))
    planned = detector("/", "plan", str(project / "pipeline.yaml"), "--until", "convert")
    assert planned.stdout == "pull                 skip\nconvert              skip\n"


def test_a_fault_is_shown_with_the_file_as_it_was_named(project, tmp_path):
    (project / "pipeline.yaml").write_text(PIPELINE.replace("train: {model", "train: {modle"))
    said = detector(tmp_path, "validate", "project/pipeline.yaml")
    assert said.returncode == 2
    assert said.stderr.startswith("project/pipeline.yaml:8:")
    assert detector(tmp_path, "run", "nowhere/pipeline.yaml").returncode == 2
    assert "nowhere can't be worked in (No such file" in detector(tmp_path, "run", "nowhere/pipeline.yaml").stderr


def test_a_whole_run_in_an_odd_folder(tmp_path):
    """Training, the export, the record and a second run: each library takes the folder's name as it is."""
    folder = tmp_path / "a%41 b?c#d [e] é's"
    folder.mkdir()
    cut_short.project(folder)
    outcome = cut_short.run(folder, "--set", "train.epochs=1")
    assert outcome["status"] == "done"
    assert [each.name for each in tmp_path.iterdir()] == [folder.name]
    assert cut_short.run(folder, "--set", "train.epochs=1")["status"] == "unchanged"
