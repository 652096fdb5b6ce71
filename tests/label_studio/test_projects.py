"""Finding a project, and seeing that something in it changed."""

import pytest

from detector.errors import UsageError
from detector.label_studio.client import connect
from detector.label_studio.projects import find_project, looks_like
from tests.services.label_studio import BOXES, TOKEN, disc


@pytest.fixture
def connection(label_studio):
    with connect(label_studio.url, TOKEN) as connection:
        yield connection


def test_a_project_is_found_by_its_id_and_by_its_exact_title(label_studio, connection):
    number = label_studio.project("Found by title")
    label_studio.project("Found by title, too")
    for wanted in (number, str(number), "Found by title"):
        found = find_project(connection, wanted)
        assert (found.id, found.title, found.config) == (number, "Found by title", BOXES)


def test_an_unknown_project_is_answered_with_those_that_there_are(label_studio, connection):
    number = label_studio.project("Red cells")
    with pytest.raises(UsageError) as by_title:
        find_project(connection, "red cells")
    assert "no project with the title “red cells”; there are: " in str(by_title.value)
    assert f"“Red cells” ({number})" in str(by_title.value)
    with pytest.raises(UsageError, match=rf"no project with the id 99999; there are: .*“Red cells” \({number}\)"):
        find_project(connection, 99999)


def test_a_title_that_two_projects_have_needs_an_id(label_studio, connection):
    first, second = label_studio.project("Twins"), label_studio.project("Twins")
    with pytest.raises(UsageError, match=f"2 Label Studio projects .*“Twins”; name one by its id: {first}, {second}"):
        find_project(connection, "Twins")


def test_it_looks_different_after_every_change_and_only_then(label_studio, connection):
    number = label_studio.project("Changes")
    tasks = label_studio.add_tasks(number, [{"data": {"image": f"https://example.com/{name}.png"}} for name in "abc"])
    seen = []

    def look():
        looks = looks_like(connection, find_project(connection, number))
        assert looks == looks_like(connection, find_project(connection, number))
        seen.append(looks)

    look()
    annotation = label_studio.ask("POST", f"/api/tasks/{tasks[0]}/annotations/", json={"result": [disc()]})["id"]
    look()
    label_studio.ask("PATCH", f"/api/annotations/{annotation}/", json={"result": [disc(x=11)]})
    look()
    label_studio.ask("PATCH", f"/api/annotations/{annotation}/", json={"ground_truth": True})
    look()
    skipped = {"result": [], "was_cancelled": True}
    skipped = label_studio.ask("POST", f"/api/tasks/{tasks[1]}/annotations/", json=skipped)["id"]
    look()
    label_studio.ask("DELETE", f"/api/annotations/{skipped}/")
    look()
    label_studio.ask("DELETE", f"/api/annotations/{annotation}/")
    look()
    label_studio.ask("PATCH", f"/api/tasks/{tasks[2]}/", json={"data": {"image": "https://example.com/d.png"}})
    look()
    label_studio.ask("DELETE", f"/api/tasks/{tasks[1]}/")
    look()
    label_studio.ask("PATCH", f"/api/projects/{number}/", json={"label_config": BOXES.replace("square", "ring")})
    look()
    label_studio.add_tasks(number, [{"data": {"image": "https://example.com/e.png"}}])
    look()
    assert len(set(seen)) == len(seen) == 11


def test_a_project_without_tasks_looks_like_something(label_studio, connection):
    project = find_project(connection, label_studio.project("Empty"))
    assert looks_like(connection, project) == looks_like(connection, project)
