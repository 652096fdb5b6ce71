"""Every command names the champion that MLflow has, whoever named it, and without asking MLflow when nothing is new."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from detector.data.dataset import Dataset
from detector.record import mlflow as record
from detector.stages import Result
from tests.end_to_end.conftest import detector
from tests.support import warm
from tests.support.exports import export
from tests.support.judged import evaluated, seen

PIPELINE = """
name: cells
task: detect
classes: [car]
pull: {using: label_studio_export, path: export.json}
convert: {split: {field: split}}
check: {using: rules}
train: {model: yolo11n.yaml, scale: [0.33, 0.125, 256], epochs: 1, image_size: 64, batch: 4, options: {plots: false}}
export: []
promote: {minimum: 0}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project whose first model is champion."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "pipeline.yaml").write_text(PIPELINE)
    export(folder)
    done = warm.run(folder, "run", "--json")
    assert done.returncode == 0, done.stderr
    assert told(done.stdout) == ("done", "champion: version 1, mAP50-95 0.0000, the first", "1")
    return folder


def told(printed):
    """How a run ended, what it said of its model, and who is champion."""
    outcome = json.loads(printed)
    [promote] = [step for step in outcome["steps"] if step["step"] == "promote"]
    return outcome["status"], promote["summary"], outcome["champion"]["version"]


def run(project, *arguments):
    return told(warm.run(project, "run", "--json", *arguments).stdout)


def crown(project, monkeypatch, content):
    """What another pipeline of this name does: it names its own weights champion, which find all that there is."""
    monkeypatch.chdir(project)
    weights, dataset = Path(f"{content}.pt"), Dataset(Path("datasets/cells/latest").resolve())
    weights.write_text(content)
    Path(content).mkdir()
    Path(content, "pipeline.yaml").write_text(PIPELINE)
    objects = (row for row in dataset.instances.to_pylist() if dataset.images["split"][row["image"]].as_py() == "test")
    rows = [seen(row["image"], 0, 0.9, *(row[side] for side in ("x", "y", "width", "height"))) for row in objects]
    evaluation = evaluated(dataset, Path(content, "evaluate"), rows)
    done = Result(evaluation.folder, evaluation.id, "", artifacts={"evaluate": evaluation.files})
    with record.open(record.Options(), "cells", Path(content), {}) as other:
        other.stage_done("evaluate", done, False, {})
        number = other.registry.register(weights, evaluation.measured.metrics, evaluation.measured.test_set)
        other.registry.name(number, "champion")
        other.note_champion()


@pytest.mark.timeout(900)
def test_run_json_and_status_name_the_champion_that_there_is(project, monkeypatch):
    assert run(project) == ("unchanged", "champion: version 1, mAP50-95 0.0000, the first", "1")
    crown(project, monkeypatch, "other")
    plan = detector(project, "plan").stdout
    assert "promote              run   the champion changed" in plan
    lost = (
        "challenger: version 1, mAP50-95 0.0000 against 1.0000 of version 2: −1.000 [−1.110, −0.890]; "
        "better with 0 %, 95 % is asked: version 2 stays champion"
    )
    assert run(project) == ("done", lost, "2")
    assert run(project) == ("unchanged", lost, "2")
    assert "champion: version 2, mAP50-95 1.0000, since " in detector(project, "status").stdout
    assert detector(project, "rollback").stdout == "cells: the champion is version 1 again, not 2\n"
    assert json.loads(detector(project, "status", "--json").stdout)["champions"]["cells"]["version"] == "1"
    status, summary, champion = run(project)
    assert (summary, champion) == ("champion: version 1, mAP50-95 0.0000, the first", "1")
    assert status == "unchanged"  # as it was judged before


def test_who_is_champion_costs_no_import_of_mlflow(project):
    probe = (
        "import sys; sys.argv = ['detector', 'run', '--json']\n"
        "from detector.cli import main\n"
        "try: main()\n"
        "finally: print([name for name in ('mlflow', 'torch', 'pyarrow', 'numpy') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", probe], cwd=project, capture_output=True, text=True, check=False)
    outcome, imported = done.stdout.splitlines()
    assert (json.loads(outcome)["champion"]["version"], imported) == ("1", "[]")
