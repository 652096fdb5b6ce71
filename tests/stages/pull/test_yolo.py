"""Folders in YOLO format, in the layouts that Darknet and Ultralytics made customary."""

import pytest

from detector.data.annotations import read
from detector.errors import UsageError
from detector.stages import load
from detector.stages.pull._yolo.rows import parse
from tests.support.exports import labels
from tests.support.folders import ROW, convert, counted, pictures, pull, rows, write

LAYOUTS = {
    "side by side": ("{}.png", "{}.txt"),
    "images and labels": ("images/train/{}.png", "labels/train/{}.txt"),
    "train, images and labels": ("train/images/{}.png", "train/labels/{}.txt"),
    "labels/yolo": ("images/{}.png", "labels/yolo/{}.txt"),
    "capitals": ("Images/Train/{}.PNG", "Labels/Train/{}.TXT"),
    "images in images": ("images/images/{}.png", "images/labels/{}.txt"),
}
EVEN = {"val": 0.3, "test": 0.3}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_folder_comes_out_as_it_went_in(tmp_path, layout):
    image, txt = LAYOUTS[layout]
    texts = "1 0.123457 0.5 0.1 0.2\n0 0.25 0.25 0.100001 0.2\n"
    files = {txt.format(number): texts for number in range(3)} | {image.format(number): None for number in range(3)}
    lists = {
        "train.txt": f"/elsewhere/set/{image.format(0)}",
        "valid.txt": image.format(1),
        "test.txt": image.format(2),
    }
    dataset, _ = convert(write(tmp_path / "set", files | lists), split={"field": "split"})
    assert labels(dataset, 1) == [[1, 0.123457, 0.5, 0.1, 0.2], [0, 0.25, 0.25, 0.100001, 0.2]]
    assert dataset.images["split"].to_pylist() == ["train", "val", "test"]


def test_without_a_txt_an_image_is_left_out_and_with_an_empty_one_a_background(tmp_path):
    root = write(tmp_path / "set", {"0.png": None, "1.png": None, "2.png": None, "0.txt": ROW, "1.txt": ""})
    pulled = read(pull(root).path)
    assert pulled.images["status"].to_pylist() == ["annotated", "background", "excluded"]
    assert [loss["reason"] for loss in pulled.losses.to_pylist()] == ["no_txt"]
    kept = read(pull(root, without_txt="background").path)
    assert kept.images["status"].to_pylist() == ["annotated", "background", "background"]


def test_a_malformed_row_is_dropped_and_named_without_what_it_says(tmp_path):
    root = write(tmp_path / "set", pictures("images", 40, f"{ROW}0 .5 .5\nroot:x:0:0 1 2 3 4\n"))
    dataset, _ = convert(root)
    entries = dataset.conversion["dropped"]["malformed_row"]
    assert len(entries) == 80
    assert entries[0]["region_id"] == "images/images0.jpg:2"
    assert "root" not in str(entries)


@pytest.mark.parametrize(
    ("line", "class_id", "numbers"),
    [
        ("0 .1 .2 .3 .4", 0, 4),
        ("1.0 .1 .2 .3 .4", 1, 4),
        ("1e0 .1 .2 .3 .4", 1, 4),
        ("+2.000000e+00\t.1 .2 .3 .4 .5 .6", 2, 6),
        ("0.5 .1 .2 .3 .4", -1, 0),
        ("nan .1 .2 .3 .4", -1, 0),
        ("0 inf .2 .3 .4", -1, 0),
        ("0 1e308 .2 .3 .4", -1, 0),
        ("0 .1 .2 .3 .4 .5", -1, 0),
        ("x 1 2 3 4", -1, 0),
        ("0,5 1 2 3 4", -1, 0),
        ("0", -1, 0),
    ],
)
def test_rows(line, class_id, numbers):
    [row] = parse(f"\n{line}\n\n")
    assert (row.line, row.class_id, len(row.numbers), row.wrong is None) == (2, class_id, numbers, numbers > 0)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_mark_utf16_and_line_ends_change_nothing(tmp_path, encoding, end):
    names = [f"images/images{number}.jpg" for number in range(4)]
    lists = {
        "train.txt": end.join(names[:2]),
        "val.txt": names[2] + end,
        "test.txt": names[3],
        "obj.names": end.join(["Cup", "Plate"]),
    }
    texts = {f"labels/images{number}.txt": f"1 .5 .5 .25 .5{end}0 .3 .3 .2 .2{end}" for number in range(4)}
    root = write(tmp_path / "set", pictures("images", 4))
    write(root, {name: text.encode(encoding) for name, text in (lists | texts).items()})
    dataset, _ = convert(root)
    assert dataset.images["split"].to_pylist() == ["train", "train", "val", "test"]
    assert rows(dataset, "images3") == [
        "1 0.500000 0.500000 0.250000 0.500000",
        "0 0.300000 0.300000 0.200000 0.200000",
    ]
    assert dataset.conversion["dropped"] == {}


def test_jfif_is_a_picture_and_what_no_trainer_reads_is_counted(tmp_path):
    root = write(tmp_path / "set", pictures("a", 20, ending="jfif") | pictures("b", 1, ending="jpe"))
    write(root, {"b/b1.heif": b"no picture", "b/b1.txt": ROW})
    dataset, _ = convert(root, split=EVEN)
    assert dataset.conversion["kept"]["images"] == 21
    assert counted(dataset, "excluded") == {"broken_image": 1}


def test_what_macos_leaves_beside_a_picture_is_none(tmp_path):
    root = write(
        tmp_path / "set", pictures("images", 3) | {"images/._images0.jpg": b"\0\5\x16\7", "labels/._images0.txt": "x"}
    )
    write(root, {"__MACOSX/images/x.jpg": b"x", ".hidden/y.jpg": b"y"})
    assert pull(root).summary.startswith("3 tasks, 3 images, 3 regions")


def test_a_txt_without_a_picture_is_counted_and_named(tmp_path):
    root = write(tmp_path / "set", pictures("images", 20))
    write(
        root, {"labels/gone.txt": f"{ROW}{ROW}x\n", "labels/empty.txt": "", "side.txt": ROW, "README.txt": "Read me.\n"}
    )
    dataset, told = convert(root, split=EVEN)
    assert [entry["region_id"] for entry in dataset.conversion["dropped"]["no_picture"]] == [
        *("labels/gone.txt:1", "labels/gone.txt:2", "labels/gone.txt:3", "side.txt:1")
    ]
    assert "4 dropped: is in a txt without a picture (labels/gone.txt, side.txt)" in told
    assert "1 excluded: is a txt without a picture, and empty (labels/empty.txt)" in told
    assert "README" not in str(dataset.conversion)
    assert "Files: labels/gone.txt, side.txt." in (dataset.folder / "card.md").read_text()


def test_a_second_txt_of_a_picture_is_counted_unless_it_says_the_same(tmp_path):
    root = write(tmp_path / "set", pictures("images", 20))
    write(root, {"images/images0.txt": ROW, "images/images1.txt": "0 .5 .5 .1 .1\n"})
    dataset, _ = convert(root, split=EVEN)
    assert [entry["region_id"] for entry in dataset.conversion["dropped"]["second_txt"]] == ["labels/images1.txt:1"]


def test_names_that_are_no_unicode_are_counted(tmp_path):
    root = write(tmp_path / "set", pictures("images", 20))
    write(root, {"images/\udcff.jpg": None, "labels/\udcff.txt": ROW})
    dataset, _ = convert(root, split=EVEN)
    assert (counted(dataset, "excluded"), counted(dataset, "dropped")) == (
        {"unreadable_name": 1},
        {"excluded_image": 1},
    )


def test_accents_may_be_written_in_two_ways(tmp_path):
    root = write(
        tmp_path / "set",
        {"images/caf\u00e9.jpg": None, "labels/cafe\u0301.txt": ROW, "train.txt": "images/cafe\u0301.jpg"},
    )
    assert read(pull(root).path).images["own_split"].to_pylist() == ["train"]


def test_an_empty_folder_and_no_folder_are_told(tmp_path):
    with pytest.raises(UsageError, match="is no folder"):
        pull(tmp_path / "set")
    with pytest.raises(UsageError, match="there is no image below"):
        pull(write(tmp_path / "set", {"a.txt": ROW}))


def test_what_is_no_part_of_the_folder_is_no_change(tmp_path):
    root = write(tmp_path / "set", pictures("images", 3) | {"data.yaml": "names: [Cup]"})
    backend = load("pull", "yolo")
    state = lambda: backend.look(backend.Options(path=root), tmp_path / "datasets" / "x").state  # noqa: E731
    before = state()
    write(root, {"labels/images.cache": "x", "notes.md": "x", "pipeline.yaml": "name: x\ntrain: {epochs: 3}"})
    assert state() == before
    states = {before}
    for name, text in {
        "data.yaml": "names: [Mug]",
        "labels/images0.txt": ROW * 2,
        "val.txt": "images/images0.jpg",
    }.items():
        write(root, {name: text})
        states.add(state())
    assert len(states) == 4
