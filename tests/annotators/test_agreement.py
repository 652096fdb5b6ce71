"""`detector review` and the page of a run, where several people annotated the same tasks."""

import copy
import json

import pytest

from tests.support import cut_short, warm

ANN, BO = "ann@example.com", "bo@example.com"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project after its run; Bo annotated four of its tasks before Ann, and moved the first object of each away."""
    folder = cut_short.project(tmp_path_factory.mktemp("project"))
    file = folder / "sample/export.json"
    tasks = json.loads(file.read_text())
    for annotation in (each for task in tasks for each in task["annotations"]):
        annotation["completed_by"] = {"id": 1, "email": ANN}
    alone = [task for task in tasks if len(task["annotations"]) == 1]
    for task in [task for task in alone if len(task["annotations"][0]["result"]) > 1][:4]:
        other = copy.deepcopy(task["annotations"][0])
        other |= {"id": 10_000 + task["id"], "completed_by": {"id": 2, "email": BO}, "updated_at": "2020-01-01"}
        other["result"][0]["value"] |= {"x": 0, "y": 0, "width": 1, "height": 1}
        task["annotations"].append(other)
    file.write_text(json.dumps(tasks))
    return folder, cut_short.run(folder)


def test_review_tells_who_differs_and_where(project):
    folder, _ = project
    told = json.loads(warm.run(folder, "review", "--json").stdout)
    people = told["annotators"]
    assert (people["tasks"], [each["annotator"] for each in people["annotators"]]) == (4, [ANN, BO])
    [pair] = people["pairs"]
    assert (pair["one"], pair["other"]) == (ANN, BO)
    assert pair["agreed"] == round((pair["objects"] - 8) / pair["objects"], 4)
    said = warm.run(folder, "review").stdout
    assert f"annotators           4 tasks had more than one annotator: they agree on {pair['agreed']:.0%}" in said
    assert f"{BO}: {pair['agreed']:.0%} of {pair['objects']} objects" in said
    page = (folder / told["page"]).read_text()
    assert f"{ANN} and {BO}" in page
    assert "Where the annotators differ" in page


def test_what_is_recorded_has_no_name(project):
    folder, outcome = project
    page = (folder / outcome["run"] / "report.html").read_text()
    assert "1 and 2" in page
    assert "Where the annotators differ" in page
    recorded = [file for file in folder.glob("runs/artifacts/**/*") if file.is_file()]
    assert {"report.html", "card.md", "conversion.json"} <= {file.name for file in recorded}
    assert [str(file) for file in recorded if BO.encode() in file.read_bytes()] == []
