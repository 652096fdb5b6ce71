"""Two models of one project: compared with each other, and the champion's files laid out for whoever deploys it."""

import hashlib
import json
from pathlib import Path

import pytest
from mlflow import MlflowClient

from detector.data.evaluation import Evaluation
from tests.end_to_end.conftest import detector
from tests.support import cut_short
from tests.test_json import matches


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project that has trained twice, with another seed; the first model is champion, and so made by hand."""
    folder = cut_short.project(tmp_path_factory.mktemp("project"))
    runs = [cut_short.run(folder, "--set", f"train.seed={seed}", "--set", "promote.confidence=0.99") for seed in (0, 1)]
    return folder, runs


def client(folder):
    return MlflowClient(f"sqlite:///{folder}/runs/mlflow.db")


def figures(outcome, step):
    [given] = [each["figures"] for each in outcome["steps"] if each["step"] == step]
    return given


def sha256(file):
    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_figures_settings_and_images_of_two_runs(project):
    folder, (first, second) = project
    names = [Path(each["run"]).name for each in (first, second)]
    done = detector(folder, "compare", *names, "--json")
    assert done.returncode == 0, done.stderr
    compared = matches("compare", done.stdout)
    assert compared["parameters"] == {"train.seed": [0, 1]}
    assert compared["data"] is None
    for name in ("mAP50-95", "mAP50", "recall", "mAP50-95/Nut"):
        each = compared["figures"][name]
        assert each["before"] == pytest.approx(figures(first, "evaluate")[name], abs=1e-9)
        assert each["after"] == pytest.approx(figures(second, "evaluate")[name], abs=1e-9)
        assert each["low"] - 1e-9 <= each["high"]
    assert compared["images"]["shared"] == compared["images"]["before"] == compared["images"]["after"] > 0
    said = detector(folder, "compare", *names).stdout
    assert said.startswith(f"before    run {names[0]}, on version ")
    assert "setting   train.seed: 0 → 1\n" in said
    by_version = matches("compare", detector(folder, "compare", "1", "--json").stdout)
    assert by_version["figures"] == compared["figures"]
    assert by_version["before"]["name"] == "version 1"


def test_predict_counts_from_the_operating_point_and_sees_what_was_measured(project):
    """The champion, a run and the champion's export, on the pictures of test."""
    folder, (first, second) = project
    pictures = str((folder / "datasets/parts/latest/images/test").resolve())
    runs = {"champion": first, Path(second["run"]).name: second}
    for which, run in runs.items():
        done = detector(folder, "predict", pictures, "--model", which, "--form", "labels", "--json")
        assert done.returncode == 0, done.stderr
        outcome = matches("predict", done.stdout)
        evaluation = Evaluation(folder / next(each["path"] for each in run["steps"] if each["step"] == "evaluate"))
        assert (outcome["score_from"], outcome["model"]["score"]) == ("measured", evaluation.measured.score)
        assert outcome["pictures"] == evaluation.images.num_rows > 0
        assert sum(outcome["objects"].values()) == sum(evaluation.images["predicted"].to_pylist())
    of_checkpoint = json.loads((folder / "predictions/predictions.json").read_text())
    done = detector(folder, "predict", pictures, "--model", which, "--using", "onnx", "--json")
    of_onnx = json.loads((folder / "predictions/predictions.json").read_text())
    assert of_onnx["model"]["file"].endswith("parts.onnx")
    for one, other in zip(of_checkpoint["pictures"], of_onnx["pictures"], strict=True):
        assert abs(len(one["objects"]) - len(other["objects"])) <= 1
    refused = detector(folder, "predict", pictures, "--using", "tensorrt")
    assert (refused.returncode, "champion, version 1 has no tensorrt here" in refused.stderr) == (2, True)


@pytest.mark.parametrize(
    ("which", "said"),
    [
        (("9",), "parts has no version 9 in MLflow; there is: 1, 2"),
        (("nothing",), "no run called nothing has evaluated; name a run of `detector status`, a version's number, or"),
    ],
)
def test_what_is_not_there_can_not_be_compared(project, which, said):
    folder, _ = project
    done = detector(folder, "compare", *which)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_the_champions_files_follow_the_champion(project):
    """A run, a rollback and a hand in MLflow: models/parts/champion is always whole, and always of one version."""
    folder, (first, second) = project
    for version, run in (("2", second), ("1", first)):
        client(folder).set_registered_model_alias("parts", "champion", version)
        cut_short.run(folder, "--set", "train.seed=1", "--set", "promote.confidence=0.99", "--force", "export")
        told = matches("champion", detector(folder, "champion", "--json").stdout, version=version)
        assert told["measured"]["metrics"]["mAP50-95"] == pytest.approx(figures(run, "evaluate")["mAP50-95"])
        place = folder / "models/parts/champion"
        laid = json.loads((place / "champion.json").read_text())
        assert (laid["version"], set(laid["files"])) == (version, set(told["files"]))
        assert {"parts.pt", "evaluation.json", "onnx/parts.onnx", "onnx/labels.txt"} <= set(told["files"])
        assert {name: sha256(place / name) for name in laid["files"]} == laid["files"]
        assert sha256(place / "parts.pt") == sha256(folder / run["run"] / "train/weights/best.pt")
        assert f"files     {Path('models/parts/champion')}" in detector(folder, "champion").stdout
    client(folder).set_registered_model_tag("parts", "champions", "1 2")
    client(folder).set_registered_model_alias("parts", "champion", "2")
    assert detector(folder, "rollback").returncode == 0
    assert json.loads((folder / "models/parts/champion/champion.json").read_text())["version"] == "1"
    client(folder).delete_registered_model_alias("parts", "champion")
    cut_short.run(folder, "--set", "train.seed=1", "--set", "promote.minimum=1", "--force", "export")
    assert not (folder / "models/parts").exists()
    done = detector(folder, "champion")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "parts has no champion here yet: `detector run` names the first one\n"
