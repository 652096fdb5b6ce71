"""Faults of a train section, found without importing what it trains with."""

import subprocess
import sys

import pytest

from detector.stages.train import ultralytics
from detector.stages.train._arguments import OURS, training_faults
from detector.stages.train._network import network_faults
from detector.stages.train._transforms import transform_faults
from tests.support.jobs import Pipeline


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lr_0": 0.1}, "is not an argument of Ultralytics; did you mean lr0?"),
        ({"zzz": 1}, "is not an argument of Ultralytics"),
        ({"imgsz": 640}, "can't be set here: set train.image_size"),
        ({"augment": True}, "can't be set here: list the transforms in train.augment"),
        ({"project": "x"}, "can't be set here: results go to the run's own folder"),
        ({"lr0": "1e-3"}, "must be a number; YAML reads 1e-3 as text, write 0.001"),
        ({"lr0": "fast"}, "must be a number"),
        ({"lr0": True}, "must be a number"),
        ({"mosaic": 2}, "must be from 0 to 1"),
        ({"workers": 1.5}, "must be a whole number"),
        ({"cos_lr": 1}, "must be true or false"),
        ({"optimizer": 3}, "must be text"),
        ({"cache": "disk"}, "would write into the dataset version, which never changes; use ram"),
    ],
)
def test_an_argument_at_fault(options, message):
    ((path, said),) = training_faults(options)
    assert path == tuple(options)
    assert said == message


def test_good_arguments():
    options = {"lr0": 0.001, "warmup_epochs": 1, "nbs": 8, "cos_lr": True, "optimizer": "AdamW", "cache": "ram"}
    assert list(training_faults(options | {"fraction": 0.5, "scale": [0.5, 1.5], "freeze": [0, 1], "conf": None})) == []


def test_what_we_own_are_arguments_of_ultralytics():
    from ultralytics.cfg import DEFAULT_CFG_DICT

    assert set(OURS) - set(DEFAULT_CFG_DICT) == {"augmentations", "save_dir"}


@pytest.mark.parametrize(
    ("transform", "path", "message"),
    [
        (
            {"RandomBrightnesContrast": {}},
            ("RandomBrightnesContrast",),
            "is not an Albumentations transform; did you mean RandomBrightnessContrast?",
        ),
        ({"Blur": {"blur_limits": 3}}, ("Blur", "blur_limits"), "is not an argument of Blur; did you mean blur_limit?"),
        ({"BaseCrop": {}}, ("BaseCrop",), "is not an Albumentations transform; did you mean"),
        ({"OneOf": {}}, ("OneOf",), "is not an Albumentations transform"),
        ({"Lambda": {}}, ("Lambda",), "holds code, which a checkpoint can't keep"),
        ({"Blur": {}, "Resize": {}}, (), "is one transform and its arguments; start each with its own dash"),
    ],
)
def test_a_transform_at_fault(transform, path, message):
    ((found, said),) = transform_faults([{"HorizontalFlip": None}, transform])
    assert found == (1, *path)
    assert said.startswith(message)


def test_signatures_are_the_real_ones():
    import inspect

    import albumentations

    from detector.stages.train._transforms import _accepted, _transforms

    names = _transforms()
    assert len(names) > 80
    for name in names:
        real = set(inspect.signature(getattr(albumentations, name).__init__).parameters) - {"self"}
        assert _accepted(name) == real | {"p"}, name


@pytest.mark.parametrize(
    ("model", "scale", "task", "path", "message"),
    [
        ("yolo11n", None, "detect", "model", "yolo11n is neither weights (.pt) nor an architecture (.yaml)"),
        ("here/best.pt", None, "detect", "model", "here/best.pt was not found"),
        (
            "yolo111n.yaml",
            None,
            "detect",
            "model",
            "yolo111n.yaml is neither a file here nor an architecture of Ultralytics; did you mean yolo11.yaml?",
        ),
        (
            "yolo26n.pt",
            None,
            "segment",
            "model",
            "yolo26n.pt is a model for detect, and the task is segment; yolo26n-seg.pt is one",
        ),
        (
            "yolo11n-seg.yaml",
            None,
            "detect",
            "model",
            "yolo11n-seg.yaml is a model for segment, and the task is detect; yolo11n.yaml is one",
        ),
        ("yolo26n.pt", (0.5, 0.25, 256), "detect", "scale", "is for an architecture; the weights yolo26n.pt have"),
    ],
)
def test_a_model_at_fault(model, scale, task, path, message):
    ((found, said),) = network_faults(model, scale, task)
    assert found == (path,)
    assert said.startswith(message)


@pytest.mark.parametrize("model", ["yolo26n.pt", "yolo11x.yaml", "yolov8-p2.yaml", "yolov8n-p6.yaml", "rtdetr-l.yaml"])
def test_a_good_model(model):
    assert list(network_faults(model, None, "detect")) == []


def test_paths_lead_into_the_section():
    options = ultralytics.Options(model="x.pt", options={"lr_0": 1}, augment=[{"Blurr": {}}])
    found = [path for path, _ in ultralytics.faults(options, Pipeline())]
    assert found == [("options", "lr_0"), ("augment", 0, "Blurr")]


def test_faults_are_found_without_the_heavy_libraries():
    code = (
        "import sys; from detector.stages.train import ultralytics as u; from types import SimpleNamespace as N\n"
        "o = u.Options(model='yolo11n.yaml', options={'lr0': .1}, augment=[{'Blur': {}}])\n"
        "assert not list(u.faults(o, N(task='detect')))\n"
        "print({'torch', 'ultralytics', 'albumentations', 'cv2', 'numpy', 'pyarrow'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
