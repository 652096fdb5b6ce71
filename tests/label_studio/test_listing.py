"""Listing every task of a project, whatever its pages."""

import json

import pytest

from detector.label_studio import listing
from detector.label_studio.client import connect
from detector.label_studio.projects import find_project
from detector.label_studio.reading import How
from detector.label_studio.tasks import tables
from tests.support.quiet import Quiet
from tests.support.services.label_studio import EMAIL, TOKEN, disc


@pytest.fixture
def listed(label_studio):
    def listed(number, report=None):
        progress = (report or Quiet()).progress("tasks", 7)
        with connect(label_studio.url, TOKEN) as connection, progress as advance:
            pages = listing.after(connection, find_project(connection, number), 0, advance)
            return [json.loads(task) for page in pages for task in page["json"].to_pylist()]

    return listed


def test_every_task_comes_once_in_pages_of_any_size(label_studio, listed, monkeypatch):
    number = label_studio.project("Seven tasks")
    ids = label_studio.add_tasks(number, [{"data": {"image": f"https://example.com/{i}.png"}} for i in range(7)])
    for size in (1, 3, 7, 200):
        monkeypatch.setattr(listing, "PAGE", size)
        report = Quiet()
        assert [task["id"] for task in listed(number, report)] == ids
        assert report.advanced["tasks"] == 7


def test_a_project_without_tasks_is_an_empty_list(label_studio, listed):
    assert listed(label_studio.project("No tasks")) == []


def test_what_was_drawn_by_whom_comes_as_in_an_export(label_studio, listed):
    number = label_studio.project("As in an export")
    data = {"image": "s3://bucket/cell.png", "split": "val", "nested": {"result": [1], "other": "kept"}}
    [task] = label_studio.add_tasks(number, [{"data": data}])
    for change in ({}, {"was_cancelled": True}, {"ground_truth": True}):
        label_studio.ask("POST", f"/api/tasks/{task}/annotations/", json={"result": [disc()], **change})
    query = {"exportType": "JSON", "download_all_tasks": "true"}
    [exported] = label_studio.ask("GET", f"/api/projects/{number}/export", params=query)
    [found] = listed(number)
    with connect(label_studio.url, TOKEN) as connection:
        people = listing.emails(connection)
    assert found["data"] == exported["data"] == data
    assert [people[annotation["completed_by"]] for annotation in found["annotations"]] == [EMAIL] * 3
    for name in ("id", "result", "was_cancelled", "ground_truth", "created_at", "updated_at"):
        assert [annotation[name] for annotation in found["annotations"]] == [
            annotation[name] for annotation in exported["annotations"]
        ]


def test_why_a_task_has_no_annotation_can_be_told(label_studio, listed):
    number = label_studio.project("Reasons")
    tasks = label_studio.add_tasks(number, [{"data": {"image": f"https://example.com/{i}.png"}} for i in range(4)])
    label_studio.ask("POST", f"/api/tasks/{tasks[0]}/drafts", json={"result": [disc()]})
    label_studio.ask("POST", "/api/predictions/", json={"task": tasks[1], "result": [disc()]})
    label_studio.ask("POST", f"/api/tasks/{tasks[2]}/annotations/", json={"result": [], "was_cancelled": True})
    read = tables([json.dumps(task).encode() for task in listed(number)], How("latest"))
    reasons = {row["task_id"]: row["reason"] for row in read.losses.to_pylist() if row["action"] == "excluded"}
    assert [reasons[task] for task in tasks] == ["unlabelled", "unlabelled", "cancelled", "unlabelled"]
