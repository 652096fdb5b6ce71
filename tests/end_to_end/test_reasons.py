"""Why a step runs again, through the real command: a copy of our code is edited, and a trained project run with it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import detector
from tests.support import cut_short


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = cut_short.project(tmp_path_factory.mktemp("trained"))
    cut_short.run(folder, "--set", "train.epochs=2")
    return folder


@pytest.fixture
def project(trained, tmp_path):
    """The project with its runs, and a copy of our code to run it with."""
    shutil.copytree(trained, tmp_path / "project", symlinks=True)
    code = Path(detector.__file__).parent
    shutil.copytree(code, tmp_path / "code/detector", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "project"


def command(project, *arguments):
    environment = os.environ | cut_short.ONE_THREAD | {"PYTHONPATH": str(project.parent / "code")}
    line = [sys.executable, "-m", "detector", *arguments, "--set", "train.epochs=2", "--json"]
    done = subprocess.run(line, cwd=project, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def edit(project, module, old, new):
    file = project.parent / "code/detector" / module
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def append(project, module):
    file = project.parent / "code/detector" / module
    file.write_text(file.read_text() + "\n_EDITED = True\n")


def planned(project):
    """Step → why it would run, of those that would."""
    return {step["step"]: step["why"] for step in command(project, "plan")["steps"] if step["run"]}


def test_the_measuring_code_is_a_reason_to_measure_and_what_it_measures_counts(project):
    assert planned(project) == {}
    half = "dict.fromkeys(('mAP50-95', 'mAP50', 'precision', 'recall', 'F1', 'score'), 0.5)"
    edit(project, "measure/evaluate.py", "metrics=_coco(that_count, kind) | _at_point(point)", f"metrics={half}")
    why = planned(project)
    assert why["evaluate"] == ["its code changed"]
    assert why["export.onnx"] == why["promote"] == ["waits for evaluate"]
    assert not {"pull", "convert", "check", "train"} & why.keys()
    outcome = command(project, "run")
    ran = [step["step"] for step in outcome["steps"] if not step["skipped"]]
    assert ran == ["evaluate", "export.onnx", "promote"]
    measured = next(step for step in outcome["steps"] if step["step"] == "evaluate")
    assert measured["figures"]["mAP50-95"] == 0.5
    assert "mAP50-95 0.5000" in outcome["steps"][-1]["summary"]


def test_a_version_is_no_reason_for_anything(project):
    edit(project, "__init__.py", detector.__version__, "99.0.0")
    assert planned(project) == {}
    assert command(project, "run")["status"] == "unchanged"


def test_code_that_converts_is_a_reason_to_convert_but_not_to_train_on_the_same_version(project):
    append(project, "stages/convert/_rows.py")
    assert planned(project)["convert"] == ["its code changed"]
    outcome = command(project, "run")
    assert [step["step"] for step in outcome["steps"] if not step["skipped"]] == ["convert"]


def test_the_order_of_classes_is_a_reason_for_all_that_knows_them(project):
    text = (project / "pipeline.yaml").read_text()
    (project / "pipeline.yaml").write_text(text.replace("[Screw, Nut, Washer]", "[Nut, Screw, Washer]"))
    assert planned(project)["pull"] == ['classes ["Screw", "Nut", "Washer"] → ["Nut", "Screw", "Washer"]']
    outcome = command(project, "run", "--until", "convert")
    assert [step["skipped"] for step in outcome["steps"]] == [False, False]
    assert "0: Nut\n" in (project / outcome["steps"][1]["path"] / "data.yaml").read_text()
    assert planned(project)["train"][0] == "a new dataset version"


def test_the_code_of_the_page_is_no_reason(project):
    append(project, "page/_costs.py")
    assert planned(project) == {}
