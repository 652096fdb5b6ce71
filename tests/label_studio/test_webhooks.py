"""The webhook that `detector listen --register` makes, on a real server."""

import pytest

from detector.errors import UsageError
from detector.label_studio.client import connect
from detector.label_studio.projects import find_project
from detector.label_studio.webhooks import register
from tests.support.services.label_studio import TOKEN

ACTIONS = ("TASKS_CREATED", "ANNOTATION_CREATED")
HEADERS = {"Authorization": "Bearer correct-horse-battery"}
TAKEN = ("localhost", "127.0.0.1", "[::1]", "listen.detector", "detector-listen.default.svc", "größe.example.com")


@pytest.fixture
def project(label_studio):
    with connect(label_studio.url, TOKEN) as connection:
        yield connection, find_project(connection, label_studio.project("Told"))


def there(label_studio, project):
    return label_studio.ask("GET", "/api/webhooks/", params={"project": project.id})


@pytest.mark.parametrize("host", TAKEN)
def test_it_is_made_once_whatever_the_server_takes_as_a_host(label_studio, project, host):
    url = f"http://{host}:8001/webhook"
    assert [register(*project, url, HEADERS, ACTIONS) for _ in range(2)] == ["made", "as it was"]
    [hook] = there(label_studio, project[1])
    assert (hook["url"], hook["headers"], sorted(hook["actions"])) == (url, HEADERS, sorted(ACTIONS))
    assert (hook["is_active"], hook["send_payload"], hook["send_for_all_actions"]) == (True, False, False)


@pytest.mark.parametrize(
    "change", [{"headers": {}}, {"is_active": False}, {"send_payload": True}, {"actions": ["TASKS_DELETED"]}]
)
def test_what_somebody_changed_is_set_right(label_studio, project, change):
    register(*project, "http://127.0.0.1:8001/webhook", HEADERS, ACTIONS)
    [hook] = there(label_studio, project[1])
    label_studio.ask("PATCH", f"/api/webhooks/{hook['id']}/", json=change)
    assert register(*project, "http://127.0.0.1:8001/webhook", HEADERS, ACTIONS) == "changed"
    assert register(*project, "http://127.0.0.1:8001/webhook", HEADERS, ACTIONS) == "as it was"


def test_another_ones_webhook_is_left_alone(label_studio, project):
    other = {"url": "http://127.0.0.1:9/other", "project": project[1].id, "headers": {"X": "y"}, "actions": []}
    before = label_studio.ask("POST", "/api/webhooks/", json=other)
    assert register(*project, "http://127.0.0.1:8001/webhook", {}, ACTIONS) == "made"
    assert before in there(label_studio, project[1])


def test_a_name_that_the_server_refuses_is_said_with_the_way_out(project):
    for host in ("listen", "my_host.example"):
        with pytest.raises(UsageError, match=f"no webhook to http://{host}:8001/webhook.*alias in Compose"):
            register(*project, f"http://{host}:8001/webhook", HEADERS, ACTIONS)
