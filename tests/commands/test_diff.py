"""What changed between two versions."""

from detector.commands.diff import diff, lines
from tests.support.exports import annotation, box, converted, task


def _tasks():
    return [task(number, annotation(box(1, 1, 9, 9), box(30, 30, 9, 9, labels=["person"]))) for number in range(1, 7)]


def test_each_kind_of_change_is_counted_once_and_by_class(tmp_path):
    tasks = _tasks()
    old, _ = converted(tmp_path, tasks)
    first = tasks[0]["annotations"][0]["result"]
    first[0]["value"]["rectanglelabels"] = ["person"]
    first[1]["value"]["x"] = 31
    tasks[1]["annotations"][0]["result"].append(box(60, 60, 9, 9))
    del tasks[2]["annotations"][0]["result"][0]
    new, _ = converted(tmp_path, [*tasks[:5], task(7, annotation(box(1, 1, 9, 9)))])
    found = diff(old, new)
    assert found["images"] == {"old": 6, "new": 6, "added": 1, "removed": 1}
    assert found["objects"] == {"old": 12, "new": 11, "added": 2, "removed": 3, "relabelled": 1, "moved": 1}
    assert found["tasks"] == {"changed": [1, 2, 3], "added": [7], "removed": [6]}
    assert found["classes"]["person"] == {
        "old": 6, "new": 6, "old_share": 0.5, "new_share": 0.5455,
        "added": 0, "removed": 1, "relabelled": 1, "moved": 1,
    }  # fmt: skip
    assert lines(found) == [
        f"{old.version} → {new.version}",
        "images    6 → 6: 1 added, 1 removed",
        "tasks     3 changed: 1, 2, 3",
        "          1 added: 7",
        "          1 removed: 6",
        "objects   12 → 11: 2 added, 3 removed, 1 relabelled, 1 moved",
        "",
        "car             6 →         5   50.0% →  45.5%  2 added, 2 removed",
        "person          6 →         6   50.0% →  54.5%  1 removed, 1 relabelled, 1 moved",
    ]


def test_regions_with_new_ids_are_the_same_objects(tmp_path):
    tasks = _tasks()
    old, _ = converted(tmp_path, tasks)
    for each in tasks:
        for region in each["annotations"][0]["result"]:
            region["id"] += "-again"
    tasks[0]["annotations"][0]["result"].reverse()
    new, _ = converted(tmp_path, tasks)
    assert new.version != old.version
    assert diff(old, new)["objects"] == {
        "old": 12, "new": 12, "added": 0, "removed": 0, "relabelled": 0, "moved": 0,
    }  # fmt: skip
