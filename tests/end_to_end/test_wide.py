"""Pictures of 16:9 in a network whose input is as wide: trained, measured, exported, predicted and served so."""

import json

import cv2
import httpx
import numpy as np
import pytest
from PIL import Image

from benchmarks import scenes
from detector.data.trained import Trained
from detector.engines.artifact import open_artifact
from detector.models.fitted import fitted
from detector.models.quiet import quietly
from tests.serve.test_serve import serving
from tests.support import warm

SIDES = (96, 160)  # height and width: 0.6 of the square's pixels
RED = (40, 40, 220)  # blue first
MICRO = "model: yolo11n.yaml, scale: [0.33, 0.25, 256], image_size: [96, 160], batch: 8"
PIPELINE = f"""
name: wide
task: detect
classes: [ball, box, wedge]
pull: {{using: yolo, path: scenes}}
check: {{using: rules}}
train: {{{MICRO}, epochs: 20, options: {{plots: false}}}}
export: [{{using: onnx}}, {{using: onnx, dynamic: true}}]
promote: {{minimum: 0}}
"""
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A champion of wide pictures, and what its run told of each step."""
    folder = tmp_path_factory.mktemp("wide")
    scenes.write(folder / "scenes", scenes.WIDE._replace(train=64))
    (folder / "pipeline.yaml").write_text(PIPELINE)
    done = warm.run(folder, "run", "--json")
    assert done.returncode == 0, done.stderr
    return folder, {step["step"]: step for step in json.loads(done.stdout)["steps"]}


def of(project, step):
    folder, steps = project
    return folder / steps[step]["path"]


def test_the_weights_and_the_engine_say_both_sides(project):
    trained = Trained(of(project, "train"))
    assert (trained.made_from.image_size, trained.made_from.sides) == (SIDES, SIDES)
    [file] = of(project, "export.onnx").glob("*.onnx")
    artifact = open_artifact(file)
    assert artifact.detector.size == artifact.sidecar.made_from.size == SIDES
    assert artifact.sidecar.made_from.input.shape == [1, 3, *SIDES]


def test_it_learns_and_the_engine_is_worth_what_its_checkpoint_is(project):
    _, steps = project
    measured = steps["evaluate"]["figures"]["mAP50-95"]
    assert measured > 0.05
    for export in ("export.onnx", "export.onnx-dynamic"):
        assert steps[export]["figures"]["mAP50-95"] == pytest.approx(measured, abs=0.005)
        assert steps[export]["figures"]["difference/box"] < 0.01


def test_the_weights_alone_are_used_with_both_sides_by_ultralytics(project, tmp_path):
    with quietly(tmp_path / "log"):
        from ultralytics import YOLO

        model = YOLO(Trained(of(project, "train")).best)
        model.predict(np.zeros((180, 320, 3), np.uint8), verbose=False)
    assert tuple(model.predictor.imgsz) == SIDES


def test_a_picture_is_seen_alike_by_weights_engine_and_server(project, tmp_path):
    """Wide, upright and square pictures: each whole, and its boxes where the objects are."""
    folder, _ = project
    shapes = {"wide.png": (180, 320), "upright.png": (320, 180), "square.png": (240, 240)}
    for at, (name, pixels) in enumerate(shapes.items()):
        scene = scenes.WIDE._replace(train=1, pixels=pixels, objects=(4, 4), sizes=(0.3, 0.35))
        scenes.write(tmp_path / name, scene, seed=at)
        [photo] = (tmp_path / name / "images/train").iterdir()
        (folder / "new").mkdir(exist_ok=True)
        Image.open(photo).save(folder / "new" / name)
    seen = {}
    for using in ("checkpoint", "onnx", "onnx-dynamic"):
        arguments = ("new", "--using", using, "--score", "0.02", "--to", f"seen-{using}", "--json")
        done = warm.run(folder, "predict", *arguments)
        assert done.returncode == 0, done.stderr
        told = json.loads((folder / f"seen-{using}/predictions.json").read_text())
        seen[using] = {each["file"]: boxes(each["objects"]) for each in told["pictures"]}
    with serving(folder, "--using", "onnx", "--score", "0.02") as (client, _):
        seen["server"] = {name: asked(client, folder / "new" / name) for name in shapes}
    for name in shapes:
        assert len(seen["onnx"][name]) > 0
        for other in ("onnx", "onnx-dynamic", "server"):
            assert seen[other][name].shape == seen["onnx"][name].shape
            np.testing.assert_allclose(seen[other][name], seen["onnx"][name], atol=0.2)
    np.testing.assert_allclose(seen["checkpoint"]["wide.png"][0], seen["onnx"]["wide.png"][0], atol=0.2)


def boxes(objects):
    return np.array([each["box"] for each in objects]).reshape(-1, 4)


def asked(client: httpx.Client, photo):
    return boxes(client.post("/predict", content=photo.read_bytes()).raise_for_status().json()["objects"])


@pytest.mark.parametrize("mosaic", [0.0, 1.0])
def test_every_picture_of_a_training_has_both_sides_and_its_boxes_on_its_objects(tmp_path, mosaic):
    """Red squares on grey, in wide, upright and square pictures: red is what is in the boxes, and nothing else is."""
    for at, (rows, across) in enumerate([(180, 320), (320, 180), (240, 240), (90, 320)] * 4):
        photo = np.full((rows, across, 3), 90, np.uint8)
        x, y = np.random.default_rng(at).integers(15, (across - 15, rows - 15))
        photo[y - 10 : y + 10, x - 10 : x + 10] = RED
        for kind in ("images", "labels"):
            (tmp_path / kind).mkdir(exist_ok=True)
        cv2.imwrite(str(tmp_path / f"images/{at:02}.png"), photo)
        line = f"0 {x / across} {y / rows} {20 / across} {20 / rows}\n"
        (tmp_path / f"labels/{at:02}.txt").write_text(line)
    with quietly(tmp_path / "log"):
        from ultralytics.cfg import get_cfg

        still = dict.fromkeys(("degrees", "translate", "scale", "hsv_h", "hsv_s", "hsv_v"), 0.0)
        arguments = get_cfg(overrides={"mosaic": mosaic, "task": "detect", "mode": "train", "cache": "ram", **still})
        data = {"names": {0: "red"}, "nc": 1, "channels": 3}
        pictures = fitted(arguments, SIDES, str(tmp_path / "images"), data, training=True)
        samples = [pictures[at] for at in range(16)]
    assert {tuple(each["img"].shape) for each in samples} == {(3, *SIDES)}
    boxes_in = [len(each["bboxes"]) for each in samples]
    assert min(boxes_in) >= (0 if mosaic else 1)
    assert sum(boxes_in) >= 16
    for each in samples:
        red = (each["img"].numpy().transpose(1, 2, 0)[..., ::-1] - np.array(RED)).astype(int)
        is_red, told = (abs(red).sum(axis=2) < 120), np.zeros(SIDES, bool)
        for x, y, width, height in each["bboxes"].numpy() * (SIDES[::-1] * 2):
            told[round(y - height / 2) : round(y + height / 2), round(x - width / 2) : round(x + width / 2)] = True
        assert (is_red & told).sum() >= 0.8 * told.sum()
        assert (is_red & ~told).sum() <= 30


def test_two_sides_and_rect_are_a_fault(project):
    folder, _ = project
    for setting, says in (
        ("train.options={rect: true}", "train.options.rect: can't be set beside two sides in train.image_size"),
        ("train.image_size=[100, 160]", "train.image_size[0]: should be a multiple of 32, not 100"),
        ("train.image_size=[96]", "is the side of a square in pixels, or [height, width], such as [384, 640]"),
    ):
        done = warm.run(folder, "validate", "--set", setting)
        assert (done.returncode, says in done.stderr + done.stdout) == (2, True), done.stderr
    assert warm.run(folder, "validate", "--set", "train.image_size=[160, 160]").returncode == 0
