"""What is kept of a task for measuring: its data fields, and which images belong together."""

import json

from tests.support.exports import annotation, box, converted, picture, task

BOX = (10, 10, 30, 30)


def images(tmp_path, tasks, **split):
    dataset, _ = converted(tmp_path, tasks, split={"field": "split", **split})
    return {row["task_id"]: row for row in dataset.images.to_pylist()}


def test_the_fields_of_a_task_are_kept(tmp_path):
    data = {"camera": "links", "temperature": 21.5, "größe": None}
    rows = images(
        tmp_path, [task(1, annotation(box(*BOX)), data=data), *(task(at, annotation(box(*BOX))) for at in (2, 3))]
    )
    assert json.loads(rows[1]["data"]) == {"image": "1.png", "split": "train", **data}
    assert [row["group"] for row in rows.values()] == [None, None, None]


def test_images_of_one_value_of_group_by_are_a_group(tmp_path):
    values = {1: "a", 2: "a", 3: "b", 4: None, 5: 7, 6: "7"}
    tasks = [task(at, annotation(box(*BOX)), data={"film": value}) for at, value in values.items()]
    groups = {number: row["group"] for number, row in images(tmp_path, tasks, group_by="data.film").items()}
    assert groups[1] == groups[2] != groups[3]
    assert groups[4] is None
    assert groups[5] != groups[6]  # as the split has them


def test_copies_that_roboflow_augmented_are_a_group(tmp_path):
    names = [f"IMG_{at}_jpg.rf.{digit * 32}.png" for at, digit in ((1, "a"), (1, "b"), (2, "c"))]
    tasks = []
    for at, name in enumerate(names, 1):
        picture(tmp_path / name)
        tasks.append(task(at, annotation(box(*BOX)), data={"image": name}))
    rows = images(tmp_path, tasks)
    assert [rows[at]["group"] for at in (1, 2, 3)] == ["IMG_1_jpg", "IMG_1_jpg", "IMG_2_jpg"]


def test_what_was_skipped_has_no_group_and_its_fields_all_the_same(tmp_path):
    tasks = [task(at, annotation(box(*BOX)), data={"film": "a"}) for at in (1, 2, 3)]
    tasks.append(task(4, data={"film": "a"}))
    row = images(tmp_path, tasks, group_by="film")[4]
    assert (row["split"], row["group"], json.loads(row["data"])["film"]) == (None, None, "a")
