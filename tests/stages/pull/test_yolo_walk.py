"""What of a folder is input: links are followed with care, and what a project makes is never taken."""

import os
import subprocess
import sys

import pytest

from detector.data.annotations import read
from detector.errors import UsageError
from detector.stages.pull._yolo.walk import walk
from tests.support.folders import ROW, convert, counted, pictures, pull, write


def walked(root, datasets=None):
    return walk(root, datasets or root.parent / "elsewhere" / "datasets" / "x").images


@pytest.mark.parametrize("path", [".", "..", "../.."])
def test_what_the_project_makes_is_never_input(tmp_path, path):
    project = tmp_path / "a" / "project"
    write(project, pictures("images", 3))
    outputs = ("datasets/x/store/ab", "datasets/x/0123456789ab/images/train", "runs/1/evaluate", "models/x/champion")
    for output in (*outputs, ".venv/lib", "env/lib", "__pycache__", "node_modules/a"):
        write(project, pictures(output, 1))
    write(project, {"env/pyvenv.cfg": ""})
    images = walked(project / path, project / "datasets" / "x")
    assert [image.rpartition("/")[2] for image in images] == ["images0.jpg", "images1.jpg", "images2.jpg"]


def test_what_another_project_made_is_no_input_either(tmp_path):
    write(tmp_path, pictures("set", 1))
    write(
        tmp_path,
        pictures("other/datasets/y/0123456789ab/images/train", 1)
        | {"other/datasets/y/0123456789ab/instances.parquet": "", "other/datasets/y/0123456789ab/data.yaml": ""},
    )
    write(tmp_path, pictures("other/datasets/y/store/ab", 1) | {"other/datasets/y/store/ingested.msgpack": ""})
    write(
        tmp_path,
        pictures("other/runs/1/worst", 1)
        | {"other/runs/1/run.json": "", "other/runs/1/pipeline.yaml": ""}
        | pictures("set/run", 1)
        | {"set/run/run.json": ""},
    )
    assert walked(tmp_path) == ["set/run/set-run0.jpg", "set/set0.jpg"]


def test_a_folder_that_is_named_is_input_wherever_it_lies(tmp_path):
    datasets = tmp_path / "datasets" / "coco8"
    write(datasets, pictures("images/train", 2) | pictures("store/ab", 1) | pictures("pulled/x", 1))
    assert walked(datasets, datasets) == ["images/train/images-train0.jpg", "images/train/images-train1.jpg"]
    version = write(datasets / "0123456789ab", pictures("images", 1) | {"instances.parquet": "", "data.yaml": ""})
    assert len(walked(version, tmp_path / "datasets" / "other")) == 1
    assert len(walked(datasets, datasets)) == 2


def test_links_are_followed_once_never_in_circles_and_never_out(tmp_path):
    write(tmp_path / "far", pictures("images", 2))
    root = write(tmp_path / "set", pictures("near", 2) | {".cache/images/far0.jpg": None})
    for name, target in {
        "a": "../far/images",
        "all": "near",
        "b": "../far",
        "hidden": ".cache/images",
        "me": "me",
        "self": ".",
        "top": "/",
        "up": "..",
    }.items():
        (root / name).symlink_to(target)
    (tmp_path / "far" / "back").symlink_to(root)
    folder = walk(root, tmp_path / "elsewhere" / "datasets" / "x")
    assert folder.images == ["hidden/far0.jpg", "near/near0.jpg", "near/near1.jpg"]
    assert folder.leading_out == ["a", "b", "top", "up"]


def test_the_folder_itself_may_be_a_link(tmp_path):
    write(tmp_path / "far", pictures("images/train", 3, "1 .5 .5 .5 .5\n") | {"obj.names": "Cup\nPlate\n"})
    (tmp_path / "set").symlink_to("far")
    (tmp_path / "far" / "labels.link").symlink_to(tmp_path / "far" / "labels")
    pulled = read(pull(tmp_path / "set").path)
    assert pulled.regions["labels"].to_pylist() == [["Plate"]] * 3
    assert pulled.images["own_split"].to_pylist() == ["train"] * 3
    assert pulled.losses.num_rows == 0


def test_a_link_to_a_folder_elsewhere_is_told_and_not_followed(tmp_path):
    write(tmp_path / "far", pictures("images", 3, "hunter2 0 0 0 0\n") | {"classes.txt": "hunter2\n"})
    root = write(tmp_path / "set", pictures("images", 20))
    (root / "far").symlink_to("../far")
    dataset, told = convert(root, split={"val": 0.3, "test": 0.3})
    assert dataset.conversion["excluded"] == {"outside_folder": [{"detail": "far"}]}
    assert dataset.conversion["kept"]["images"] == 20
    assert "hunter2" not in str(told)
    alone = tmp_path / "alone"
    alone.mkdir()
    (alone / "images").symlink_to("../far/images")
    with pytest.raises(UsageError, match=r"no image below .*; 1 link leads out of it and is not fol.*: images\. Copy"):
        pull(alone)


def test_a_picture_that_lies_elsewhere_is_not_taken(tmp_path):
    root = write(tmp_path / "set", pictures("images", 20))
    private = write(tmp_path, {"private.jpg": None}) / "private.jpg"
    (root / "images/images3.jpg").unlink()
    (root / "images/images3.jpg").symlink_to(private)
    (root / "images/near.jpg").symlink_to("images4.jpg")
    dataset, _ = convert(root, split={"val": 0.3, "test": 0.3})
    assert counted(dataset, "excluded") == {"outside_image": 1, "no_txt": 1}
    assert counted(dataset, "dropped") == {"excluded_image": 1}
    assert not [file for file in tmp_path.rglob("store/*/*") if file.read_bytes() == private.read_bytes()]
    for image in root.glob("images/*"):
        image.unlink()
        image.symlink_to(private)
    with pytest.raises(UsageError, match=r"21 links lead out of it and are not followed: images/images0\.jpg, .*, …"):
        pull(root)


def test_names_that_are_a_link_out_of_the_folder_are_refused_unread(tmp_path):
    (tmp_path / "secret").write_text("hunter2\n")
    root = write(tmp_path / "set", pictures("images", 3))
    (root / "mine.names").symlink_to("../secret")
    with pytest.raises(UsageError, match="is a link that leads out of"):
        pull(root, names=root / "mine.names")


def test_a_list_of_a_pipeline_may_be_anything_and_is_not_told(tmp_path):
    (tmp_path / "secret").write_text("hunter2\nhunter3\n")
    root = write(tmp_path / "set", pictures("images", 20))
    for name in ("a.txt", "b.txt"):
        (root / name).symlink_to("../secret")
    with pytest.raises(UsageError, match=r"convert\.split\.lists: image 1 of .*b\.txt \(test\) is in") as refused:
        convert(root, split={"lists": {"val": root / "a.txt", "test": root / "b.txt"}})
    assert "hunter" not in str(refused.value)


def test_no_line_of_a_file_outside_is_told(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("hunter2 0 0 0 0\n")
    root = write(tmp_path / "set", pictures("images", 20))
    (root / "labels/images0.txt").unlink()
    (root / "labels/images0.txt").symlink_to(secret)
    (root / "labels/lost.txt").symlink_to(secret)
    (root / "side.txt").symlink_to(secret)
    dataset, told = convert(root, split={"val": 0.3, "test": 0.3})
    assert counted(dataset, "excluded") == {"outside_txt": 2}
    assert any("its txt is a link that leads out of the folder" in line for line in told)
    assert "hunter2" not in str(dataset.conversion) + str(told)


@pytest.mark.parametrize("name", ["train.txt", "obj.names", "data.yaml", "obj.data", "classes.txt"])
def test_a_list_that_leads_outside_is_refused_unread(tmp_path, name):
    (tmp_path / "secret").write_text("hunter2\n")
    root = write(tmp_path / "set", pictures("images", 3))
    (root / name).symlink_to("../secret")
    with pytest.raises(UsageError, match="is a link that leads out of") as refused:
        pull(root)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    "entry", ["/etc/passwd", "../secret", "../../secret", "~/secret", "$HOME", "file:///etc/passwd"]
)
def test_no_place_in_a_data_yaml_leads_outside(tmp_path, entry):
    (tmp_path / "secret").write_text("hunter2\n")
    root = write(tmp_path / "set", pictures("images", 3) | {"data.yaml": f"train: {entry}\nnames: [Cup]\n"})
    assert f"data.yaml: train is {entry}, which is not there" in pull(root).notes
    write(root, {"data.yaml": f"names: {entry}\n"})
    assert "hunter2" not in str(pull(root).notes)


def test_links_to_nothing_and_what_is_no_file_are_counted_or_left(tmp_path):
    root = write(tmp_path / "set", pictures("images", 20))
    (root / "images/gone.jpg").symlink_to("nowhere.jpg")
    (root / "labels/gone.txt").symlink_to("nowhere.txt")
    write(root, {"labels/images5.txt": ROW})
    os.mkfifo(root / "images/pipe.jpg")
    dataset, _ = convert(root, pulling={"without_txt": "background"}, split={"val": 0.3, "test": 0.3})
    assert counted(dataset, "excluded") == {"missing_image": 2}
    assert dataset.conversion["kept"]["images"] == 20


@pytest.mark.parametrize("name", ["labels/images0.txt", "train.txt", "classes.txt", "data.yaml", "obj.names"])
def test_a_text_that_is_a_pipe_is_refused(tmp_path, name):
    root = write(tmp_path / "set", pictures("images", 3))
    (root / name).unlink(missing_ok=True)
    os.mkfifo(root / name)
    with pytest.raises(UsageError, match=rf"{name} can't be read \(it is a pipe, not a file\)"):
        pull(root)


def test_to_look_loads_nothing_heavy(tmp_path):
    root = write(tmp_path / "set", pictures("images", 3) | {"data.yaml": "names: [Cup]"})
    code = (
        "import sys; from pathlib import Path; from detector.stages.pull import yolo;"
        f"yolo.look(yolo.Options(path={str(root)!r}), Path('datasets/x'));"
        "print({'numpy', 'pyarrow', 'PIL', 'cv2', 'torch'} & {*sys.modules})"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
