"""What a new user does first, and what the second run, the plan and the record say after it."""

import json
import re
import shutil
from importlib.util import find_spec
from urllib.parse import unquote

import numpy as np
import onnxruntime
import pytest
from mlflow import MlflowClient

from detector.data.dataset import Dataset
from detector.data.losses import REASONS
from detector.engines import sidecar
from detector.reporting.terminal import MARGIN
from detector.system.wrapping import cells
from tests.end_to_end.conftest import COLUMNS, detector
from tests.support.screens import plain, stays


def test_the_sample_is_learned(detect_project):
    assert detect_project.outcome["status"] == "done"
    assert detect_project.figures("evaluate")["mAP50"] >= 0.90
    steps = [step["step"] for step in detect_project.outcome["steps"]]
    exports = ["export.onnx", "export.tensorrt_rtx", "export.tensorrt"]
    assert steps == ["pull", "convert", "check", "train", "evaluate", *exports, "promote"]


def test_what_a_new_user_sees_fits_a_terminal_of_80_columns(detect_project):
    """Every line that stays, but for an address that is longer; and the bar tells the last mAP of the training."""
    lines = [line for line in stays(detect_project.said) if line]
    assert [line for line in lines if cells(line) > COLUMNS and "http://" not in line] == []
    titles = [line[: MARGIN - 1].strip() for line in lines if not line.startswith(" ")]
    steps = [step["step"] for step in detect_project.outcome["steps"]]
    assert titles == [*steps, "record", "done", "report", "MLflow", "FiftyOne", "champion"]
    assert re.search(r"train +━.* 28/28 \S+ mAP50-95 \d\.\d{3}", "\n".join(plain(detect_project.said)))


def test_outlines_are_learned(segment_project):
    """mAP50 is that of masks when the task is to segment."""
    assert segment_project.figures("evaluate")["mAP50"] >= 0.85
    assert segment_project.figures("evaluate")["box/mAP50"] >= 0.85


def test_every_region_of_the_sample_is_accounted_for(detect_project):
    export = json.loads((detect_project.folder / "sample/export.json").read_text())
    drawn = sum(len(annotation["result"]) for task in export for annotation in task["annotations"])
    converted = detect_project.figures("convert")
    assert converted["objects"] + converted["dropped"] == drawn
    images = Dataset((detect_project.folder / "datasets/sample-parts/latest").resolve()).images
    assert images.num_rows == len(export)


def test_every_region_and_task_of_the_sample_is_in_the_tables_or_listed_with_a_reason(detect_project):
    """By its id: what conversion.json lists is what its figures count."""
    export = json.loads((detect_project.folder / "sample/export.json").read_text())
    drawn = sorted(region["id"] for task in export for each in task["annotations"] for region in each["result"])
    dataset = Dataset((detect_project.folder / "datasets/sample-parts/latest").resolve())
    dropped = [entry for entries in dataset.conversion["dropped"].values() for entry in entries]
    kept = dataset.instances["region_id"].to_pylist()
    assert sorted([*kept, *(entry["region_id"] for entry in dropped if "region_id" in entry)]) == drawn
    excluded = [entry["task_id"] for entries in dataset.conversion["excluded"].values() for entry in entries]
    included = [row["task_id"] for row in dataset.images.to_pylist() if row["file"]]
    assert sorted([*included, *excluded]) == sorted(task["id"] for task in export)
    assert {*dataset.conversion["dropped"], *dataset.conversion["excluded"]} <= {*REASONS}


def test_the_whole_project_moved_elsewhere_has_nothing_to_do(detect_project, tmp_path):
    """Training, evaluation, exports and promotion too: nothing that is kept names the folder it was made in."""
    shutil.copytree(detect_project.folder, tmp_path / "moved", symlinks=True, copy_function=shutil.copy2)
    hidden = detect_project.folder.rename(detect_project.folder.with_name("hidden"))
    try:
        again = detector(tmp_path / "moved", "run", "--json")
    finally:
        shutil.rmtree(detect_project.folder, ignore_errors=True)  # what a run wrote there for no reason
        hidden.rename(detect_project.folder)
    outcome = json.loads(again.stdout)
    assert (again.returncode, outcome["status"]) == (0, "unchanged")
    assert [step["skipped"] for step in outcome["steps"]] == [True] * len(detect_project.outcome["steps"])


def test_a_second_run_has_nothing_to_do(detect_project):
    runs = sorted((detect_project.folder / "runs").glob("*Z-*"))
    again = detect_project.detector("run", "--exit-code-if-unchanged", "99")
    assert again.returncode == 99
    assert "nothing is new since the last run" in again.stdout
    assert sorted((detect_project.folder / "runs").glob("*Z-*")) == runs


def test_the_plan_says_why(detect_project):
    plan = detect_project.detector("plan", "--set", "train.epochs=99").stdout.splitlines()
    assert re.fullmatch(r"check +skip", plan[2])
    assert re.fullmatch(r"train +run +epochs \d+ → 99", plan[3])
    assert any(re.fullmatch(r"evaluate +run +waits for train", line) for line in plan)


def test_the_plan_says_what_follows_from_the_data(detect_project):
    planned = json.loads(detect_project.detector("plan", "--json", "--set", "train.epochs=14").stdout)
    [derived] = [step["derived"] for step in planned["steps"] if step["step"] == "train"]
    assert (derived["batch"]["value"], derived["close_mosaic"]["value"]) == (4, 7)
    assert derived["batch"]["why"] == "504 steps with 14 epochs of 143 images"
    shown = detect_project.detector("plan", "--set", "train.epochs=14", "--set", "train.batch=8").stdout
    assert "close_mosaic 7: the second half sees the images as they are" in shown
    assert "nbs 8: every batch is a step of the optimizer" in shown
    assert not re.search(r"^ +batch ", shown, re.MULTILINE)


def test_status_shows_the_run(detect_project):
    shown = detect_project.detector("status").stdout
    assert "sample-parts" in shown
    assert re.search(r"^\d{8}T\d{6}Z-[0-9a-f]{6}  [0-9a-f]{12}  0\.\d{3} .* champion, version 1$", shown, re.MULTILINE)


@pytest.mark.parametrize("project", ["detect_project", "segment_project"])
def test_the_record_holds_everything(project, request):
    """Read back through MLflow's own client."""
    done = request.getfixturevalue(project)
    client = MlflowClient(f"sqlite:///{done.folder}/runs/mlflow.db")
    [run] = client.search_runs([client.get_experiment_by_name("sample-parts").experiment_id])
    figures = done.figures("evaluate")
    assert run.info.status == "FINISHED"
    assert run.data.metrics["evaluate/mAP50"] == pytest.approx(figures["mAP50"])
    epochs = done.figures("train")["epochs"]
    assert [each.step for each in client.get_metric_history(run.info.run_id, "val/mAP50")] == list(range(1, epochs + 1))
    [used] = run.inputs.dataset_inputs
    assert used.dataset.digest == Dataset((done.folder / "datasets/sample-parts/latest").resolve()).version
    [version] = client.search_model_versions("name='sample-parts'")
    assert version.run_id == run.info.run_id
    assert client.get_model_version_by_alias("sample-parts", "champion").version == version.version


def test_the_onnx_engine_runs(detect_project):
    [engine] = (detect_project.folder / "runs").glob("*/export/onnx/*.onnx")
    session = onnxruntime.InferenceSession(engine)
    [given] = session.get_inputs()
    [answer] = session.run(None, {given.name: np.zeros(given.shape, np.float32)})
    assert np.isfinite(answer).all()


@pytest.mark.skipif(find_spec("tensorrt_rtx") is None, reason="this machine has no TensorRT for RTX")
def test_a_real_tensorrt_engine_is_built(detect_project):
    """On any machine that the library's wheels are for; it was checked as if it were to be loaded."""
    [engine] = (detect_project.folder / "runs").glob("*/export/tensorrt_rtx/sample-parts.rtx.engine")
    made_from = sidecar.checked(engine).made_from
    assert (made_from.precision, made_from.classes) == ("fp16", ["Screw", "Nut", "Washer"])
    version = Dataset((detect_project.folder / "datasets/sample-parts/latest").resolve()).version
    assert made_from.dataset == version
    assert detect_project.figures("export.tensorrt_rtx")["difference/box"] < 2


def test_the_report_is_one_page_that_needs_nothing_else(detect_project):
    [page] = (detect_project.folder / "runs").glob("*/report.html")
    text = page.read_text(encoding="utf-8")
    assert Dataset((detect_project.folder / "datasets/sample-parts/latest").resolve()).version in text
    assert not re.search(r"src=\"(?!data:)|<(link|script|image href=\"(?!data:))", text)
    linked = {unquote(address) for address in re.findall(r"<a href=\"(?!https?://)([^\"]+)\"", text)}
    assert {"train/weights/best.pt", "export/onnx", "log"} <= linked
    assert all((page.parent / address).exists() for address in linked)
