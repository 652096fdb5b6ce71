"""What a model sees, as a prediction on a real Label Studio, submitted by a person, and read as `pull` reads it."""

from datetime import datetime

import numpy as np
import pytest
from shapely.geometry import LinearRing

from detector.annotators.predictions import Draft, Predictions
from detector.annotators.results import Picture, results
from detector.annotators.standing import Standing
from detector.data.masks import decode_rle
from detector.errors import TryAgain
from detector.inference.seen import Object
from detector.label_studio import persist
from detector.label_studio.client import Connection, connect
from detector.label_studio.controls import controls
from detector.label_studio.label_config import canvases
from detector.label_studio.listing import named
from detector.label_studio.persist import Passing
from detector.label_studio.projects import find_project
from detector.label_studio.reading import How
from detector.label_studio.state import quietly
from detector.label_studio.tasks import tables
from tests.support.services.label_studio import TOKEN

WIDTH, HEIGHT = 1920, 1080
PICTURE = Picture("image", WIDTH, HEIGHT)
LABELS = '<Label value="disc"/><Label value="square"/>'
OURS = "detector/shapes/"


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(persist, "WAITS", (0.0, 0.0, 0.0))


@pytest.fixture
def made(label_studio):
    """A project with so many tasks, opened."""
    opened = []

    def make(shapes='<RectangleLabels name="shape" toName="image">' + LABELS + "</RectangleLabels>", tasks=1):
        config = f'<View><Image name="image" value="$image"/>{shapes}</View>'
        project = label_studio.project(f"Way back {len(opened)}", config)
        ids = label_studio.add_tasks(project, [{"image": f"/data/upload/{at}.png"} for at in range(tasks)])
        connection = connect(label_studio.url, TOKEN)
        opened.append(connection)
        entered = connection.__enter__()
        found = find_project(entered, project)
        return found, ids, Predictions(entered, found, OURS), entered

    yield make
    for each in opened:
        each.__exit__(None, None, None)


def anyone(_: Standing) -> None:
    """Nobody is left alone."""


def seen(outlined: bool) -> list[Object]:
    """Objects in odd places."""
    rng = np.random.default_rng(0)
    objects = []
    for number in range(12):
        box = np.concatenate([rng.uniform(0.2, 0.8, 2), rng.uniform(0.01, 0.3, 2)])
        angles = np.sort(rng.uniform(0, 2 * np.pi, 40))
        ring = box[:2] + np.stack([np.cos(angles), np.sin(angles)], axis=1) * box[2:] / 2
        points = np.clip(ring, 0, 1).ravel().tolist() if outlined else None
        objects.append(Object(number % 2, float(rng.uniform(0.1, 1)), tuple(box.tolist()), points))
    return objects


def submitted(server, project, connection, task):
    """A person takes the prediction as it is; gives what `pull` reads of it."""
    [prediction] = server.ask("GET", "/api/predictions/", params={"task": task})
    taken = {"result": prediction["result"], "parent_prediction": prediction["id"]}
    server.ask("POST", f"/api/tasks/{task}/annotations/", json=taken)
    [page] = named(connection, project, [task])
    how = How("latest", canvases=canvases(project.config))
    read = tables(page["json"].to_pylist(), how)
    assert read.losses.num_rows == 0
    return read.regions.to_pylist()


@pytest.mark.parametrize(
    "shapes",
    [
        f'<RectangleLabels name="shape" toName="image">{LABELS}</RectangleLabels>',
        f'<Rectangle name="shape" toName="image"/><Labels name="kind" toName="image">{LABELS}</Labels>',
    ],
)
def test_boxes_come_back_within_a_tenth_of_a_pixel(label_studio, made, shapes):
    project, [task], predictions, connection = made(shapes)
    objects = seen(outlined=False)
    sent = results(objects, PICTURE, controls(project.config), ["disc", "square"], {})
    predictions.send([Draft(task, sent.regions, 0.5)], f"{OURS}1", anyone)
    back = submitted(label_studio, project, connection, task)
    assert [row["labels"] for row in back] == [[("disc", "square")[each.class_id]] for each in objects]
    for row, each in zip(back, objects, strict=True):
        x, y, width, height = each.box
        corners = np.array([x - width / 2, y - height / 2, x + width / 2, y + height / 2])
        got = np.array([row["x"], row["y"], row["x"] + row["width"], row["y"] + row["height"]]) / 100
        assert np.abs((got - np.clip(corners, 0, 1)) * (WIDTH, HEIGHT, WIDTH, HEIGHT)).max() < 0.1
        assert (row["original_width"], row["original_height"]) == (WIDTH, HEIGHT)


def test_polygons_come_back_within_half_a_pixel(label_studio, made):
    project, [task], predictions, connection = made(
        f'<PolygonLabels name="shape" toName="image">{LABELS}</PolygonLabels>'
    )
    objects = seen(outlined=True)
    sent = results(objects, PICTURE, controls(project.config), ["disc", "square"], {})
    predictions.send([Draft(task, sent.regions, 0.5)], f"{OURS}1", anyone)
    for row, each in zip(submitted(label_studio, project, connection, task), objects, strict=True):
        back, sent_one = (
            LinearRing(np.reshape(points, (-1, 2)) * (WIDTH * scale, HEIGHT * scale))
            for points, scale in ((row["points"], 0.01), (each.polygon, 1))
        )
        assert back.hausdorff_distance(sent_one) < 0.5


def test_masks_come_back_as_they_were(label_studio, made):
    project, [task], predictions, connection = made(f'<BrushLabels name="shape" toName="image">{LABELS}</BrushLabels>')
    sent = results(seen(outlined=True)[:3], PICTURE, controls(project.config), ["disc", "square"], {})
    predictions.send([Draft(task, sent.regions, 0.5)], f"{OURS}1", anyone)
    for row, region in zip(submitted(label_studio, project, connection, task), sent.regions, strict=True):
        assert row["rle"] == bytes(region["value"]["rle"])
        assert decode_rle(row["rle"], WIDTH, HEIGHT).any()


def versions(server, task):
    return [each["model_version"] for each in server.ask("GET", "/api/predictions/", params={"task": task})]


def test_only_ours_go_and_only_from_these_tasks(label_studio, made):
    _, [one, two, other], predictions, _ = made(tasks=3)
    label_studio.ask("POST", "/api/predictions/", json={"task": one, "result": [], "model_version": "somebody's"})
    for task in (one, two, other):
        predictions.send([Draft(task, [], 0.5)], f"{OURS}old", anyone)
    predictions.send([Draft(one, [], 0.5), Draft(two, [], 0.5)], f"{OURS}older-still", anyone)
    predictions.send([Draft(one, [], 0.5), Draft(two, [], 0.5)], f"{OURS}new", anyone)
    assert predictions.away({one, two}, f"{OURS}new", quietly) == 4
    assert sorted(versions(label_studio, one)) == [f"{OURS}new", "somebody's"]
    assert versions(label_studio, two) == [f"{OURS}new"]
    assert versions(label_studio, other) == [f"{OURS}old"]
    assert predictions.away({one, two}, f"{OURS}new", quietly) == 0


def test_a_request_whose_answer_was_lost_is_not_done_twice(label_studio, made, monkeypatch):
    project, [task], predictions, _ = made()
    whole = Connection.send
    lost = []

    def losing(self, method, path, content, kind):
        answer = whole(self, method, path, content, kind)
        if not lost:
            lost.append(path)
            raise Passing("the answer was lost")
        return answer

    monkeypatch.setattr(Connection, "send", losing)
    assert predictions.send([Draft(task, [], 0.5)], f"{OURS}1", anyone).tasks == [task]
    assert lost == [f"/api/projects/{project.id}/import/predictions"]
    assert versions(label_studio, task) == [f"{OURS}1"]


def test_a_server_that_does_not_answer_means_try_again(made, monkeypatch):
    _, [task], predictions, _ = made()

    def broken(*_):
        raise Passing("HTTP 502")

    monkeypatch.setattr(Connection, "send", broken)
    with pytest.raises(TryAgain, match="HTTP 502"):
        predictions.send([Draft(task, [], 0.5)], f"{OURS}1", anyone)


def test_a_task_that_was_deleted_meanwhile_is_told(label_studio, made):
    _, [one, two], predictions, _ = made(tasks=2)
    label_studio.ask("DELETE", f"/api/tasks/{one}/")
    sent = predictions.send([Draft(one, [], 0.5), Draft(two, [], 0.5)], f"{OURS}1", anyone)
    assert (sent.tasks, sent.skipped) == ([two], {one: "gone"})


def test_what_came_since_is_asked_for_alone(label_studio, made):
    _, tasks, predictions, _ = made(tasks=4)
    began = datetime.fromisoformat(label_studio.ask("GET", f"/api/tasks/{tasks[0]}/")["updated_at"])
    label_studio.ask("POST", f"/api/tasks/{tasks[0]}/annotations/", json={"result": []})
    label_studio.ask("POST", f"/api/tasks/{tasks[1]}/annotations/", json={"result": [], "was_cancelled": True})
    drafts = [Draft(task, [], 0.5) for task in tasks]

    def open_ones(standing):
        return "meanwhile" if any(standing) else None

    sent = predictions.send(drafts, f"{OURS}1", open_ones, began)
    assert (sent.tasks, sent.skipped) == (tasks[2:], dict.fromkeys(tasks[:2], "meanwhile"))
    label_studio.ask("DELETE", f"/api/tasks/{tasks[2]}/")
    sent = predictions.send(drafts, f"{OURS}2", open_ones, began)
    assert (sent.tasks, sent.skipped) == (tasks[3:], dict.fromkeys(tasks[:2], "meanwhile") | {tasks[2]: "gone"})


def test_what_was_sent_twice_is_made_one(label_studio, made):
    _, [task], predictions, _ = made()
    for _ in range(3):
        predictions.send([Draft(task, [], 0.5)], f"{OURS}1", anyone)
    assert predictions.away({task}, f"{OURS}1", quietly) == 2
    assert versions(label_studio, task) == [f"{OURS}1"]


def test_the_project_shows_ours_unless_it_shows_somebody_else_s(label_studio, made):
    project, [task], predictions, _ = made()
    place = f"/api/projects/{project.id}/"
    for version in ("1", "2"):
        predictions.send([Draft(task, [], 0.5)], f"{OURS}{version}", anyone)
        assert predictions.show(f"{OURS}{version}") == {"shown": f"{OURS}{version}", "prelabels": True}
        assert label_studio.ask("GET", place)["model_version"] == f"{OURS}{version}"
    label_studio.ask("POST", "/api/predictions/", json={"task": task, "result": [], "model_version": "theirs"})
    label_studio.ask("PATCH", place, json={"model_version": "theirs", "show_collab_predictions": False})
    assert predictions.show(f"{OURS}2") == {"shown": "theirs", "prelabels": False}
    assert label_studio.ask("GET", place)["model_version"] == "theirs"
