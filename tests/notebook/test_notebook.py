"""What `import detector` offers, as a notebook uses it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import detector
from tests.support import cut_short


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return cut_short.project(tmp_path_factory.mktemp("notebook"))


@pytest.fixture(scope="module")
def ran(project):
    return detector.run(project / "pipeline.yaml", {"train.epochs": 2, "export": []}, quiet=True)


def test_a_run_gives_figures_dataset_and_evaluation(project, ran, monkeypatch):
    monkeypatch.chdir("/")
    assert ran.status == "done"
    assert ran.folder.parent == project / "runs"
    assert list(ran.steps) == ["pull", "convert", "check", "train", "evaluate", "promote"]
    assert ran.dataset.classes == ["Screw", "Nut", "Washer"]
    assert ran.dataset.instances.num_rows == ran.steps["convert"].figures["objects"]
    assert ran.evaluation.measured.metrics["mAP50-95"] == ran.steps["evaluate"].figures["mAP50-95"]


def test_it_comes_back_to_the_folder_that_it_was_called_from(project, ran, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    again = detector.run(project / "pipeline.yaml", {"train.epochs": 2, "export": []})
    assert again.status == "unchanged"
    assert again.steps["train"].path == ran.steps["train"].path
    assert "(unchanged)" in capsys.readouterr().out
    with pytest.raises(detector.UsageError):
        detector.run(project / "pipeline.yaml", {"train.epoch": 2})
    assert Path.cwd() == tmp_path
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("ran")
def test_a_plan_says_what_would_run_and_why(project):
    assert detector.plan(project / "pipeline.yaml", {"train.epochs": 2, "export": []}) == {}
    planned = detector.plan(project / "pipeline.yaml", {"train.epochs": 3, "export": []})
    assert planned["train"] == ["epochs 2 → 3"]


@pytest.mark.usefixtures("ran")
def test_models_are_compared_and_the_project_has_a_status(project):
    compared = detector.compare("champion", "champion", project / "pipeline.yaml")
    assert compared["figures"]["mAP50-95"]["change"] == 0
    assert list(detector.status(project)["champions"]) == ["parts"]


@pytest.mark.usefixtures("ran")
def test_a_champion_sees_the_pictures_of_a_folder(project, tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"no picture")
    pictures = sorted((project / "sample/images").rglob("*.jpg"))[:2] or sorted((project / "sample").rglob("*.jpg"))[:2]
    seen = list(detector.predict([*pictures, tmp_path], pipeline=project / "pipeline.yaml", score=0.0001))
    assert [each.file.name for each in seen] == [*(file.name for file in pictures), "a.jpg"]
    assert seen[0].objects
    assert seen[0].objects[0].keys() >= {"class", "score", "box"}
    assert seen[2].problem


def test_importing_it_loads_nothing_heavy_and_it_says_what_it_has():
    program = "import sys, detector; print(sorted(detector.__all__), 'pyarrow' in sys.modules, 'torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"{sorted(detector.__all__)} False False"
    assert len(detector.__all__) <= 10
    stub = (Path(detector.__file__).parent / "__init__.pyi").read_text()
    assert all(f" as {name}\n" in stub for name in detector.__all__)
    assert all(getattr(detector, name).__doc__ for name in detector.__all__)
    with pytest.raises(AttributeError, match="no attribute 'train'"):
        detector.train  # noqa: B018


@pytest.mark.usefixtures("ran")
def test_what_the_page_shows_is_so(project, monkeypatch):
    page = (Path(__file__).parents[2] / "docs/python.md").read_text()
    [shown] = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    monkeypatch.chdir(project)
    exec(shown.replace('{"train.epochs": 3}', '{"train.epochs": 2, "export": []}'), {})
    named = re.findall(r"`(\w+)[(`]", page.partition("| name |")[2])
    assert {name for name in named if hasattr(detector, name)} == set(detector.__all__)
