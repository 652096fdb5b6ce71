"""What the class ids of a folder mean: by its own lists, by name, and never by chance."""

import pytest

from detector.data.annotations import read
from detector.errors import UsageError
from detector.stages import load
from tests.support.folders import convert, pictures, pull, rows, write

LISTS = {
    "data.yaml": "names: [Plate, Cup]",
    "dataset.yaml": "names: {0: Plate, 1: Cup}",
    "coco8.yaml": "path: ../datasets/coco8\nnames:\n  1: Cup\n  0: Plate\n",
    "obj.names": "Plate\nCup\n",
    "coco.names": "Plate\r\nCup\r\n\r\n",
    "classes.txt": "Plate\nCup",
    "labels/classes.txt": "Plate\nCup",
    "train/_darknet.labels": "Plate\nCup",
}


@pytest.mark.parametrize("file", LISTS)
def test_ids_are_taken_by_name_from_the_folders_own_list(tmp_path, file):
    root = write(tmp_path / "set", pictures("images", 30, "1 .5 .5 .25 .5\n") | {file: LISTS[file]})
    for classes, class_id in ((("Cup", "Plate"), "0"), (("Plate", "Cup"), "1")):
        dataset, told = convert(root, classes, split={"val": 0.3, "test": 0.3})
        assert {row.split()[0] for at in range(30) for row in rows(dataset, f"images{at}.")} == {class_id}
        same = f"class names are those of {file}"
        assert told[0] == (
            same
            if class_id == "1"
            else f"class ids are taken by name: {file} has [Plate, Cup], pipeline.yaml has [Cup, Plate]"
        )


def test_obj_data_names_its_list(tmp_path):
    root = write(tmp_path / "set", pictures("images", 3, "1 .5 .5 .25 .5\n"))
    write(
        root, {"obj.data": "classes = 2\nnames = data/my-words.txt\nbackup = backup/\n", "my-words.txt": "Plate\nCup\n"}
    )
    assert read(pull(root).path).regions["labels"].to_pylist() == [["Cup"]] * 3


def test_labels_of_a_class_count_as_its_name(tmp_path):
    classes = {"Dish": ["Plate", "Bowl"], "Cup": ["Cup", "Mug"]}
    root = write(tmp_path / "set", pictures("images", 30, "2 .5 .5 .25 .5\n") | {"obj.names": "Plate\nBowl\nMug\n"})
    dataset, _ = convert(root, classes, split={"val": 0.3, "test": 0.3})
    assert rows(dataset, "images3.")[0].startswith("1 ")
    (root / "obj.names").unlink()
    with pytest.raises(UsageError, match=r"class 2 \(and 29 more rows\), but there are 2 names"):
        pull(root, classes)


def test_without_a_list_ids_count_through_the_classes_whatever_labels_they_take(tmp_path):
    root = write(tmp_path / "set", pictures("images", 30))
    dataset, _ = convert(root, {"Dish": ["Plate", "Bowl"], "Cup": ["Mug"]}, split={"val": 0.3, "test": 0.3})
    assert dataset.conversion["kept"]["objects_of"] == {"Dish": 30, "Cup": 0}


def test_lists_that_contradict_each_other_are_refused_with_both(tmp_path):
    root = write(
        tmp_path / "set", pictures("images", 3) | {"data.yaml": LISTS["data.yaml"], "classes.txt": "Cup\nPlate\n"}
    )
    with pytest.raises(UsageError) as refused:
        pull(root)
    assert "data.yaml has [Plate, Cup], but classes.txt has [Cup, Plate]" in str(refused.value)
    assert "remove one, or name the right one as pull.names" in str(refused.value)
    for chosen, label in (("data.yaml", "Plate"), ("classes.txt", "Cup")):
        assert read(pull(root, names=root / chosen).path).regions["labels"].to_pylist() == [[label]] * 3


def test_a_list_with_no_name_of_the_pipeline_is_refused_with_both_orders(tmp_path):
    root = write(tmp_path / "set", pictures("images", 3) | {"data.yaml": "names: ['0', '1']"})
    with pytest.raises(
        UsageError, match=r"data\.yaml has \[0, 1\], pipeline\.yaml has \[Cup, Plate\]: no name is the same"
    ):
        pull(root)
    assert read(pull(root, {"Cup": ["0"], "Plate": ["1"]}).path).regions["labels"].to_pylist() == [["0"]] * 3


def test_a_label_that_only_the_folder_has_is_told_by_its_name(tmp_path):
    root = write(
        tmp_path / "set", pictures("images", 30, "0 .5 .5 .1 .1\n2 .5 .5 .2 .2\n") | {"obj.names": "Cup\nPlate\nFork\n"}
    )
    with pytest.raises(UsageError, match="the label 'Fork' is in no class"):
        convert(root)


def test_words_of_yaml_stay_words(tmp_path):
    root = write(tmp_path / "set", pictures("images", 1, "1 .5 .5 .1 .1\n") | {"data.yaml": "names: [yes, no, 1.0]"})
    assert read(pull(root, ("no", "yes", "1.0")).path).regions["labels"].to_pylist() == [["no"]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("names: [Cup", "can't be read as YAML"),
        ("names: {Cup: 0}", "no class ids"),
        ("names: [[Cup]]", "no word"),
        ("names: &a [*a]", "can't be read as YAML"),
        ("names: [Cup]\ntrain: {a: b}", "no path"),
        ("names: " + "[" * 5000, "can't be read as YAML"),
        (b"names: [\xff]", "not UTF-8"),
        ("names: [Cup]\nkpt_shape: [17, 3]", "a pose data set"),
    ],
)
def test_a_data_yaml_that_cannot_be_understood_is_told(tmp_path, text, said):
    root = write(tmp_path / "set", pictures("images", 1) | {"data.yaml": text})
    with pytest.raises(UsageError, match=rf"data\.yaml.*{said}"):
        pull(root)


def test_an_id_without_a_name_is_one_clear_sentence(tmp_path):
    root = write(tmp_path / "set", pictures("images", 3, "7 .5 .5 .1 .1\n"))
    with pytest.raises(
        UsageError, match=r"images0\.jpg:1: class 7 \(and 2 more rows\), but there are 2 names; give the names"
    ):
        pull(root)
    write(root, {"obj.names": "Cup\n"})
    with pytest.raises(UsageError, match=r"class 7 \(and 2 more rows\), but there is 1 name in obj\.names; add"):
        pull(root)


def test_a_names_file_of_the_pipeline_counts_before_those_of_the_folder(tmp_path):
    root = write(tmp_path / "set", pictures("images", 1, "1 .5 .5 .1 .1\n") | {"obj.names": "Cup\nPlate\n"})
    write(tmp_path, {"mine.names": "Plate\nCup\n", "empty.names": "\n"})
    assert read(pull(root, names=tmp_path / "mine.names").path).regions["labels"].to_pylist() == [["Cup"]]
    with pytest.raises(UsageError, match="there is no name in"):
        pull(root, names=tmp_path / "empty.names")
    with pytest.raises(UsageError, match="can't be read"):
        pull(root, names=tmp_path / "none.names")


def test_an_edited_names_file_is_a_change_wherever_it_lies(tmp_path):
    root, names = write(tmp_path / "set", pictures("images", 1)), tmp_path / "obj.names"
    backend = load("pull", "yolo")
    states = set()
    for text in ("person\ncar\n", "person\ncars\n"):
        names.write_text(text)
        states.add(backend.look(backend.Options(path=root, names=names), tmp_path / "datasets/x").state)
    assert len(states) == 2
