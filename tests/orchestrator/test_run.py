"""The run loop through its real entry point: refusals, failures, what is kept and what the record is told."""

import json
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from mlflow import MlflowClient

from tests.end_to_end.conftest import detector
from tests.support.exports import annotation, box, picture, task

PIPELINE = """
name: cells
task: detect
classes: [car, person]
pull: {using: label_studio_export, path: export.json}
convert: {split: {field: split}}
check: {using: rules, fail_on: {classes_without_examples: warn}}
train: {model: yolo11n.yaml}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """Six images, two in each split, converted once: `--until convert` is recorded like any other run."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "pipeline.yaml").write_text(PIPELINE)
    write(folder, tasks())
    done = detector(folder, "run", "--until", "convert")
    assert done.returncode == 0, done.stderr
    return folder


def tasks():
    splits = ("train", "val", "test") * 2
    return [task(number, annotation(box(1, 1, 9, 9)), data={"split": split}) for number, split in enumerate(splits, 1)]


def write(folder, exported):
    for each in exported:
        if not (folder / each["data"]["image"]).exists():
            picture(folder / each["data"]["image"])
    (folder / "export.json").write_text(json.dumps(exported))


def runs_of(folder):
    client = MlflowClient(f"sqlite:///{folder}/runs/mlflow.db")
    return client.search_runs([client.get_experiment_by_name("cells").experiment_id], order_by=["start_time DESC"])


def page_of(folder, run):
    return (folder / run / "report.html").read_text(encoding="utf-8")


@pytest.fixture
def copy(project, tmp_path):
    """The project in a folder of its own, moved with everything that it has done."""
    shutil.copytree(project, tmp_path / "copy", symlinks=True, copy_function=shutil.copy2)
    return tmp_path / "copy"


def test_a_moved_project_knows_what_is_done(copy):
    """What is kept is relative to the project, but for the artifacts of a local MLflow."""
    done = detector(copy, "run", "--until", "convert", "--json")
    outcome = json.loads(done.stdout)
    assert (done.returncode, outcome["status"]) == (0, "unchanged")
    assert [step["skipped"] for step in outcome["steps"]] == [True, True]


def test_a_run_with_nothing_new_imports_nothing_heavy(copy):
    """Half a second and 40 MB hang on it (benchmarks/unchanged.py)."""
    learning = ("torch", "ultralytics", "numpy", "scipy", "optuna", "PIL", "cv2")
    heavy = (*learning, "pyarrow", "mlflow", "sqlalchemy", "fiftyone", "httpx")
    probe = (
        "import sys; sys.argv = ['detector', 'run', '--until', 'convert', '--exit-code-if-unchanged', '99']\n"
        "from detector.cli import main\n"
        "try: main()\n"
        f"finally: print([name for name in {heavy} if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", probe], cwd=copy, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (99, "[]"), done.stderr


def test_a_failure_is_one_sentence_one_code_and_a_failed_run(copy):
    broken = tasks()
    broken[2]["annotations"][0]["result"][0]["value"]["rectanglelabels"] = ["catt"]
    write(copy, broken)
    done = detector(copy, "run", "--json")
    outcome = json.loads(done.stdout)
    assert done.returncode == outcome["exit_code"] == 2
    assert "the label 'catt' is in no class of pipeline.yaml (1 region, e.g. task 3)" in outcome["error"]
    assert "Traceback" not in done.stderr
    [state] = [json.loads(file.read_text()) for file in copy.glob("runs/*/run.json") if "failed" in file.read_text()]
    assert state["error"] == outcome["error"]
    assert runs_of(copy)[0].info.status == "FAILED"
    assert '<h1 class="bad">Failed in convert</h1>' in page_of(copy, state["run"])
    assert "catt" in page_of(copy, state["run"])


def test_a_gate_refuses_with_code_3_and_says_what_to_do(copy):
    leaking = tasks()
    shutil.copy(copy / "1.png", copy / "2.png")
    write(copy, leaking)
    done = detector(copy, "run")
    assert done.returncode == 3
    assert "leaked_images" in done.stderr
    refused = runs_of(copy)[0]
    assert refused.info.status == "FAILED"
    client = MlflowClient(f"sqlite:///{copy}/runs/mlflow.db")
    assert [each.path for each in client.list_artifacts(refused.info.run_id, "refused")] == ["refused/findings.json"]
    assert [each.path for each in client.list_artifacts(refused.info.run_id, "report")] == ["report/report.html"]
    run = re.search(r"^report +(runs/\S+)/report\.html$", done.stdout, re.MULTILINE)[1]
    assert '<h1 class="bad">Refused by check</h1>' in page_of(copy, run)
    assert "pictures in more than one split" in page_of(copy, run)


def test_a_record_with_a_hole_is_a_failed_run(copy):
    """MLflow's database loses a number as soon as it is written; the run finds that out, and says what is missing."""
    with closing(sqlite3.connect(copy / "runs/mlflow.db")) as database:
        lose = "delete from metrics where key = new.key"
        database.execute(f"create trigger lose after insert on metrics when new.key = 'pull/tasks' begin {lose}; end")
        database.commit()
    done = detector(copy, "run", "--until", "convert", "--force", "convert", "--json")
    outcome = json.loads(done.stdout)
    assert (done.returncode, outcome["status"]) == (1, "failed")
    assert re.search(r"lacks 1 of what was recorded:\n +metric pull/tasks at step 0$", outcome["error"])
    assert runs_of(copy)[0].info.status == "FAILED"


def test_forcing_a_stage_runs_it_again(copy):
    done = detector(copy, "run", "--until", "convert", "--force", "convert", "--json")
    assert [(step["step"], step["skipped"]) for step in json.loads(done.stdout)["steps"]] == [
        ("pull", True), ("convert", False),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--from", "train", "--until", "train"], "--from train takes what check gave, but it never ran"),
        (["--from", "train", "--until", "pull"], "--from train comes after --until pull: nothing would run"),
    ],
)
def test_from_and_until_that_make_no_sense_are_refused(copy, arguments, said):
    done = detector(copy, "run", *arguments)
    assert done.returncode == 2
    assert said in done.stderr


def test_a_changed_label_is_a_new_version_and_the_old_one_stays(copy):
    changed = tasks()
    changed[0]["annotations"][0]["result"][0]["value"]["rectanglelabels"] = ["person"]
    write(copy, changed)
    plan = detector(copy, "plan", "--until", "convert").stdout
    assert "pull                 run   the source changed" in plan
    assert detector(copy, "run", "--until", "convert").returncode == 0
    assert len(list(copy.glob("datasets/cells/*/data.yaml"))) == 3  # `latest` is one of them


def test_a_source_that_is_away_means_try_again_and_is_recorded(copy, monkeypatch):
    monkeypatch.setenv("TOKEN", "0123abcd")
    away = "{using: label_studio, url: 'http://127.0.0.1:9', token: '${TOKEN}', project: 1}"
    text = PIPELINE.replace("{using: label_studio_export, path: export.json}", away)
    (copy / "pipeline.yaml").write_text(text)
    done = detector(copy, "run")
    assert done.returncode == 75
    assert "127.0.0.1:9" in done.stderr
    assert runs_of(copy)[0].info.status == "FAILED"
