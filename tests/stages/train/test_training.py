"""Training through the stage: real networks, two epochs."""

import hashlib
import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import yaml

from detector.errors import DetectorError, UsageError
from detector.models.quiet import quietly
from detector.models.weights import load_model
from detector.stages import load, so_far
from detector.stages.convert._publish import data_yaml
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
    converted = training.version(tmp_path, "detect")
    with pytest.raises(UsageError, match=r"GaussNoise can't be made: p: Input should be less than or equal to 1$"):
        training.train(tmp_path, "detect", converted, augment=[{"GaussNoise": {"p": 3.0}}])


def test_weights_of_another_task_are_refused(tmp_path):
    weights = tiny.weights(tmp_path / "other", "yolo11n-seg")
    converted = training.version(tmp_path, "detect")
    with pytest.raises(UsageError, match=r"best\.pt is made to segment, and the task is detect"):
        training.train(tmp_path, "detect", converted, model=str(weights), scale=None)


def test_importing_the_backend_is_cheap():
    backend = load("train", "ultralytics")
    assert backend.Options(model="yolo11n.yaml").seed == 0


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
        return self.weights and ModelVersion("7", lambda: self.weights, {}, "")


STILL = {
    "warm_start": True,
    "seed": 7,
    "epochs": 1,
    "options": {"optimizer": "SGD", "lr0": 0.0, "warmup_bias_lr": 0.0, "mosaic": 0, "plots": False},
}  # what learns nothing


def test_a_warm_start_begins_with_what_the_champion_learned(trained, tmp_path):
    """With no learning at all the weights stay the champion's, though the pipeline names an architecture."""
    best = trained.result.path / "weights/best.pt"
    report = training.Recorded()
    crowned = {"registry": Crowned(best), "report": report}
    warm = training.train(tmp_path, trained.task, trained.converted, **crowned, **STILL)
    assert report.used["train/warm_start_version"] == "7"
    assert not any(str(best) in str(value) for value in report.used.values())
    assert "begins with the weights of the champion, version 7" in report.said
    cold = training.train(tmp_path, trained.task, trained.converted, registry=Crowned(None), **STILL)
    assert distance(warm, best) < 1e-3 < distance(cold, best)
    expected = {name: pytest.approx(values, abs=1e-3) for name, values in head_of(best).items()}
    assert head_of(warm) == expected
    assert head_of(cold) != expected


@pytest.mark.parametrize("classes", [["Washer", "Screw", "Nut"], ["Bolt", "Screw", "Nut", "Washer"], ["Nut", "Screw"]])
def test_a_warm_start_finds_the_classes_by_their_names(trained, tmp_path, classes):
    """Reordered, one more, one less: each class that both know keeps its own row of the head."""
    best = trained.result.path / "weights/best.pt"
    converted = tmp_path / "converted"
    shutil.copytree(trained.converted.path, converted)
    (converted / "data.yaml").write_text(data_yaml(classes))
    for file in converted.glob("labels/*/*.txt"):
        file.write_text(re.sub(r"^\d+", "0", file.read_text(), flags=re.MULTILINE))
    warm = training.train(
        tmp_path, trained.task, replace(trained.converted, path=converted), registry=Crowned(best), **STILL
    )
    before, after = head_of(best), head_of(warm)
    assert list(after) == classes
    known = set(before) & set(after)
    assert {name: after[name] for name in known} == {name: pytest.approx(before[name], abs=1e-3) for name in known}


def test_a_loss_of_nan_ends_the_training_and_is_not_gone_on_with(trained, tmp_path):
    options = {"cls": 1e39, "optimizer": "SGD", "lr0": 0.9, "warmup_epochs": 0, "mosaic": 0, "plots": False}
    with pytest.raises(DetectorError) as ended:
        training.train(tmp_path, trained.task, trained.converted, epochs=3, options=options)
    assert re.fullmatch(
        r"the training diverged: its loss was (nan|inf) in epoch [12], and the weights are lost; "
        r"set lr0 in train\.options lower than 0\.9, or leave out gains such as box and cls",
        str(ended.value),
    )
    assert so_far(load("train", "ultralytics"), tmp_path / "train") is None


def test_what_ultralytics_refuses_before_it_begins_is_told(trained, tmp_path):
    with pytest.raises(UsageError, match=r"^Ultralytics refuses to train with these settings: 'freeze=999' froze the"):
        training.train(tmp_path, trained.task, trained.converted, options={"freeze": 999})


def state_of(result):
    """The tensors of a checkpoint, by name, and its class names."""
    import torch

    file = result if isinstance(result, Path) else result.path / "weights/best.pt"
    model = torch.load(file, weights_only=False)["model"].float()
    return model.state_dict(), list(model.names.values())


def head_of(result):
    """What each class has of the head: its rows of the convolutions that give its scores, in one list of numbers."""
    state, classes = state_of(result)
    names = sorted(name for name in state if re.search(r"\.cv3\.\d\.2\.(weight|bias)$", name))
    return {cls: [v for name in names for v in state[name][at].ravel().tolist()] for at, cls in enumerate(classes)}


def distance(result, other):
    """The largest difference between the convolutions of two checkpoints: they alone learn nothing from statistics."""
    (ours, _), (theirs, _) = state_of(result), state_of(other)
    names = [name for name in ours if name.endswith("conv.weight")]
    return max(float((ours[name] - theirs[name]).abs().max()) for name in names)
