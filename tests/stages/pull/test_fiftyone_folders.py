"""Folders of COCO, Pascal VOC and CVAT: what comes in, and what is said of the rest."""

import json
import os
import random

import numpy as np
import pytest
from PIL import Image, ImageOps

from detector.data.annotations import read
from detector.data.masks import decode_rle
from detector.errors import UsageError
from detector.stages import load
from tests.support import formats
from tests.support.exports import CLASSES, convert, labels, picture, reasons
from tests.support.formats import Truth, document, truth, write_json
from tests.support.jobs import Pipeline, make_job

BACKEND = load("pull", "fiftyone")
SEGMENT = Pipeline("tests", "segment", CLASSES)
DETECT = Pipeline("tests", "detect", CLASSES)
DOORS = {
    "coco": formats.coco,
    "roboflow": formats.roboflow,
    "voc": formats.voc,
    "roboflow_voc": formats.roboflow_voc,
    "cvat": formats.cvat,
}
ONE = Truth("a", "train", (("car", 20, 10, 40, 20),))
SQUARE = [20, 10, 60, 10, 60, 30, 20, 30]


def pull(folder, pipeline=DETECT, **options):
    given = BACKEND.Options(path=folder / "set", **options)
    job = make_job(given, pipeline, {}, datasets=folder / "datasets", folder=folder / "run", backend=BACKEND)
    return BACKEND.run(job)


def tables(folder, pipeline=DETECT, **options):
    return read(pull(folder, pipeline, **options).path)


def lost(drawn):
    return [(row["action"], row["reason"], row["region_id"]) for row in drawn.losses.to_pylist()]


def one(folder, **more):
    """A COCO folder of one picture with one annotation, changed by `more`."""
    content = document([ONE])
    content["annotations"][0] |= more
    write_json(folder / "set/labels.json", content)
    picture(folder / "set/data/a.png", formats.SIZE)
    return content


@pytest.mark.parametrize("door", DOORS)
def test_a_folder_comes_out_as_it_went_in(tmp_path, door):
    pictures = truth()
    DOORS[door](tmp_path / "set", pictures)
    result = pull(tmp_path)
    dataset, _ = convert(tmp_path, result, split={"field": "split"})
    written = {}
    for number, source in zip(dataset.images["task_id"].to_pylist(), dataset.images["source"].to_pylist(), strict=True):
        written[source.rsplit("/", 1)[-1].removesuffix(".png")] = labels(dataset, number)
    assert written == {each.name: [pytest.approx(row) for row in each.rows] for each in pictures}
    splits = zip(dataset.images["source"].to_pylist(), dataset.images["split"].to_pylist(), strict=True)
    assert {source.rsplit("/", 1)[-1][:-5]: split for source, split in splits} == {
        "train": "train",
        "val": "val",
        "test": "test",
    }
    assert result.notes == []
    assert lost(read(result.path)) == []


def test_one_json_beside_its_pictures_has_no_splits(tmp_path):
    formats.single(tmp_path / "set", truth())
    drawn = tables(tmp_path)
    assert set(drawn.images["data"].to_pylist()) == {"{}"}
    assert drawn.regions.num_rows == 9


def test_the_order_of_a_file_says_nothing(tmp_path):
    formats.single(tmp_path / "set", truth())
    first, file = pull(tmp_path), tmp_path / "set/labels.json"
    content = json.loads(file.read_text())
    for part in content.values():
        random.Random(1).shuffle(part)
    write_json(file, content)
    assert read(first.path).images.equals(tables(tmp_path).images)


# what a COCO annotation may be


def test_an_outline_of_one_part_is_taken_to_the_point(tmp_path):
    one(tmp_path, segmentation=[SQUARE])
    drawn = tables(tmp_path, SEGMENT)
    assert drawn.regions["type"].to_pylist() == ["polygon"]
    assert drawn.regions["points"].to_pylist() == [pytest.approx([10, 10, 30, 10, 30, 30, 10, 30])]
    assert tables(tmp_path, DETECT).regions["type"].to_pylist() == ["rectangle"]


def mask_in(drawn):
    [code] = drawn.regions["rle"].to_pylist()
    return decode_rle(code, *formats.SIZE)


def test_an_outline_of_several_parts_is_one_mask(tmp_path):
    one(tmp_path, segmentation=[SQUARE, [100, 50, 140, 50, 140, 90, 100, 90]])
    expected = np.zeros((100, 200), np.uint8)
    expected[10:30, 20:60] = expected[50:90, 100:140] = 1
    assert (mask_in(tables(tmp_path, SEGMENT)) != expected).mean() < 0.01
    for number in range(30):
        picture(tmp_path / f"set/data/{number}.png", formats.SIZE, number)
    content = json.loads((tmp_path / "set/labels.json").read_text())
    content["images"] += [{"id": f"x{at}", "file_name": f"{at}.png", "width": 200, "height": 100} for at in range(30)]
    write_json(tmp_path / "set/labels.json", content)
    dataset, _ = convert(tmp_path, pull(tmp_path, SEGMENT), SEGMENT)
    assert reasons(dataset, "changed").keys() == {"joined", "outlined"}


def coded(mask):
    """COCO's compressed text of a mask, as pycocotools' rleToString writes it."""
    flat = np.concatenate([[0], mask.T.ravel()])
    runs = np.diff(np.concatenate([[0], np.flatnonzero(np.diff(flat)), [mask.size]])).tolist()
    text = ""
    for at, run in enumerate(runs):
        value, more = run - (runs[at - 2] if at > 2 else 0), True
        while more:
            bits, value = value & 0x1F, value >> 5
            more = value != (-1 if bits & 0x10 else 0)
            text += chr(bits + (0x20 if more else 0) + 48)
    return runs, text


@pytest.mark.parametrize("compressed", [False, True])
def test_a_run_length_code_is_its_mask(tmp_path, compressed):
    mask = (np.random.default_rng(0).random((100, 200)) < 0.02).astype(np.uint8)
    mask[30:90, 50:180] = 1
    runs, text = coded(mask)
    one(tmp_path, segmentation={"size": [100, 200], "counts": text if compressed else runs})
    assert (mask_in(tables(tmp_path, SEGMENT)) == mask).all()


@pytest.mark.parametrize(
    "code",
    [
        {"size": [100, 200], "counts": [1, 2]},
        {"size": [10, 20], "counts": [0, 200]},
        {"size": [100, 200]},
        {"size": None, "counts": "€"},
        {"size": [100, 200], "counts": [-5, 20005]},
    ],
)
def test_a_code_that_is_no_mask_of_its_picture_is_counted(tmp_path, code):
    content = one(tmp_path, segmentation=code)
    content["images"] += [{"id": at, "file_name": f"{at}.png"} for at in range(30, 60)]
    for at in range(30, 60):
        picture(tmp_path / f"set/data/{at}.png", formats.SIZE, at)
    write_json(tmp_path / "set/labels.json", content)
    dataset, _ = convert(tmp_path, pull(tmp_path, SEGMENT), SEGMENT)
    assert reasons(dataset, "dropped") == {"broken_mask": [31]}


def test_a_crowd_is_counted(tmp_path):
    one(tmp_path, iscrowd=1)
    assert lost(tables(tmp_path)) == [("dropped", "crowd", "labels.json:1")]


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ({"bbox": ["20", "10", "40", "20"]}, [["car"]]),
        ({"image_id": "1", "category_id": "3"}, [["car"]]),
        ({"bbox": None, "segmentation": [SQUARE]}, [["car"]]),
        ({"bbox": [], "segmentation": SQUARE}, [["car"]]),
        ({"category_id": 77}, [[]]),
        ({"id": None, "iscrowd": None}, [["car"]]),
    ],
)
def test_what_is_clear_is_read(tmp_path, more, found):
    one(tmp_path, **more)
    assert tables(tmp_path).regions["labels"].to_pylist() == found


@pytest.mark.parametrize(
    "box", [None, [], [1, 2, 3], [1, 2, 3, "x"], "1 2 3 4", {"x": 1}, [1, 2, 3, None], [[1], 2, 3, 4]]
)
def test_a_box_that_can_not_be_read_is_counted(tmp_path, box):
    one(tmp_path, bbox=box)
    assert lost(tables(tmp_path)) == [("dropped", "malformed_region", "labels.json:1")]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_file_of_another_system_is_read(tmp_path, encoding):
    content = json.dumps(one(tmp_path, area=float("nan")))
    assert "NaN" in content
    (tmp_path / "set/labels.json").write_text(content, encoding=encoding)
    assert tables(tmp_path).regions.num_rows == 1


def test_annotations_of_a_picture_that_is_not_listed_are_counted(tmp_path):
    one(tmp_path, image_id=5)
    drawn = tables(tmp_path)
    assert sorted(lost(drawn)) == [("dropped", "excluded_image", "labels.json:1"), ("excluded", "no_image", None)]
    assert drawn.images["source"].to_pylist() == ["data/a.png", "labels.json: image_id 5"]


def test_pictures_without_a_size_have_their_own(tmp_path):
    content = one(tmp_path)
    content["images"][0] |= {"width": 0, "height": None}
    write_json(tmp_path / "set/labels.json", content)
    [row] = tables(tmp_path).regions.to_pylist()
    assert [row["x"], row["y"], row["width"], row["height"]] == pytest.approx([10, 10, 20, 20])


def test_a_picture_of_another_size_is_left_out(tmp_path):
    content = one(tmp_path)
    content["images"][0] |= {"width": 400, "height": 200}
    write_json(tmp_path / "set/labels.json", content)
    assert ("excluded", "size_differs", None) in lost(tables(tmp_path))


# which picture a name means


@pytest.mark.parametrize(
    "name", ["a.png", "data/a.png", "/home/me/set/data/a.png", "C:\\set\\data\\a.png", "./x/../a.png"]
)
def test_a_name_finds_its_picture(tmp_path, name):
    content = one(tmp_path)
    content["images"][0]["file_name"] = name
    write_json(tmp_path / "set/labels.json", content)
    assert tables(tmp_path).images["source"].to_pylist() == ["data/a.png"]


def test_two_names_never_share_a_picture(tmp_path):
    content = document([ONE, ONE])
    for at, place in enumerate("xy"):
        content["images"][at]["file_name"] = f"{place}/a.png"
    write_json(tmp_path / "set/labels.json", content)
    picture(tmp_path / "set/data/a.png", formats.SIZE)
    drawn = tables(tmp_path)
    assert [reason for _, reason, _ in lost(drawn)].count("missing_image") == 2
    assert drawn.regions.num_rows == 0


def test_absent_and_unlisted_pictures_are_counted(tmp_path):
    one(tmp_path)
    (tmp_path / "set/data/a.png").rename(tmp_path / "set/data/b.png")
    write_json(tmp_path / "set/data/empty.json", {"images": [{"id": 1, "file_name": "c.png"}], "categories": []})
    picture(tmp_path / "set/data/c.png")
    picture(tmp_path / "set/other/d.png")
    result = pull(tmp_path)
    assert sorted(lost(read(result.path)), key=str) == [
        ("dropped", "excluded_image", "labels.json:1"),
        ("excluded", "missing_image", None),
        ("excluded", "unlabelled", None),
        ("excluded", "unlabelled", None),
    ]
    assert result.notes == [
        "data/empty.json has no `annotations`: its pictures count as unlabelled",
        "no label file names a picture of other: 1 left aside",
    ]


def test_a_picture_in_two_splits_is_refused(tmp_path):
    write_json(tmp_path / "set/train.json", document([ONE]))
    write_json(tmp_path / "set/test.json", document([ONE]))
    picture(tmp_path / "set/images/a.png")
    with pytest.raises(UsageError, match=r"images/a\.png is in test\.json \(test\) and in train\.json \(train\)"):
        pull(tmp_path)


# pictures that their EXIF tag turns


def turned_picture(file, orientation):
    """A JPEG that is stored lying, and shown standing: 100 x 200, with a white square in a dark picture."""
    shown = np.full((200, 100, 3), 20, np.uint8)
    shown[40:80, 10:40] = 255
    undo = {5: 5, 6: 8, 7: 7, 8: 6}[orientation]
    exif = Image.Exif()
    exif[0x0112] = undo
    plain = Image.fromarray(shown)
    plain.info["exif"] = exif.tobytes()
    stored = ImageOps.exif_transpose(_with(plain, undo))
    exif[0x0112] = orientation
    file.parent.mkdir(parents=True, exist_ok=True)
    stored.save(file, exif=exif, quality=95)
    return np.asarray(stored)[..., 0] > 128


def _with(image, orientation):
    exif = image.getexif()
    exif[0x0112] = orientation
    return image


@pytest.mark.parametrize("stated", ["stored", "shown"])
@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_shapes_stay_on_a_picture_that_is_turned(tmp_path, orientation, stated):
    stored = turned_picture(tmp_path / "set/data/a.jpg", orientation)
    assert stored.shape == (100, 200)
    rows, columns = np.nonzero(stored)
    box = [int(columns.min()), int(rows.min()), int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1]
    size = (200, 100)
    if stated == "shown":
        box, size = [10, 40, 30, 40], (100, 200)
    x, y, w, h = box
    outline = [x, y, x + w, y, x + w, y + h, x, y + h]
    mask = np.zeros(size[::-1], np.uint8)
    mask[y : y + h, x : x + w] = 1
    segments = {"polygon": [outline], "brush": {"size": [*size[::-1]], "counts": coded(mask)[0]}}
    content = document([ONE, ONE], bbox=box)
    content["images"] = [{"id": 1, "file_name": "a.jpg", "width": size[0], "height": size[1]}]
    for annotation, segmentation in zip(content["annotations"], segments.values(), strict=True):
        annotation |= {"image_id": 1, "segmentation": segmentation}
    write_json(tmp_path / "set/labels.json", content)
    for row in tables(tmp_path).regions.to_pylist():
        assert [row["x"], row["y"], row["width"], row["height"]] == pytest.approx([10, 20, 30, 20], abs=1.01)
    polygon, brush = tables(tmp_path, SEGMENT).regions.to_pylist()
    points = np.array(polygon["points"]).reshape(-1, 2)
    assert points.min(axis=0) == pytest.approx([10, 20], abs=1.01)
    assert points.max(axis=0) == pytest.approx([40, 40], abs=1.01)
    painted = np.argwhere(decode_rle(brush["rle"], 100, 200))
    assert painted.min(axis=0) == pytest.approx([40, 10], abs=1.01)
    assert painted.max(axis=0) == pytest.approx([79, 39], abs=1.01)
    assert [(row["original_width"], row["original_height"]) for row in (polygon, brush)] == [(100, 200)] * 2


# Pascal VOC


def one_xml(folder, text):
    (folder / "set").mkdir(exist_ok=True)
    (folder / "set/a.xml").write_text(text)
    picture(folder / "set/a.png", formats.SIZE)


def test_difficult_and_truncated_objects_are_data_of_their_picture(tmp_path):
    one_xml(tmp_path, formats.xml(ONE, more="<difficult>1</difficult><truncated>1</truncated>"))
    assert json.loads(tables(tmp_path).images["data"][0].as_py()) == {"difficult": 1, "truncated": 1}


def test_parts_of_an_object_are_counted(tmp_path):
    part = "<part><name>head</name><bndbox><xmin>1</xmin></bndbox></part>"
    one_xml(tmp_path, formats.xml(ONE, more=part))
    drawn = tables(tmp_path)
    assert lost(drawn) == [("dropped", "part", "a.xml:1.1")]
    assert drawn.regions.num_rows == 1


@pytest.mark.parametrize(
    "text", ["<annotation><object>", "", "no XML", '<!DOCTYPE x [<!ENTITY e "e">]><annotation>&e;']
)
def test_a_broken_xml_is_counted_and_the_rest_goes_on(tmp_path, text):
    formats.voc(tmp_path / "set", truth())
    (tmp_path / "set/Annotations/val0.xml").write_text(text)
    drawn = tables(tmp_path)
    assert lost(drawn) == [("excluded", "broken_annotation", None)]
    assert drawn.regions.num_rows == 8


def test_an_xml_without_an_object_is_a_background_and_a_picture_without_xml_unlabelled(tmp_path):
    one_xml(tmp_path, formats.xml(ONE._replace(boxes=())))
    picture(tmp_path / "set/b.png")
    assert tables(tmp_path).images["status"].to_pylist() == ["background", "excluded"]


def test_an_xml_without_a_picture_is_counted(tmp_path):
    formats.voc(tmp_path / "set", truth())
    (tmp_path / "set/JPEGImages/test1.png").unlink()
    drawn = tables(tmp_path)
    assert [row["reason"] for row in drawn.losses.to_pylist()].count("missing_image") == 1
    assert drawn.regions.num_rows + sum(row["reason"] == "excluded_image" for row in drawn.losses.to_pylist()) == 9


def test_a_second_xml_of_a_picture_is_counted(tmp_path):
    formats.voc(tmp_path / "set", truth())
    (tmp_path / "set/old").mkdir()
    (tmp_path / "set/old/train1.xml").write_text((tmp_path / "set/Annotations/train1.xml").read_text())
    result = pull(tmp_path)
    assert result.notes == ["old/train1.xml is a second XML of JPEGImages/train1.png, and was not read"]
    assert [reason for _, reason, _ in lost(read(result.path))] == ["second_annotation"] * 2


def test_an_object_without_corners_is_counted(tmp_path):
    one_xml(tmp_path, formats.xml(ONE).replace("<xmin>20</xmin>", "<xmin>left</xmin>"))
    assert lost(tables(tmp_path)) == [("dropped", "malformed_region", "a.xml:1")]


def test_masks_beside_the_pictures_are_no_pictures(tmp_path):
    formats.voc(tmp_path / "set", truth())
    picture(tmp_path / "set/SegmentationClass/train0.png")
    result = pull(tmp_path)
    assert result.notes == ["no label file names a picture of SegmentationClass: 1 left aside"]
    assert read(result.path).images.num_rows == 6


# CVAT

TURNED = '<box label="car" xtl="80" ytl="40" xbr="120" ybr="60" rotation="90"/>'
ELLIPSE = '<ellipse label="car" cx="100" cy="50" rx="20" ry="10" rotation="90"/>'
MASK = '<mask label="car" rle="10, 30" left="90" top="30" width="20" height="2"/>'
POLYGON = '<polygon label="car" points="20,10;60,10;60,30;20,30"/>'


def cvat(folder, shapes):
    (folder / "set/images").mkdir(parents=True, exist_ok=True)
    picture(folder / "set/images/a.png", formats.SIZE)
    (folder / "set/annotations.xml").write_text(formats.cvat_xml([Truth("a", "default", ())], shapes))


@pytest.mark.parametrize("shape", [TURNED, ELLIPSE])
def test_what_is_turned_is_turned_about_its_centre(tmp_path, shape):
    cvat(tmp_path, shape)
    points = np.array(tables(tmp_path).regions["points"][0].as_py()).reshape(-1, 2) * (2, 1)
    assert points.min(axis=0) == pytest.approx([90, 30])
    assert points.max(axis=0) == pytest.approx([110, 70])


def test_a_turned_box_is_turned_clockwise(tmp_path):
    cvat(tmp_path, TURNED.replace('"90"', '"30"'))
    points = np.array(tables(tmp_path).regions["points"][0].as_py()).reshape(-1, 2) * (2, 1) - (100, 50)
    angle = np.radians(30)
    assert points[1] == pytest.approx(
        [20 * np.cos(angle) + 10 * np.sin(angle), 20 * np.sin(angle) - 10 * np.cos(angle)]
    )


def test_polygons_and_masks_are_taken(tmp_path):
    cvat(tmp_path, POLYGON + MASK)
    drawn = tables(tmp_path, SEGMENT)
    assert drawn.regions["type"].to_pylist() == ["polygon", "brush"]
    assert drawn.regions["points"][0].as_py() == pytest.approx([10, 10, 30, 10, 30, 30, 10, 30])
    mask = decode_rle(drawn.regions["rle"][1].as_py(), *formats.SIZE)
    assert mask[30, 100:110].all()
    assert mask[31, 90:110].all()
    assert mask.sum() == 30


def test_lines_and_points_are_counted(tmp_path):
    cvat(
        tmp_path, '<polyline label="car" points="1,1;2,2"/><points label="car" points="1,1"/><box label="car" xtl="x"/>'
    )
    assert [reason for _, reason, _ in lost(tables(tmp_path))] == ["malformed_region", "not_a_shape", "not_a_shape"]


# what is said


@pytest.mark.parametrize(
    ("files", "options", "message"),
    [
        ({}, {}, "no JSON of COCO's, no XML of Pascal VOC's or CVAT's is in it"),
        ({"a.txt": "0 1 1 1 1"}, {}, r"pull: \{using: yolo, path: "),
        (
            {"a.json": '{"images": [], "annotations": []}', "a.xml": "<annotation/>"},
            {},
            "holds files of coco and of voc",
        ),
        ({"a.json": '{"images": [{"id": 1}'}, {}, "is no whole JSON file"),
        ({"a.json": "[1]"}, {"type": "coco"}, "no JSON file with `images`"),
        ({"a.json": '{"images": 3, "annotations": []}'}, {}, "is not as COCO has it: Expected `array`"),
        (
            {"a.json": '{"images": [null], "annotations": []}'},
            {},
            r"Expected `object`, got `null` - at `\$.images\[0\]`",
        ),
        ({"a.xml": "<annotations><image"}, {}, "is no whole XML file"),
        ({"b.xml": "<x/>"}, {"type": "voc"}, "has no XML file with an <annotation>"),
        ({"a.xml": "<x/>"}, {"type": "CVATImageDataset"}, "has no XML file with <annotations>"),
    ],
)
def test_odd_folders_are_sentences(tmp_path, files, options, message):
    picture(tmp_path / "set/a.png")
    for name, text in files.items():
        (tmp_path / "set" / name).write_text(text)
    with pytest.raises(UsageError, match=message):
        pull(tmp_path, **options)


def test_no_folder_is_a_sentence(tmp_path):
    with pytest.raises(UsageError, match=r"is no folder; pull.path names the folder that holds pictures and labels"):
        pull(tmp_path)


@pytest.mark.parametrize(
    ("options", "keys", "message"),
    [
        ({}, (), "needs `path`"),
        ({"path": "a", "dataset": "b"}, ("dataset",), "is given beside `path`"),
        ({"path": "a", "view": "b"}, ("view",), "is a saved view of a `dataset`"),
        ({"dataset": "a", "type": "coco"}, ("type",), "says what a folder is"),
    ],
)
def test_options_that_make_no_sense_together(options, keys, message):
    [(at, said)] = BACKEND.faults(BACKEND.Options(**options), DETECT)
    assert (at, message in said) == (keys, True)


# when it changed


def test_every_file_is_a_reason_and_what_the_project_made_is_none(tmp_path):
    formats.single(tmp_path, truth())
    options, datasets = BACKEND.Options(path=tmp_path), tmp_path / "datasets/tests"

    def state():
        return BACKEND.look(options, datasets).state

    first = state()
    write_json(datasets / "labels.json", document(truth()))
    picture(tmp_path / "runs/1/worst.png")
    assert state() == first
    write_json(tmp_path / "labels.json", document(truth()[:1]))
    assert state() != first


def test_links_stay_in_the_folder(tmp_path):
    formats.single(tmp_path / "far", truth())
    (tmp_path / "set").symlink_to("far")
    (tmp_path / "far/again").symlink_to("data")
    (tmp_path / "far/back").symlink_to(tmp_path / "far")
    (tmp_path / "far/gone").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "far/pipe.json")
    assert tables(tmp_path).regions.num_rows == 9
    (tmp_path / "private").mkdir()
    (tmp_path / "far/out").symlink_to(tmp_path / "private")
    [image, *_] = sorted((tmp_path / "far/data").iterdir())
    image.rename(tmp_path / "private.jpg")
    image.symlink_to("../../private.jpg")
    lost = [(each["reason"], each["detail"]) for each in tables(tmp_path).losses.to_pylist()]
    assert {("outside_image", f"data/{image.name}"), ("outside_folder", "out")} <= {*lost}
    (tmp_path / "far/more.json").symlink_to("/etc/passwd")
    with pytest.raises(UsageError, match=r"more\.json is a link that leads out of"):
        tables(tmp_path)
