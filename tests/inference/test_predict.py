"""`detector predict` on real files, by the real command: what is written, what is listed, what is refused."""

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw
from pycocotools.coco import COCO

from tests.support import tiny, warm
from tests.test_json import matches

SIZE = (96, 64)  # width and height of a picture
FRAMES = 5


def picture(seed):
    """Noise with two squares on it, in which an untrained network sees something."""
    pixels = np.random.default_rng(seed).integers(0, 120, (SIZE[1], SIZE[0], 3), np.uint8)
    image = Image.fromarray(pixels)
    ImageDraw.Draw(image).rectangle((10, 10, 40 + seed, 40), fill=(250, 200, 30))
    return image


def film(file):
    writer = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*"mp4v"), 10, SIZE)
    for seed in range(FRAMES):
        writer.write(np.asarray(picture(seed))[..., ::-1])
    writer.release()


@pytest.fixture(scope="module", params=["yolo11n", "yolo11n-seg"])
def weights(request, tmp_path_factory):
    return tiny.weights(tmp_path_factory.mktemp("weights"), request.param)


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Five pictures, one of them turned by its EXIF tag, in two folders; a film; and two that are none."""
    folder = tmp_path_factory.mktemp("shop") / "photos"
    (folder / "night").mkdir(parents=True)
    for name in ("a.jpg", "a.png", "größe 红.bmp", "night/a.jpg"):
        picture(len(name)).save(folder / name)
    turn = Image.Exif()
    turn[0x0112] = 6
    picture(3).save(folder / "turned.jpg", exif=turn)
    film(folder / "clip.mp4")
    (folder / "broken.jpg").write_text("not a picture")
    (folder / "torn.png").write_bytes((folder / "a.png").read_bytes()[:900])
    (folder / "notes.txt").write_text("left alone")
    return folder


def predict(folder, *arguments):
    done = warm.run(folder, "predict", *map(str, arguments), "--json")
    assert done.returncode == 0, done.stderr
    return matches("predict", done.stdout)


NAMES = ["a.jpg", "a.png", *(f"clip_{number:06}.mp4" for number in range(1, FRAMES + 1)), "größe 红.bmp"]
NAMES += ["night/a.jpg", "turned.jpg"]


def test_every_picture_is_in_every_form_and_what_is_none_is_listed(weights, photos, tmp_path):
    outcome = predict(tmp_path, photos, "--model", weights, "--score", "0.001")
    folder = tmp_path / "predictions"
    told = json.loads((folder / "predictions.json").read_text())
    assert [each["file"] for each in told["pictures"]] == NAMES
    assert told["unread"] == outcome["unread"]
    assert [each["file"] for each in outcome["unread"]] == ["broken.jpg", "torn.png"]
    assert all(each["why"] for each in outcome["unread"])
    sizes = {each["file"]: (each["width"], each["height"]) for each in told["pictures"]}
    assert sizes.pop("turned.jpg") == SIZE[::-1]
    assert {*sizes.values()} == {SIZE}
    count = sum(len(each["objects"]) for each in told["pictures"])
    assert count == sum(outcome["objects"].values()) > 0
    coco = COCO(folder / "coco.json")
    assert [image["file_name"] for image in coco.loadImgs(coco.getImgIds())] == NAMES
    assert len(coco.anns) == count
    lines = {file.relative_to(folder / "labels").as_posix(): file.read_text() for file in folder.rglob("*.txt")}
    texts = ["a.txt", "a.png.txt", "größe 红.txt", "night/a.txt", "turned.txt"]
    assert {*lines} == {*texts, *(f"clip_{number:06}.txt" for number in range(1, FRAMES + 1))}
    assert sum(text.count("\n") for text in lines.values()) == count
    drawn = {file.relative_to(folder / "pictures").as_posix() for file in folder.glob("pictures/**/*.*")}
    assert drawn == {"a.jpg", "a.png", "clip.mp4", "größe 红.bmp.png", "night/a.jpg", "turned.jpg"}
    assert int(cv2.VideoCapture(str(folder / "pictures/clip.mp4")).get(cv2.CAP_PROP_FRAME_COUNT)) == FRAMES


def test_what_is_seen_is_what_ultralytics_sees(weights, photos, tmp_path):
    from ultralytics import YOLO

    predict(tmp_path, photos, "--model", weights, "--score", "0.001", "--form", "labels")
    told = json.loads((tmp_path / "predictions/predictions.json").read_text())
    seen = {each["file"]: each["objects"] for each in told["pictures"]}
    for name in ("a.png", "night/a.jpg"):
        [bare] = YOLO(weights).predict(str(photos / name), conf=0.001, verbose=False, device="cpu")
        boxes = bare.boxes.xyxy.numpy()
        expected = np.column_stack([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]])
        assert len(seen[name]) == len(expected) > 0
        np.testing.assert_allclose([each["box"] for each in seen[name]], expected, atol=0.02)
        np.testing.assert_allclose([each["score"] for each in seen[name]], bare.boxes.conf, atol=1e-3)
        assert all(("polygon" in each) is (bare.masks is not None) for each in seen[name])
    assert not (tmp_path / "predictions/pictures").exists()


def test_the_forms_say_the_same(weights, photos, tmp_path):
    """Boxes of YOLO's labels and of COCO, at a picture whose sides differ."""
    predict(tmp_path, photos / "a.png", "--model", weights, "--score", "0.001", "--form", "labels", "--form", "coco")
    folder = tmp_path / "predictions"
    [told] = json.loads((folder / "predictions.json").read_text())["pictures"]
    annotations = json.loads((folder / "coco.json").read_text())["annotations"]
    lines = [line.split() for line in (folder / "labels/a.txt").read_text().splitlines()]
    assert len(told["objects"]) == len(annotations) == len(lines) > 0
    for said, annotation, (class_id, *values) in zip(told["objects"], annotations, lines, strict=True):
        assert said["box"] == annotation["bbox"]
        assert said["class_id"] == int(class_id) == annotation["category_id"] - 1
        numbers = np.array(values, float)
        if "polygon" in said:
            assert annotation["segmentation"] == [said["polygon"]]
            points = numbers.reshape(-1, 2) * SIZE
            np.testing.assert_allclose(points, np.reshape(said["polygon"], (-1, 2)), atol=0.02)
        else:
            x, y, width, height = numbers * (SIZE * 2)
            np.testing.assert_allclose((x - width / 2, y - height / 2, width, height), said["box"], atol=0.02)
            assert annotation["area"] == pytest.approx(said["box"][2] * said["box"][3], abs=0.01)


def test_again_replaces_what_was_predicted_and_nothing_else(weights, photos, tmp_path):
    predict(tmp_path, photos, "--model", weights)
    predict(tmp_path, photos / "a.png", "--model", weights)
    assert [file.name for file in (tmp_path / "predictions/labels").iterdir()] == ["a.txt"]
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years of work")
    hidden = tmp_path / ".1mine"
    hidden.mkdir()
    refused = warm.run(tmp_path, "predict", str(photos), "--model", str(weights), "--to", "mine")
    assert (refused.returncode, (mine / "thesis.txt").read_text()) == (2, "years of work")
    predict(tmp_path, photos / "a.png", "--model", weights)
    assert {each.name for each in tmp_path.iterdir()} == {"predictions", "mine", ".1mine"}
    assert "mine holds other things than predictions; name another folder: --to FOLDER" in refused.stderr


def test_the_sidecar_of_a_file_tells_its_operating_point(weights, photos, tmp_path):
    model = Path(shutil.copy(weights, tmp_path / "blood.pt"))
    assert predict(tmp_path, photos / "a.png", "--model", model)["score_from"] == "default"
    (tmp_path / "blood.pt.json").write_text(json.dumps({"operating_point": {"score": 0.37}}))
    outcome = predict(tmp_path, photos / "a.png", "--model", model)
    assert (outcome["model"]["score"], outcome["score_from"]) == (0.37, "measured")
    for torn in ("", "[]", '{"operating_point": null}', '{"operating_point": {"score": "high"}}'):
        (tmp_path / "blood.pt.json").write_text(torn)
        assert predict(tmp_path, photos / "a.png", "--model", model)["score_from"] == "default"


@pytest.mark.parametrize("theirs", ["notes.txt", "predictions.json"])
def test_a_folder_with_something_of_ones_own_in_it_is_not_replaced(theirs, photos, tmp_path):
    weights = tiny.weights(tmp_path / "w")
    predict(tmp_path, photos / "a.png", "--model", weights)
    (tmp_path / "predictions" / theirs).write_text('{"mine": 1}')
    refused = warm.run(tmp_path, "predict", str(photos / "a.png"), "--model", str(weights))
    assert refused.returncode == 2
    assert "holds other things than predictions" in " ".join(refused.stderr.split())
    assert (tmp_path / "predictions" / theirs).read_text() == '{"mine": 1}'


REFUSED = [
    (["nowhere"], "there is no picture, video or folder"),
    (["empty"], "has no picture or video in it"),
    (["bad.jpg"], "no picture can be read: bad.jpg (not an image)"),
    (["a.png", "sub/a.png"], "2 pictures are called a.png; name the one folder that they all lie in"),
    (["a.png", "--model", "torn.pt"], "torn.pt can't be loaded as a model"),
    (["a.png", "--model", "torn.onnx"], "torn.onnx can't be run here"),
    (["a.png", "--model", "20260101T000000Z-abcdef"], "no run of that name has trained"),
    (["a.png"], "blood has no champion here yet"),
    (["a.png", "--score", "7"], "7.0 is not in the range 0<=x<=1"),
    (["a.png", "--model", "torn.pt", "--to", "a.png"], "a.png holds other things than predictions"),
]


@pytest.mark.parametrize(("arguments", "sentence"), REFUSED, ids=[" ".join(each) for each, _ in REFUSED])
def test_what_can_not_be_done_is_one_sentence(arguments, sentence, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "sub").mkdir()
    for name in ("a.png", "sub/a.png"):
        picture(1).save(tmp_path / name)
    for name in ("bad.jpg", "torn.pt", "torn.onnx"):
        (tmp_path / name).write_text("no")
    (tmp_path / "pipeline.yaml").write_text(
        "name: blood\ntask: detect\nclasses: [a]\npull: {using: label_studio_export, path: export.json}\n"
    )
    if arguments[0] == "bad.jpg":
        arguments = [*arguments, "--model", str(tiny.weights(tmp_path / "w"))]
    refused = warm.run(tmp_path, "predict", *arguments)
    assert refused.returncode == 2, refused.stderr
    assert sentence in " ".join(refused.stderr.split())
    assert "Traceback" not in refused.stderr
    assert not (tmp_path / "predictions").exists()
    assert not list(tmp_path.glob(".predictions-*"))
