"""The whole pipeline on real photographs from a real server: BCCD, 364 blood smears with 4,888 boxes.

Two of its boxes have no area. Its pictures and annotations lie beside the repository, in ../shared/bccd.
"""

import json
import os
import time
from collections import Counter
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from mlflow import MlflowClient

from detector.data.dataset import Dataset
from tests.support import warm
from tests.support.services.label_studio import ROOT, TOKEN

BCCD = ROOT.parent / "shared" / "bccd"
ONE_THREAD = {"OMP_NUM_THREADS": "1"}  # as fast on a network this small, and several times so on a busy machine
PIPELINE = """
name: blood-cells
task: detect
classes: [RBC, WBC, Platelets]
pull:
  using: label_studio
  url: ${LABEL_STUDIO_URL}
  token: ${LABEL_STUDIO_TOKEN}
  project: Blood cells
convert: {split: {field: split}}
check: {fail_on: {leaked_images: 0, broken_images: 0, classes_without_examples: 0}}
train:
  using: ultralytics
  model: yolo11n.yaml
  scale: [0.33, 0.125, 256]
  epochs: 1
  image_size: 160
  options: {cache: ram, workers: 0}
export: [{using: onnx}]
"""


@pytest.mark.skipif(not BCCD.exists(), reason=f"{BCCD} is absent")
def test_from_label_studio_to_an_engine(label_studio, tmp_path):
    project = _annotated(label_studio)
    (tmp_path / "pipeline.yaml").write_text(PIPELINE)
    _kill_while_it_downloads(label_studio, tmp_path)

    outcome = _run(label_studio, tmp_path)
    figures = {step["step"]: step["figures"] for step in outcome["steps"]}
    assert outcome["status"] == "done"
    assert (figures["pull"]["tasks"], figures["pull"]["images"], figures["pull"]["regions"]) == (364, 364, 4888)
    _assert_converted(Dataset((tmp_path / "datasets/blood-cells/latest").resolve()))
    _assert_recorded(tmp_path, outcome)
    _assert_runs([*tmp_path.glob("runs/*/export/**/*.onnx")])

    served = label_studio.served(f"/data/upload/{project}/")
    assert served < 2 * (364 + 10)  # its log has each request twice; what was in flight at the kill came again
    assert _run(label_studio, tmp_path)["status"] == "unchanged"
    assert label_studio.served(f"/data/upload/{project}/") == served


def _annotated(server):
    """The project on the server, its images uploaded, its tasks imported with their annotations."""
    project = server.project("Blood cells", (BCCD / "label_config.xml").read_text())
    uploaded = server.upload(project, {file.name: file.read_bytes() for file in sorted(BCCD.glob("images/*"))})
    tasks = json.loads((BCCD / "export.json").read_text())
    for task in tasks:
        task["data"]["image"] = uploaded[task["data"]["image"].rpartition("/")[2]]
    ours = [
        {"data": task["data"], "annotations": [{"result": drawn["result"]} for drawn in task["annotations"]]}
        for task in tasks
    ]
    assert len(server.add_tasks(project, ours)) == 364
    return project


def _kill_while_it_downloads(server, folder):
    downloads = folder / "datasets/blood-cells/pulled/downloads.jsonl"
    with _started(server, folder) as process:
        while not downloads.exists() or downloads.read_text().count("\n") < 100:
            assert process.poll() is None, "".join(process.communicate())
            time.sleep(0.05)
        process.kill()


def _run(server, folder):
    """`detector run --json` in `folder`: what it printed."""
    with _started(server, folder) as process:
        out, err = process.communicate()
    assert process.returncode == 0, f"exit code {process.returncode}\n{out}\n{err}"
    assert TOKEN not in out + err
    return json.loads(out)


def _started(server, folder):
    address = {"LABEL_STUDIO_URL": server.url, "LABEL_STUDIO_TOKEN": TOKEN}
    return warm.Process(folder, "run", "pipeline.yaml", "--json", environment=os.environ | address | ONE_THREAD)


def _assert_converted(dataset):
    images, instances = dataset.images.to_pylist(), dataset.instances.to_pylist()
    assert Counter(image["split"] for image in images) == {"train": 205, "val": 87, "test": 72}
    assert {image["status"] for image in images} == {"annotated"}
    objects = {"RBC": 4153, "WBC": 372, "Platelets": 361}
    assert sum(objects.values()) == dataset.conversion["kept"]["objects"] == 4886
    assert Counter(dataset.classes[instance["class_id"]] for instance in instances) == objects
    assert sum(len(file.read_text().splitlines()) for file in dataset.folder.glob("labels/*/*.txt")) == 4886
    lost = [
        (reason, entry["region_id"]) for reason, entries in dataset.conversion["dropped"].items() for entry in entries
    ]
    assert lost == [("zero_area", "00338-12"), ("zero_area", "00343-3")]
    assert dataset.conversion["excluded"] == {}
    card = (dataset.folder / "card.md").read_text()
    for entry in dataset.conversion["dropped"]["zero_area"]:
        assert entry["link"].endswith(f"/data?task={entry['task_id']}")
        assert f"[{entry['task_id']}]({entry['link']})" in card


def _assert_recorded(folder, outcome):
    client = MlflowClient(f"sqlite:///{folder}/runs/mlflow.db")
    experiment = client.get_experiment_by_name("blood-cells")
    [run] = client.search_runs([experiment.experiment_id])  # the one that was killed, taken up again
    assert run.info.status == "FINISHED"
    assert run.data.tags["detector.run"] == Path(outcome["run"]).name
    assert run.data.metrics["pull/tasks"] == 364
    for file in folder.glob("runs/**/*"):
        assert not file.is_file() or TOKEN.encode() not in file.read_bytes(), f"{file} holds the token"


def _assert_runs(engines):
    [engine] = engines
    session = onnxruntime.InferenceSession(engine, providers=["CPUExecutionProvider"])
    [image] = session.get_inputs()
    assert image.shape[1:] == [3, 160, 160]
    [boxes, *_] = session.run(None, {image.name: np.zeros((1, 3, 160, 160), np.float32)})
    assert np.isfinite(boxes).all()
