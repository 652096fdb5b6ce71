"""`detector init --from-darknet`: a folder of Darknet's or of BMW's tool, and the pipeline that is made of it."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from detector.config.load import load
from tests.end_to_end.conftest import detector

GOLDEN = Path(__file__).parents[1] / "golden/darknet"
TRAIN_CONFIG = {
    "data": {"name": "yard", "classes": ["Dolly", "Wheel: rear"], "train_ratio": 0.8},
    "model": {
        "framework": "darknet", "model_name": "yolov4",
        "custom_weights": {"enable": False, "name": "darknet53.conv.74"},
        "generate_custom_anchors": False, "batch_size": 4, "max_batches": 60, "subdivisions": 2,
        "train_image_width": 416, "train_image_height": 416, "angle": 0, "saturation": 1.5, "exposure": 1.5, "hue": 0.1,
        "yolov3_config": {"learning_rate": 0.001},
        "yolov4_config": {"learning_rate": 0.0013, "mosaic": False, "blur": True},
    },
    "training": {"gpus": [0], "calculate_map": True, "web_ui": {"enable": False, "port": 8090}},
}  # fmt: skip
CFG = """
[net]
# Testing
#batch=1
batch = 64
subdivisions=16
width=608
height=352   # 16:9
channels=3
momentum=0.949
learning_rate=0.0013
max_batches = 6000
policy=steps
steps=4800,5400
hue=.1
mosaic=1
flip=0
made_up=7

[convolutional]
filters=32

[yolo]
mask = 0,1,2
anchors = 12,16, 19,36
classes=2
jitter=.3
"""


def pictures(folder, names):
    folder.mkdir(parents=True, exist_ok=True)
    for at, name in enumerate(names):
        pixels = np.random.default_rng(at).integers(0, 255, (48, 64, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"{name}.png")


def rows(folder, names, *of):
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / f"{name}.txt").write_text(
            "".join(f"{class_id} 0.{at + 2} 0.5 0.2 0.2\n" for at, class_id in enumerate(of))
        )


@pytest.fixture
def bmw(tmp_path):
    """As sample_dataset of BMW's repository: no list of names beside train_config.json."""
    root, names = tmp_path / "yard", [f"take_{number}" for number in range(60)]
    pictures(root / "images", names)
    rows(root / "labels/yolo", names, 0, 1, 1)
    (root / "train_config.json").write_text(json.dumps(TRAIN_CONFIG))
    return root


@pytest.fixture
def darknet(tmp_path):
    """As Darknet's own guide has it: pictures with their txt beside them, lists, obj.data and a .cfg."""
    root, names = tmp_path / "Car Park 2", [f"{number}" for number in range(12)]
    pictures(root / "data/obj", names)
    rows(root / "data/obj", names, 1)
    (root / "data/obj.names").write_text("free\r\ntaken\r\n")
    (root / "data/train.txt").write_text("".join(f"data/obj/{name}.png\n" for name in names[:9]))
    (root / "data/valid.txt").write_text("".join(f"data/obj/{name}.png\n" for name in names[9:]))
    (root / "data/obj.data").write_text(
        "classes = 2\ntrain = data/train.txt\nvalid = data/valid.txt\nnames = data/obj.names\nbackup = backup/\n"
    )
    (root / "cfg").mkdir()
    (root / "cfg/yolo-obj.cfg").write_text(CFG)
    (root / "cfg/a-test.cfg").write_text(CFG.replace("608", "320"))
    return root


def as_golden(name, text):
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    assert text == path.read_text()


@pytest.mark.parametrize("kind", ["bmw", "darknet"])
def test_the_pipeline_says_of_each_key_what_it_became(kind, request, tmp_path):
    root = request.getfixturevalue(kind)
    done = detector(tmp_path, "init", "--from-darknet", root.name)
    assert done.returncode == 0, done.stderr
    as_golden(f"{kind}.yaml", (tmp_path / "pipeline.yaml").read_text())
    as_golden(f"{kind}.txt", done.stdout)
    assert detector(tmp_path, "validate").returncode == 0


@pytest.mark.usefixtures("bmw")
def test_the_folder_is_converted_with_the_ids_that_it_had(tmp_path):
    assert detector(tmp_path, "init", "--from-darknet", "yard").returncode == 0
    done = detector(tmp_path, "run", "--until", "convert", "--json")
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)["steps"][1]["figures"]
    assert [figures[key] for key in figures if key.startswith("objects/")] == [60, 120]


@pytest.mark.usefixtures("darknet")
def test_lists_of_darknet_are_the_splits(tmp_path):
    assert detector(tmp_path, "init", "--from-darknet", "Car Park 2").returncode == 0
    config = load(tmp_path / "pipeline.yaml")
    assert (config.name, list(config.classes)) == ("car-park-2", ["free", "taken"])
    done = detector(tmp_path, "run", "--until", "convert", "--json")
    assert "3 val" in json.loads(done.stdout)["steps"][1]["summary"]


def test_every_key_is_told_in_json_too(bmw, tmp_path):
    told = json.loads(detector(tmp_path, "init", "--from-darknet", str(bmw), "--json").stdout)["became"]
    assert {row["key"] for row in told} >= {"data.classes", "model.max_batches", "training.web_ui"}
    assert not [row for row in told if "yolov3_config" in row["key"]]
    [epochs] = [row for row in told if row["key"] == "model.max_batches"]
    assert epochs["places"] == {"train.epochs": 4}  # 60 steps of 4 of 60 pictures


@pytest.mark.parametrize(
    ("file", "content", "says"),
    [
        ("train_config.json", "{", "is not JSON"),
        ("train_config.json", "[]", "holds no object"),
        ("a.cfg", "[convolutional]\n", "has no [net] section"),
        ("obj.data", "classes = 2\n", "there is no list of class names"),
        ("a.cfg", b"\xff\xfe\xff", "is not UTF-8 text"),
        ("readme.md", "", "there is no train_config.json, obj.data, obj.names or .cfg"),
    ],
)
def test_what_is_no_use_is_said(tmp_path, file, content, says):
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / file).write_bytes(content if isinstance(content, bytes) else content.encode())
    done = detector(tmp_path, "init", "--from-darknet", "odd")
    assert done.returncode == 2
    assert says in done.stderr
    assert not (tmp_path / "pipeline.yaml").exists()


@pytest.mark.parametrize("value", ["", "x", "-1", "0", "1e400", "nan", "[", "9" * 400])
def test_any_value_gives_a_pipeline_that_is_valid(darknet, tmp_path, value):
    keys = ("width", "height", "batch", "max_batches", "hue", "saturation", "exposure", "mosaic", "flip")
    (darknet / "cfg/yolo-obj.cfg").write_text("[net]\n" + "".join(f"{key}={value}\n" for key in keys))
    assert detector(tmp_path, "init", "--from-darknet", str(darknet)).returncode == 0
    assert detector(tmp_path, "validate").returncode == 0, (tmp_path / "pipeline.yaml").read_text()


def test_a_pipeline_that_is_there_is_left_alone(bmw, tmp_path):
    (tmp_path / "pipeline.yaml").write_text("mine")
    done = detector(tmp_path, "init", "--from-darknet", str(bmw))
    assert done.returncode == 2
    assert "pipeline.yaml is there already" in done.stderr
    assert (tmp_path / "pipeline.yaml").read_text() == "mine"
