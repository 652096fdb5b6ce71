"""What a pull says of the one before: which tasks changed, are new, and are gone."""

import json
import subprocess
import sys

import pyarrow as pa

from detector.data.annotations import Annotations
from detector.data.annotations import read as tables_of
from detector.stages.pull._changes import changes
from tests.support.exports import annotation, box, picture, task

PIPELINE = """name: cells
task: detect
classes: [car, person]
pull: {using: label_studio_export, path: export.json}
train: {model: yolo11n.yaml}
"""


def _tasks():
    return [task(number, annotation(box(1, 1, 9, 9), box(30, 30, 9, 9, labels=["person"]))) for number in range(1, 8)]


def _export(folder, tasks, indent=None):
    for each in tasks:
        picture(folder / each["data"]["image"], seed=each["id"])
    (folder / "export.json").write_text(json.dumps(tasks, indent=indent))


def _run(folder):
    command = [sys.executable, "-m", "detector", "run", "--until", "pull", "--json"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["steps"][0], done.stderr


def test_changed_new_and_gone_tasks_are_counted(tmp_path):
    (tmp_path / "pipeline.yaml").write_text(PIPELINE)
    tasks = _tasks()
    _export(tmp_path, tasks)
    first, said = _run(tmp_path)
    assert first["changes"] == {}
    assert "since the last pull" not in said
    tasks[0]["annotations"][0]["result"][0]["value"]["x"] = 2  # moved
    tasks[1]["annotations"][0]["result"][0]["value"]["rectanglelabels"] = ["person"]
    del tasks[2]["annotations"][0]["result"][0]
    tasks[3]["annotations"][0]["was_cancelled"] = True  # has no annotation that counts any more
    tasks[4]["annotations"][0]["result"].reverse()  # says the same
    tasks[6] = task(9, annotation(box(1, 1, 9, 9)))
    _export(tmp_path, tasks)
    second, said = _run(tmp_path)
    assert second["changes"] == {"changed": 4, "new": 1, "gone": 1}
    assert f"{'':<21}since the last pull: 4 changed, 1 new, 1 gone" in said.splitlines()
    third, said = _run(tmp_path)
    assert (third["skipped"], third["changes"]) == (True, {})
    assert "since the last pull" not in said
    _export(tmp_path, tasks, indent=2)  # the same, written otherwise
    fourth, said = _run(tmp_path)
    assert (fourth["skipped"], fourth["changes"]) == (False, {"changed": 0, "new": 0, "gone": 0})
    assert "since the last pull" not in said


def test_an_outline_that_moved_by_a_point_is_a_change_and_the_order_of_rows_is_none(tmp_path):
    (tmp_path / "pipeline.yaml").write_text(PIPELINE)
    tasks = _tasks()
    outline = {"points": [[1, 1], [9, 1], [9, 9]], "polygonlabels": ["car"]}
    tasks[0]["annotations"][0]["result"][0] |= {"type": "polygonlabels", "value": outline}
    _export(tmp_path, tasks)
    step, _ = _run(tmp_path)
    before = tmp_path / step["path"]
    tables = tables_of(before)
    backwards = pa.array(range(tables.regions.num_rows - 1, -1, -1))
    assert changes(before, Annotations(tables.images, tables.regions.take(backwards), tables.losses), "task_id") == {
        "changed": 0, "new": 0, "gone": 0,
    }  # fmt: skip
    outline["points"][2][1] = 9.5
    _export(tmp_path, tasks)
    assert _run(tmp_path)[0]["changes"] == {"changed": 1, "new": 0, "gone": 0}


def test_of_a_folder_without_ids_a_file_that_comes_first_shifts_nothing(tmp_path):
    (tmp_path / "pipeline.yaml").write_text(
        "name: cells\ntask: detect\nclasses: [car]\npull: {using: yolo, path: set}\ntrain: {model: yolo11n.yaml}\n"
    )
    for number in range(1, 5):
        picture(tmp_path / f"set/images/{number}.png", seed=number)
        (tmp_path / f"set/images/{number}.txt").write_text("0 0.5 0.5 0.1 0.1\n")
    (tmp_path / "set/classes.txt").write_text("car\n")
    assert _run(tmp_path)[0]["changes"] == {}
    picture(tmp_path / "set/images/0.png", seed=9)
    (tmp_path / "set/images/0.txt").write_text("0 0.5 0.5 0.2 0.2\n")
    (tmp_path / "set/images/4.txt").write_text("0 0.5 0.5 0.3 0.3\n")
    assert _run(tmp_path)[0]["changes"] == {"changed": 1, "new": 1, "gone": 0}
