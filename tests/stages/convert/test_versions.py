"""A version is its content: the same on any machine, another as soon as anything in it changes."""

import json
from hashlib import sha256

import pytest
import yaml

from detector.errors import UsageError
from detector.stages import load
from tests.support.exports import PIPELINE, annotation, box, convert, converted, picture, pull, task
from tests.support.jobs import Pipeline


def _tasks():
    return [task(number, annotation(box(number, 1, 9, 9))) for number in range(1, 7)]


def test_the_order_of_tasks_does_not_matter(tmp_path):
    first, _ = converted(tmp_path / "a", _made(tmp_path / "a", _tasks()))
    tasks = _made(tmp_path / "b", _tasks())
    for at, each in enumerate(tasks):
        each["data"]["split"] = ("train", "val", "test")[at % 3]
    second, _ = converted(tmp_path / "b", tasks[::-1])
    assert first.version == second.version


def _made(folder, tasks):
    folder.mkdir()
    for each in tasks:
        picture(folder / each["data"]["image"], seed=each["id"])
    return tasks


def test_the_same_content_under_other_task_numbers_is_the_same_version(tmp_path):
    """A project imported into another server: the links are new, and lead to the files that are there."""
    first, _ = converted(tmp_path, _tasks())
    files = set(first.images["file"].to_pylist())
    again = _tasks()
    for each in again:
        each["id"] += 500
    second, _ = converted(tmp_path, again)
    assert second.version == first.version
    assert second.images["task_id"].to_pylist() == [501, 502, 503, 504, 505, 506]
    assert set(second.images["file"].to_pylist()) == files
    for row in second.images.to_pylist():
        assert sha256(second.image_path(row["file"]).read_bytes()).hexdigest() == row["sha256"]


OTHERWISE = {
    "order of classes": Pipeline(classes=["person", "car"]),
    "a class more": Pipeline(classes=["car", "person", "dog"]),
    "a class renamed": Pipeline(classes={"vehicle": ["car"], "person": ["person"]}),
    "task": Pipeline(task="segment", classes=["car", "person"]),
}


@pytest.mark.parametrize(
    "what", ["label", "box", "pixel", "split", "order of classes", "a class more", "a class renamed", "task"]
)
def test_any_change_makes_another_version(tmp_path, what):
    before, _ = converted(tmp_path / "a", _made(tmp_path / "a", _tasks()))
    tasks, pipeline = _made(tmp_path / "b", _tasks()), PIPELINE
    value = tasks[0]["annotations"][0]["result"][0]["value"]
    if what == "label":
        value["rectanglelabels"] = ["person"]
    elif what == "box":
        value["x"] += 0.001
    elif what == "pixel":
        picture(tmp_path / "b" / "1.png", seed=99)
    elif what == "split":
        tasks[0]["data"]["split"] = "test"
    else:
        pipeline = OTHERWISE[what]
    after, _ = converted(tmp_path / "b", tasks, pipeline)
    assert after.version != before.version


def test_a_version_is_what_ultralytics_reads(tmp_path):
    dataset, _ = converted(tmp_path, _tasks())
    written = yaml.safe_load(dataset.data_yaml.read_text())
    assert written == {
        "train": "images/train",
        "val": "images/val",
        "test": "images/test",
        "names": {0: "car", 1: "person"},
    }
    images = sorted(file.stem for file in (dataset.folder / "images").glob("*/*"))
    assert images == sorted(file.stem for file in (dataset.folder / "labels").glob("*/*"))
    assert (tmp_path / "datasets/latest").resolve() == dataset.folder.resolve()


def test_pixels_are_stored_once(tmp_path):
    first, _ = converted(tmp_path, _tasks())
    changed = _tasks()
    changed[0]["annotations"][0]["result"][0]["value"]["x"] = 50
    second, _ = converted(tmp_path, changed)
    [before] = (first.folder / "images").glob("*/00000001-*")
    [after] = (second.folder / "images").glob("*/00000001-*")
    assert before.samefile(after)


def test_growth_moves_no_image(tmp_path):
    """30 % more tasks: whatever was in a split stays in it."""

    def splits(count):
        tasks = [task(number, annotation(box(1, 1, 9, 9))) for number in range(1, count + 1)]
        dataset, _ = convert(tmp_path, pull(tmp_path, tasks))
        return dict(zip(dataset.images["task_id"].to_pylist(), dataset.images["split"].to_pylist(), strict=True))

    before, after = splits(60), splits(78)
    assert len(after) == 78
    assert before.items() <= after.items()
    assert set(before.values()) == {"train", "val", "test"}


def test_exact_copies_and_groups_stay_together(tmp_path):
    tasks = [task(number, annotation(box(1, 1, 9, 9)), data={"camera": number // 4}) for number in range(60)]
    for number in range(40, 60):
        picture(tmp_path / f"{number}.png", seed=1)
    dataset, _ = convert(tmp_path, pull(tmp_path, tasks))
    assert len(set(dataset.images["split"].to_pylist()[40:])) == 1
    dataset, _ = convert(tmp_path, pull(tmp_path, tasks), split={"group_by": "data.camera", "val": 0.3, "test": 0.3})
    split = dataset.images["split"].to_pylist()
    assert all(len(set(split[start : start + 4])) == 1 for start in range(0, 60, 4))


def test_an_empty_split_says_what_to_set(tmp_path):
    tasks = [task(number, annotation(box(1, 1, 9, 9))) for number in range(40)]
    with pytest.raises(UsageError, match=r"test would be empty.*convert\.split\.test"):
        convert(tmp_path, pull(tmp_path, tasks), split={"test": 0.0})


def test_a_field_that_names_no_split_is_an_error(tmp_path):
    tasks = _tasks()
    tasks[3]["data"]["split"] = "tset"
    with pytest.raises(UsageError, match=r"task 4: its field 'split' is 'tset'.*did you mean test"):
        converted(tmp_path, tasks)


def test_the_card_and_the_account_agree(tmp_path):
    dataset, _ = converted(tmp_path, [*_tasks(), task(9, annotation(box(1, 1, 0, 1), box(3, 3, 3, 3)))])
    account = json.loads((dataset.folder / "conversion.json").read_text())
    assert account["kept"]["objects_of"] == {"car": 7, "person": 0}
    card = (dataset.folder / "card.md").read_text()
    assert "| car | 0 | 3 | 2 | 2 | 7 |" in card
    assert "**1** has no area. Tasks: 9." in card


def _lists(folder, **lists):
    for name, lines in lists.items():
        (folder / f"{name}.txt").write_text("\n".join(lines) + "\n")
    return {"lists": {name: folder / f"{name}.txt" for name in lists}}


def test_list_files_name_the_images_of_a_split(tmp_path):
    """By the whole reference or the end of its path; what they don't name trains, or takes its share."""
    pulled = pull(tmp_path, _tasks())
    dataset, _ = convert(tmp_path, pulled, split=_lists(tmp_path, val=["2.png", ""], test=["3.png", "4.png"]))
    assert dataset.images["split"].to_pylist() == ["train", "val", "test", "test", "train", "train"]


def test_an_image_in_two_lists_is_an_error(tmp_path):
    with pytest.raises(UsageError, match=r"image 1 of .*test\.txt \(test\) is in the list of val, too"):
        convert(tmp_path, pull(tmp_path, _tasks()), split=_lists(tmp_path, val=["2.png"], test=["2.png"]))


def test_another_list_is_a_reason_to_convert_again(tmp_path):
    options = load("convert", "yolo").Options(split=_lists(tmp_path, val=["2.png"], test=["3.png"]))
    before = load("convert", "yolo").look(options, tmp_path).state
    (tmp_path / "val.txt").write_text("5.png\n")
    assert load("convert", "yolo").look(options, tmp_path).state != before
