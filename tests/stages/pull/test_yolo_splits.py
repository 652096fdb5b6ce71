"""The splits that a folder has itself: each picture stays where it was, and what is kept apart stays apart."""

import pytest

from detector.errors import UsageError
from tests.support.folders import convert, counted, pictures, pull, splits, write

THREE = pictures("train/images", 5) | pictures("valid/images", 2) | pictures("test/images", 3)
OWN = {"train": 5, "val": 2, "test": 3}
DATA = "names: [Cup, Plate]\n"
WAYS = {
    "train, valid, test": (THREE, {}),
    "images/train": (pictures("images/train", 5) | pictures("images/val", 2) | pictures("images/test", 3), {}),
    "images/train2017": (
        pictures("images/train2017", 5) | pictures("images/val2017", 2) | pictures("images/test_2017", 3),
        {},
    ),
    "in capitals": (pictures("Training", 5) | pictures("Validation", 2) | pictures("TESTING", 3), {}),
    "roboflow": (
        THREE,
        {"data.yaml": f"train: ../train/images\nval: ../valid/images\ntest: ../test/images\nnc: 2\n{DATA}"},
    ),
    "from another machine": (
        pictures("a", 5) | pictures("b", 2) | pictures("c", 3),
        {"data.yaml": f"path: /content/set\ntrain: /kaggle/input/set/a\nval: C:\\sets\\set\\b\ntest: c\n{DATA}"},
    ),
    "several places": (
        pictures("a", 3) | pictures("b", 2) | pictures("c/d/images", 2) | pictures("e", 3),
        {"data.yaml": f"train: [a, b/]\nvalidation: ./c\ntest:\n  - e\n{DATA}"},
    ),
    "lists of a data.yaml": (
        pictures("a", 5) | pictures("b", 2) | pictures("c", 3),
        {
            "my.yaml": f"path: .\ntrain: lists/one.txt\nval: lists/two.txt\ntest: c\n{DATA}",
            "lists/one.txt": "".join(f"./../a/a{at}.jpg\n" for at in range(5)),
            "lists/two.txt": "a\\..\\b\\b0.jpg\r\n/x/y/b/b1.jpg\r\n",
        },
    ),
    "obj.data": (
        pictures("obj", 10),
        {
            "obj.data": "classes = 2\ntrain = data/train.txt\nvalid = data/held.txt\ntest = data/test.txt\n",
            "train.txt": "".join(f"data/obj/obj{at}.jpg\n" for at in range(5)),
            "held.txt": "data/obj/obj5.jpg\ndata/obj/obj6.jpg\n",
            "test.txt": "".join(f"data/obj/obj{at}.jpg\n" for at in (7, 8, 9)),
        },
    ),
    "lists": (
        pictures("Images", 10),
        {
            "train.txt": "".join(f"images/images{at}.JPG\n" for at in range(5)),
            "val.txt": "Images/Images5.jpg\nImages/Images6.jpg\n",
            "TEST.txt": "".join(f"/old/place/Images/Images{at}.jpg\n" for at in (7, 8, 9)),
        },
    ),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_each_picture_stays_in_the_split_of_its_folder(tmp_path, way):
    files, more = WAYS[way]
    dataset, told = convert(write(tmp_path / "set", files | more))
    assert dataset.conversion["kept"]["images_in"] == OWN
    assert "the splits are the source's own" in told
    assert any(
        line.startswith("the folder has splits of its own, by ") and "5 train, 2 val, 3 test" in line for line in told
    )
    by_place = {"train": "train", "vali": "val", "test": "test"}
    expected = {name: by_place[name[:4].lower()] for name in splits(dataset) if name[:4].lower() in by_place}
    assert expected.items() <= splits(dataset).items()


def test_pipeline_yaml_counts_before_the_folder_and_says_so(tmp_path):
    root = write(tmp_path / "set", pictures("train/images", 30) | pictures("test/images", 30))
    dataset, told = convert(root, split={"val": 0.3, "test": 0.3})
    assert len({split for name, split in splits(dataset).items() if name.startswith("test")}) == 3
    assert "divided as convert.split says; the source's own splits are 30 train, 30 test" in told
    (tmp_path / "val.txt").write_text("train-images0.jpg\n")
    dataset, told = convert(root, split={"lists": {"val": tmp_path / "val.txt"}, "test": 0.5})
    assert splits(dataset)["train-images0"] == "val"
    assert any(line.startswith("divided as convert.split says") for line in told)


def test_what_is_not_held_out_is_taken_from_train_alone(tmp_path):
    files = pictures("train/images", 40) | pictures("valid/images", 4)
    dataset, told = convert(write(tmp_path / "set", files))
    held = {name for name, split in splits(dataset).items() if split == "test"}
    assert held
    assert all(name.startswith("train") for name in held)
    assert {split for name, split in splits(dataset).items() if name.startswith("valid")} == {"val"}
    assert f"it has no test: {len(held)} of its train pictures became test" in told


@pytest.mark.parametrize("count", [3, 4, 5, 6, 7])
def test_a_few_pictures_are_enough(tmp_path, count):
    """As of coco8: four pictures train, four validate, and none tests."""
    dataset, _ = convert(write(tmp_path / "a/set", pictures("images/train", count) | pictures("images/val", 4)))
    assert dataset.conversion["kept"]["images_in"]["val"] == 4
    assert dataset.conversion["kept"]["images_in"]["test"] >= 1
    dataset, _ = convert(write(tmp_path / "b/set", pictures("images/train", count)))
    assert min(dataset.conversion["kept"]["images_in"].values()) >= 1


def test_growth_moves_nothing_that_was_taken_from_train(tmp_path):
    root = write(tmp_path / "set", pictures("train/images", 60))
    before = splits(convert(root)[0])
    after = splits(convert(write(root, pictures("train/images", 90)))[0])
    assert before.items() <= after.items()


@pytest.mark.parametrize("split", [None, {"val": 0.3, "test": 0.3}])
def test_augmented_copies_of_a_picture_stay_together(tmp_path, split):
    files = {}
    for at in range(90):
        name = f"IMG_{at // 3}_jpg.rf.{at:032x}"
        files |= {f"train/images/{name}.jpg": None, f"train/labels/{name}.txt": "0 .5 .5 .5 .5\n"}
    dataset, _ = convert(write(tmp_path / "set", files), **({"split": split} if split else {}))
    of = {}
    for source, name in zip(dataset.images["source"].to_pylist(), dataset.images["split"].to_pylist(), strict=True):
        of.setdefault(source.partition(".rf.")[0], set()).add(name)
    assert {len(names) for names in of.values()} == {1}
    assert set.union(*of.values()) == {"train", "val", "test"}


def test_a_picture_in_no_split_is_left_out_and_counted(tmp_path):
    files = THREE | pictures("spare", 2)
    dataset, told = convert(write(tmp_path / "set", files))
    assert dataset.conversion["kept"]["images_in"] == OWN
    assert (counted(dataset, "excluded"), counted(dataset, "dropped")) == ({"no_split": 2}, {"excluded_image": 2})
    assert any("is in none of the source's own splits" in line for line in told)


def test_where_only_the_held_out_ones_are_named_the_rest_trains(tmp_path):
    root = write(
        tmp_path / "set",
        pictures("images", 9)
        | {"val.txt": "images/images0.jpg\nimages/images1.jpg\n", "test.txt": "images/images2.jpg\n"},
    )
    dataset, told = convert(root)
    assert dataset.conversion["kept"]["images_in"] == {"train": 6, "val": 2, "test": 1}
    assert "what is in none of them trains: 6 pictures" in told


@pytest.mark.parametrize(
    "same", ["val: images/val\ntest: images/val\ntrain: images/train", "train: images\nval: images"]
)
def test_a_split_with_the_very_pictures_of_another_is_none(tmp_path, same):
    root = write(
        tmp_path / "set", pictures("images/train", 30) | pictures("images/val", 4) | {"data.yaml": f"{same}\n{DATA}"}
    )
    dataset, told = convert(root)
    assert any("has the very pictures of" in line for line in told)
    assert all(dataset.conversion["kept"]["images_in"].values())
    assert dataset.conversion["kept"]["images"] == 34


def test_a_picture_in_two_splits_is_refused_with_its_name(tmp_path):
    root = write(
        tmp_path / "set",
        pictures("images", 9)
        | {"train.txt": "images/images0.jpg\nimages/images1.jpg", "val.txt": "images/images1.jpg\nimages/images2.jpg"},
    )
    with pytest.raises(
        UsageError, match=r"train\.txt and val\.txt: images/images1\.jpg is in train and in val; .* take it out of one"
    ):
        pull(root)


def test_every_picture_of_a_list_that_is_not_there_is_counted(tmp_path):
    root = write(
        tmp_path / "set", pictures("images", 3) | {"train.txt": "images/images0.jpg\na.jpg\nb.jpg\nc.jpg\nd.jpg\n"}
    )
    with pytest.raises(
        UsageError, match=r"train\.txt names 4 pictures \(a\.jpg, b\.jpg, c\.jpg, …\), which are not below"
    ):
        pull(root)
    write(root, {"train.txt": "a.jpg\n"})
    with pytest.raises(
        UsageError, match=r"train\.txt names a\.jpg, which is not below .*; put it there, or take the line out"
    ):
        pull(root)


def test_a_place_that_is_not_there_is_told(tmp_path):
    root = write(
        tmp_path / "set",
        pictures("train/images", 30) | {"data.yaml": f"train: train/images\nval: ../valid/images\ntest:\n{DATA}"},
    )
    dataset, told = convert(root)
    assert "data.yaml: val is ../valid/images, which is not there" in told
    assert all(dataset.conversion["kept"]["images_in"].values())


def test_a_label_file_called_train_is_no_list(tmp_path):
    root = write(tmp_path / "set", {"train.jpg": None, "train.txt": "0 .5 .5 .1 .1\n"} | pictures("images", 12))
    dataset, _ = convert(root, split={"val": 0.3, "test": 0.3})
    assert dataset.conversion["kept"]["objects"] == 13


def test_only_held_out_pictures_are_refused(tmp_path):
    with pytest.raises(UsageError, match="the source's own splits are 3 test: nothing to train on"):
        convert(write(tmp_path / "set", pictures("test/images", 3)))


def test_tasks_of_a_server_have_no_splits_of_their_own(tmp_path):
    from tests.support.exports import annotation, box, task
    from tests.support.exports import convert as convert_export
    from tests.support.exports import pull as pull_export

    tasks = [task(at, annotation(box(1, 1, 9, 9)), data={"split": "train"}) for at in range(1, 40)]
    dataset, _ = convert_export(tmp_path, pull_export(tmp_path, tasks))
    assert set(dataset.images["split"].to_pylist()) == {"train", "val", "test"}
