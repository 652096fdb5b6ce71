"""What other tools export, from nothing to a dataset version: a line for the source beside name, task and classes."""

from pathlib import Path

import pytest

from tests.support.folders import ROW, by_pipeline, convert, pictures, rows, splits, write

HEAD = "name: first\ntask: detect\nclasses: [Cup, Plate]\n"
REST = "train: {model: yolo11n.yaml}\n"
NAMES = "Plate\nCup\n"


def cvat(count=24):
    """As CVAT's "YOLO 1.1": the list has the paths of an archive's inside; a picture of another subset beside."""
    lines = "".join(f"data/obj_train_data/scene {at // 8}/{at}.jpg\n" for at in range(count))
    files = {"obj.data": "classes = 2\ntrain = data/train.txt\nnames = data/obj.names\nbackup = backup/\n"}
    files |= {"obj.names": NAMES, "train.txt": lines}
    for at in range(count):
        files |= {f"obj_train_data/scene {at // 8}/{at}.jpg": None, f"obj_train_data/scene {at // 8}/{at}.txt": ROW}
    return files


def darknet():
    """As the README of AlexeyAB's Darknet has it: data/obj/ with texts beside the pictures, and lists from build/."""
    lists = {
        "data/train.txt": "".join(f"data/obj/data-obj{at}.jpg\r\n" for at in range(6)),
        "data/test.txt": "".join(f"build/darknet/x64/data/obj/data-obj{at}.jpg\r\n" for at in range(6, 10)),
    }
    told = (
        "classes= 2\r\ntrain  = data/train.txt\r\nvalid  = data/test.txt\r\nnames = data/obj.names\r\nbackup = backup/"
    )
    obj = {name.replace("labels/", ""): content for name, content in pictures("data/obj", 10).items()}
    return obj | lists | {"data/obj.data": told, "data/obj.names": NAMES, "cfg/yolo-obj.cfg": "[net]\n"}


def roboflow():
    """Three copies of each picture for training, a README for each of two things, and paths that begin with ../"""
    files = pictures("valid/images", 3) | pictures("test/images", 2)
    for at in range(12):
        stem = f"cup_{at // 3}_png.rf.{at:032x}"
        files |= {f"train/images/{stem}.jpg": None, f"train/labels/{stem}.txt": ROW}
    places = "train: ../train/images\nval: ../valid/images\ntest: ../test/images\n"
    told = "nc: 2\nnames: ['Plate', 'Cup']\n\nroboflow:\n  workspace: me\n  version: 1\n  url: https://example.com\n"
    return files | {
        "data.yaml": places + told,
        "README.dataset.txt": "# cups\n",
        "README.roboflow.txt": "\ncups - v1\n",
    }


def coco8():
    files = pictures("images/train", 4) | pictures("images/val", 4)
    told = "path: coco8 # dataset root dir\ntrain: images/train\nval: images/val\ntest: # test images (optional)\n"
    return files | {"coco8.yaml": f"{told}\nnames:\n  0: Plate\n  1: Cup\n\ndownload: https://example.com/coco8.zip\n"}


EXPORTS = {
    "cvat": (cvat(), None, {}),
    "darknet": (darknet(), {"val": 4}, {"data-obj6": "val", "data-obj9": "val"}),
    "roboflow": (roboflow(), {"train": 12, "val": 3, "test": 2}, {"valid-images0": "val", "test-images1": "test"}),
    "coco8": (coco8(), {"val": 4}, {"images-val3": "val"}),
}


@pytest.mark.parametrize("tool", EXPORTS)
def test_from_nothing_to_a_version_with_one_line(tmp_path, tool):
    files, counts, some = EXPORTS[tool]
    root = write(tmp_path / "set", files)
    dataset = by_pipeline(tmp_path, f"{HEAD}pull: {{using: yolo, path: {root}}}\n{REST}")
    kept = dataset.conversion["kept"]
    assert kept["images"] == kept["objects"] == sum(1 for file in root.rglob("*.jpg"))
    assert kept["objects_of"] == {"Cup": 0, "Plate": kept["images"]}  # by name: the tools count Plate first
    assert (counts or {}).items() <= kept["images_in"].items()
    assert all(kept["images_in"].values())
    assert some.items() <= splits(dataset).items()
    assert (dataset.conversion["dropped"], dataset.conversion["excluded"]) == ({}, {})


def test_an_export_of_ours_comes_back_as_it_was(tmp_path):
    """A dataset version of another pipeline is a folder like any other."""
    root = write(tmp_path / "set", pictures("train/images", 6) | pictures("val/images", 3) | pictures("test/images", 2))
    first, _ = convert(root)
    (tmp_path / "again").mkdir()
    Path(tmp_path / "again" / "set").symlink_to(first.folder)
    second, _ = convert(tmp_path / "again" / "set")
    assert second.version == first.version
    assert len(rows(second, "00000001")) == 1


def test_lists_of_a_pipeline_may_begin_with_a_mark(tmp_path):
    root = write(tmp_path / "set", pictures("images", 12))
    write(tmp_path, {"v": "images/images0.jpg\r\n".encode("utf-16"), "t": b"\xef\xbb\xbfimages1.jpg\r"})
    dataset, _ = convert(root, split={"lists": {"val": tmp_path / "v", "test": tmp_path / "t"}})
    assert dataset.conversion["kept"]["images_in"] == {"train": 10, "val": 1, "test": 1}
