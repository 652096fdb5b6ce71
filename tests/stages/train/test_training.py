"""Training through the stage: real networks, two epochs."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from detector.errors import UsageError
from detector.models.quiet import quietly
from detector.models.weights import load_model
from detector.stages import load
from detector.stages.services import ModelVersion
from tests.support import tiny, training


def content(folder):
    return {file: hashlib.sha256(file.read_bytes()).digest() for file in folder.rglob("*") if file.is_file()}


def test_the_checkpoint_detects_the_classes_of_the_pipeline(trained, tmp_path):
    best = trained.result.path / "weights/best.pt"
    with quietly(tmp_path / "log"):
        model = load_model(best)
    assert model.task == trained.task
    assert list(model.names.values()) == ["Screw", "Nut", "Washer"]
    assert trained.result.artifacts["weights"] == [best, best.with_name("last.pt")]


def test_every_epoch_is_measured_once(trained):
    assert [number for number, _ in trained.report.steps] == [1, 2]
    assert trained.report.advanced == {"train": 2}
    names = set(trained.report.steps[0][1])
    assert {"train/box_loss", "val/box_loss", "val/mAP50", "val/mAP50-95", "lr/pg0"} <= names
    assert ("val/box/mAP50" in names) == (trained.task == "segment")


def test_parameters_are_those_really_used(trained):
    used = trained.report.used
    assert (used["train/epochs"], used["train/imgsz"], used["train/mosaic"]) == (2, 64, 0)
    assert used["train/optimizer"] != "auto"
    assert not any(str(trained.folder) in str(value) for value in used.values())


def test_figures_tell_the_best_epoch(trained):
    figures = trained.result.figures
    assert figures["epochs"] == 2
    assert figures["best_epoch"] in (1, 2)
    assert 0 <= figures["mAP50-95"] <= figures["mAP50"] <= 1


def test_the_table_of_epochs_is_an_artifact(trained):
    (table,) = [file for file in trained.result.artifacts["train"] if file.name == "results.csv"]
    assert len(table.read_text().splitlines()) == 1 + 2


def test_one_seed_one_model_and_the_version_untouched(tmp_path):
    converted = training.version(tmp_path, "detect")
    before = content(converted.path)
    augment = [{"RandomBrightnessContrast": {"p": 0.5}}, {"HorizontalFlip": None}]
    ids = [training.train(tmp_path, "detect", converted, epochs=1, augment=augment, seed=seed).id for seed in (7, 7, 8)]
    assert ids[0] == ids[1] != ids[2]
    assert content(converted.path) == before


def test_transforms_reach_the_training(tmp_path):
    converted = training.version(tmp_path, "detect")
    augment = [{"GaussianBlur": {"blur_limit": [3, 5], "p": 1.0}}]
    result = training.train(tmp_path, "detect", converted, epochs=1, augment=augment)
    (transform,) = yaml.safe_load((result.path / "args.yaml").read_text())["augmentations"]
    assert transform["transform"]["__class_fullname__"] == "GaussianBlur"
    assert tuple(transform["transform"]["blur_limit"]) == (3, 5)


def test_a_value_that_a_transform_refuses_is_named(tmp_path):
    converted = tmp_path / "converted"
    converted.mkdir()
    with pytest.raises(UsageError, match=r"GaussNoise can't be made: p: Input should be less than or equal to 1$"):
        training.train(tmp_path, "detect", training.Result(converted, "", ""), augment=[{"GaussNoise": {"p": 3.0}}])


def test_weights_of_another_task_are_refused(tmp_path):
    weights = tiny.weights(tmp_path / "other", "yolo11n-seg")
    with pytest.raises(UsageError, match=r"best\.pt is made to segment, and the task is detect"):
        training.train(tmp_path, "detect", training.Result(tmp_path, "", ""), model=str(weights), scale=None)


def test_importing_the_backend_is_cheap():
    backend = load("train", "ultralytics")
    assert backend.Options(model="yolo11n.yaml").epochs == 100


def test_weights_are_trained_further(trained, tmp_path):
    best = trained.result.path / "weights/best.pt"
    further = training.train(tmp_path, trained.task, trained.converted, model=str(best), scale=None, epochs=1)
    assert further.id != trained.result.id
    assert further.figures["parameters"] == trained.result.figures["parameters"]
    assert (further.path / "weights/best.pt").exists()


@dataclass
class Crowned:
    """A registry whose champion has these weights."""

    weights: Path | None

    def champion(self):
        return self.weights and ModelVersion("7", self.weights, {}, "")


def test_a_warm_start_begins_with_what_the_champion_learned(trained, tmp_path):
    """With no learning at all the weights stay the champion's, though the pipeline names an architecture."""
    best = trained.result.path / "weights/best.pt"
    still = {
        "warm_start": True,
        "seed": 7,
        "epochs": 1,
        "options": {"optimizer": "SGD", "lr0": 0.0, "warmup_bias_lr": 0.0},
    }
    report = training.Recorded()
    crowned = {"registry": Crowned(best), "report": report}
    warm = training.train(tmp_path, trained.task, trained.converted, **crowned, **still)
    assert report.used["train/warm_start_version"] == "7"
    assert "begins with the weights of the champion, version 7" in report.said
    cold = training.train(tmp_path, trained.task, trained.converted, registry=Crowned(None), **still)
    assert distance(warm, best) < 1e-3 < distance(cold, best)


def distance(result, other):
    """The largest difference between the convolutions of two checkpoints: they alone learn nothing from statistics."""
    import torch

    ours, theirs = (
        torch.load(file, weights_only=False)["model"].state_dict() for file in (result.path / "weights/best.pt", other)
    )
    names = [name for name in ours if name.endswith("conv.weight")]
    return max(float((ours[name].float() - theirs[name].float()).abs().max()) for name in names)
