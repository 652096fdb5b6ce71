"""Faults of a train section, found without importing what it trains with."""

import subprocess
import sys

import pytest

from detector.stages.train import ultralytics
from detector.stages.train._arguments import OURS, training_faults
from detector.stages.train._network import SMALLEST, network_faults
from detector.stages.train._transforms import transform_faults
from tests.support.jobs import Pipeline

IGNORED = "is ignored while the optimizer is auto, which chooses its own; name one (SGD, …), or leave it out"
FRACTION = "must be a share of the training images, from above 0 to 1, or a whole number of them"
FREEZE = "must be a number of layers to freeze, from the first on, or a list of them: [0, 1, 23.cv2]"


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
        (
            {"single_cls": True},
            "can't be set here: merge the labels into one class at the top of the file, classes: {object: [A, B]}",
        ),
        (
            {"pretrained": "x.pt"},
            "can't be set here: set train.model to weights (.pt) or to an architecture (.yaml), and train.warm_start",
        ),
        ({"optimizer": "Adamm"}, "Adamm is not an optimizer of Ultralytics; did you mean Adam?"),
        (
            {"optimizer": ""},
            " is not an optimizer of Ultralytics; there is Adam, Adamax, AdamW, auto, MuSGD, NAdam, "
            "RAdam, RMSprop, SGD",
        ),
        ({"nbs": 0}, "must be 1 or more"),
        ({"mask_ratio": 0}, "must be 1 or more"),
        ({"max_det": 0}, "must be 1 or more"),
        ({"workers": -1}, "must be 0 or more"),
        ({"close_mosaic": -1}, "must be 0 or more"),
        ({"warmup_epochs": -0.5}, "must be 0 or more"),
        ({"box": -1}, "must be 0 or more"),
        ({"box": float("nan")}, "must be a finite number"),
        ({"warmup_epochs": float("inf")}, "must be a finite number"),
        ({"workers": float("nan")}, "must be a whole number"),
        ({"lrf": float("nan")}, "must be from 0 to 1"),
        ({"box": None}, "needs a value; leave it out for the default"),
        ({"time": 0}, "must be more than 0 hours; leave it out to train for train.epochs"),
        ({"fraction": 0}, FRACTION),
        ({"fraction": "half"}, FRACTION),
        ({"fraction": [0.5, 0.5]}, FRACTION),
        ({"freeze": -1}, FREEZE),
        ({"freeze": "23.cv2"}, FREEZE),
        ({"freeze": [0, 1.5]}, FREEZE),
        ({"scale": "x"}, "must be from 0 to 1, or the least and the most: [0.5, 1.5]"),
        ({"scale": [2, 1]}, "as a list, must be the least and the most to scale by: [0.5, 1.5]"),
        ({"cache": "rom"}, "'rom' is not one of true | false | ram; did you mean ram?"),
        ({"amp": "fp8"}, "'fp8' is not one of true | false | fp16 | bf16 | fp32"),
        ({"copy_paste_mode": "x"}, "'x' is not one of flip | mixup"),
        ({"cache": "disk"}, "would write into the dataset version, which never changes; use ram"),
    ],
)
def test_an_argument_at_fault(options, message):
    ((path, said),) = training_faults(options)
    assert path == tuple(options)
    assert said == message


@pytest.mark.parametrize("name", ["lr0", "momentum"])
def test_what_the_automatic_optimizer_chooses_itself(name):
    assert list(training_faults({"optimizer": "auto", name: 0.01})) == [((name,), IGNORED)]
    assert list(training_faults({name: 0.01})) == []  # the optimizer that is derived takes it


def test_good_arguments():
    options = {"lr0": 0.001, "warmup_epochs": 1, "nbs": 8, "cos_lr": True, "optimizer": "AdamW", "cache": "ram"}
    options |= {"momentum": 0.9, "freeze": 10, "amp": False, "time": 0.5, "save_period": -1, "conf": None}
    assert list(training_faults(options | {"fraction": 0.5, "scale": [0.5, 1.5], "freeze": [0, 1], "conf": None})) == []


def test_a_momentum_of_one_divides_by_zero():
    assert list(training_faults({"optimizer": "AdamW", "momentum": 1})) == [(("momentum",), "must be below 1")]


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
        ({"RandomCrop": {"height": 3}}, ("RandomCrop",), "needs width"),
        ({"RandomCrop": None}, ("RandomCrop",), "needs height and width"),
        ({"Blur": {"p": 2}}, ("Blur", "p"), "is a probability: from 0 to 1"),
        ({"Blur": {"p": "often"}}, ("Blur", "p"), "is a probability: from 0 to 1"),
        ({"OneOf": {}}, ("OneOf",), "is not an Albumentations transform"),
        ({"Lambda": {}}, ("Lambda",), "holds code, which a checkpoint can't keep"),
        ({"Blur": {}, "HorizontalFlip": {}}, (), "is one transform and its arguments; start each with its own dash"),
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
        real = dict(inspect.signature(getattr(albumentations, name).__init__).parameters)
        del real["self"]
        needed = {argument: each.default is each.empty for argument, each in real.items()}
        assert _accepted(name) == needed | {"p": False}, name


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


def test_the_model_that_is_left_out_is_the_smallest_current_one_of_the_task():
    from ultralytics.cfg import TASK2MODEL

    assert {task: TASK2MODEL[task] for task in SMALLEST} == SMALLEST
    for task in SMALLEST:
        assert list(ultralytics.faults(ultralytics.Options(), Pipeline(task=task))) == []
    faults = ultralytics.faults(ultralytics.Options(scale=(0.5, 0.25, 256)), Pipeline(task="segment"))
    assert dict(faults)[("scale",)].startswith("is for an architecture; the weights yolo26n-seg.pt have their own")


def test_paths_lead_into_the_section():
    options = ultralytics.Options(model="x.pt", options={"lr_0": 1}, augment=[{"Blurr": {}}])
    found = [path for path, _ in ultralytics.faults(options, Pipeline())]
    assert found == [("options", "lr_0"), ("augment", 0, "Blurr")]


def test_faults_are_found_without_the_heavy_libraries():
    code = (
        "import sys; from detector.stages.train import ultralytics as u; from types import SimpleNamespace as N\n"
        "o = u.Options(model='yolo11n.yaml', options={'nbs': 8}, augment=[{'Blur': {}}])\n"
        "assert not list(u.faults(o, N(task='detect')))\n"
        "print({'torch', 'ultralytics', 'albumentations', 'cv2', 'numpy', 'pyarrow'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
