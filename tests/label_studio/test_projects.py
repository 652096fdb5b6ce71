"""Finding a project."""

import pytest

from detector.errors import UsageError
from detector.label_studio.client import connect
from detector.label_studio.projects import find_project
from tests.support.services.label_studio import BOXES, TOKEN


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
