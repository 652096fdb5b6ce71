"""Folders in YOLO format, in the layouts that Darknet and Ultralytics made customary."""

import pytest
from detector.stages.pull._yolo_folder import parse

from detector.data.annotations import read
from detector.errors import UsageError
from detector.stages import load
from tests.support.exports import PIPELINE, _job, convert, labels, picture, reasons

LAYOUTS = {
    "side by side": ("{}.png", "{}.txt"),
    "images and labels": ("images/train/{}.png", "labels/train/{}.txt"),
    "labels/yolo": ("images/{}.png", "labels/yolo/{}.txt"),
}


def _pull(folder, **options):
    backend = load("pull", "yolo")
    return backend.run(_job(folder, PIPELINE, backend.Options(path=folder / "data", **options), {}))


def _write(folder, layout, number, text):
    image, txt = LAYOUTS[layout]
    picture(folder / "data" / image.format(number))
    if text is not None:
        (folder / "data" / txt.format(number)).parent.mkdir(parents=True, exist_ok=True)
        (folder / "data" / txt.format(number)).write_text(text)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_folder_comes_out_as_it_went_in(tmp_path, layout):
    rows = "1 0.123457 0.5 0.1 0.2\n0 0.25 0.25 0.100001 0.2\n"
    for number in range(3):
        _write(tmp_path, layout, number, rows)
    (tmp_path / "data/train.txt").write_text("/elsewhere/data/" + LAYOUTS[layout][0].format(0) + "\n")
    (tmp_path / "data/valid.txt").write_text(LAYOUTS[layout][0].format(1) + "\n")
    (tmp_path / "data/test.txt").write_text(LAYOUTS[layout][0].format(2) + "\n")
    dataset, _ = convert(tmp_path, _pull(tmp_path), split={"field": "split"})
    assert labels(dataset, 1) == [[1, 0.123457, 0.5, 0.1, 0.2], [0, 0.25, 0.25, 0.100001, 0.2]]
    assert dataset.images["split"].to_pylist() == ["train", "val", "test"]


def test_without_a_txt_an_image_is_unlabelled_and_an_empty_one_a_background(tmp_path):
    for number, text in enumerate(["0 .5 .5 .1 .1\n", "", None]):
        _write(tmp_path, "side by side", number, text)
    assert read(_pull(tmp_path).path).images["status"].to_pylist() == ["annotated", "background", "excluded"]
    kept = _pull(tmp_path, without_txt="background")
    assert read(kept.path).images["status"].to_pylist() == ["annotated", "background", "background"]


def test_a_names_file_says_what_the_ids_mean(tmp_path):
    _write(tmp_path, "side by side", 0, "1 .5 .5 .1 .1\n")
    (tmp_path / "obj.names").write_text("person\ncar\n")
    assert read(_pull(tmp_path, names=tmp_path / "obj.names").path).regions["labels"].to_pylist() == [["car"]]


def test_an_edited_names_file_is_a_change_wherever_it_lies(tmp_path):
    _write(tmp_path, "side by side", 0, "1 .5 .5 .1 .1\n")
    backend, names = load("pull", "yolo"), tmp_path / "obj.names"
    options = backend.Options(path=tmp_path / "data", names=names)
    seen = []
    for text in ("person\ncar\n", "person\ncars\n"):
        names.write_text(text)
        seen.append(backend.look(options, tmp_path).state)
    assert seen[0] != seen[1]


def test_an_id_without_a_name_is_an_error(tmp_path):
    _write(tmp_path, "side by side", 0, "7 .5 .5 .1 .1\n")
    with pytest.raises(UsageError, match=r"0\.png:1: class 7, but there are 2 names"):
        _pull(tmp_path)


def test_a_malformed_row_is_dropped_and_named(tmp_path):
    for number in range(40):
        _write(tmp_path, "side by side", number, "0 .5 .5 .1 .1\n0 .5 .5\n")
    dataset, _ = convert(tmp_path, _pull(tmp_path))
    assert len(reasons(dataset, "dropped")["malformed_row"]) == 40


@pytest.mark.parametrize(
    ("line", "numbers"),
    [("0 .1 .2 .3 .4", 4), ("0 .1 .2 .3 .4 .5 .6", 6), ("0 .1 .2 .3 .4 .5", 0), ("x 1 2 3 4", 0), ("0", 0)],
)
def test_rows(line, numbers):
    [row] = parse(line + "\n\n")
    assert (len(row.numbers), row.wrong is None) == (numbers, numbers > 0)


def test_a_list_that_names_a_file_elsewhere_is_an_error(tmp_path):
    _write(tmp_path, "side by side", 0, "")
    (tmp_path / "data/train.txt").write_text("other/9.png\n")
    with pytest.raises(UsageError, match=r"train\.txt names other/9\.png"):
        _pull(tmp_path)
